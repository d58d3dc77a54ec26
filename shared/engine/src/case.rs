//! One try of a case: run live and recorded, or judged again from its recording.
//!
//! `run` and `evaluate` walk the same steps (`play`) and conclude alike, so that a recording gives
//! the identical checks and outcome, offline, as often as it is asked.

mod watch;

use std::pin::pin;
use std::sync::Arc;

use domain::record::{Check, TryRecord};
use domain::{AttemptId, CaseId, Evidence, Region, RunId, WorkerId};
use expression::Redactor;
use expression::names::Names;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use suite::environment::{Environment, UserClass};
use suite::model::{Suite, Test};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use crate::cover::Cover;
use crate::interpreter::{Background, Interpreter};
use crate::judge::Judged;
use crate::judge::outcome::{self, Played};
use crate::play;
use crate::record;
use crate::recording::{Exchanged, Recording, Seen};
use crate::redact::{Hints, learn_recording};
use crate::seed::Seed;
use crate::socket::{Command, Entry};
use crate::tape::{Cancel, Live, Replay, Tape, run_ready};
use crate::trace::Spans;
use crate::transport::{Broken, Transport};
pub(crate) use watch::{Mark, Stepped, Watch};

/// Time for a goodbye on sockets that are open when a try ends.
const GOODBYE: Duration = Duration::from_millis(200);

/// What a try is a try of; the same for all its evaluations.
#[derive(Clone, Debug)]
pub struct Case {
    pub(crate) id: CaseId,
    pub(crate) suite: Arc<Suite>,
    pub(crate) test: Arc<Test>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) row: Option<String>,
    pub(crate) run: RunId,
    pub(crate) region: Region,
    pub(crate) worker: WorkerId,
    pub(crate) attempt: AttemptId,
    /// From 1.
    pub(crate) number: u32,
    pub(crate) names: Arc<Names>,
    pub(crate) hints: Arc<Hints>,
    pub(crate) users: Arc<Vec<(String, Arc<UserClass>)>>,
    pub(crate) redaction_key: [u8; 32],
    /// Knows what was received in other cases of the run too.
    pub(crate) redactor: Redactor,
}

/// A try that ended.
#[derive(Debug)]
pub(crate) struct EndedTry {
    pub(crate) judged: Judged,
    pub(crate) record: TryRecord,
    pub(crate) recording: Recording,
    pub(crate) trace_id: String,
}

impl Case {
    /// Takes out what a redactor knows, and what has a secret name.
    pub(crate) fn cover<'a>(&'a self, redactor: &'a Redactor) -> Cover<'a> {
        Cover {
            names: &self.names,
            hints: &self.hints,
            redactor,
        }
    }

    pub(crate) fn seed(&self) -> Seed {
        Seed::new(
            self.run.as_str(),
            self.id.as_str(),
            self.attempt.0,
            self.number,
        )
    }
}

/// Runs one try over a transport that is its own.
pub(crate) async fn run(
    case: Arc<Case>,
    transport: Arc<dyn Transport>,
    cancel: Cancel,
) -> EndedTry {
    run_watched(case, transport, cancel, None).await
}

/// As `run`, with somebody who is told of each step.
pub(crate) async fn run_watched(
    case: Arc<Case>,
    transport: Arc<dyn Transport>,
    cancel: Cancel,
    watch: Option<Watch>,
) -> EndedTry {
    let seed = case.seed();
    let mut live = Live::new(transport, Spans::new(&case.run, seed), seed, cancel);
    live.watch = watch;
    let trace_id = live.spans.trace_id.clone();
    let (interpreter, inbox) = Interpreter::new(
        case.clone(),
        seed,
        Tape::Live(Box::new(live)),
        case.redactor.clone(),
    );
    let played = attend(play::play(&interpreter), inbox).await;
    let (recording, spans) = match interpreter.tape.live() {
        Some(live) => (live.finish(), live.spans.take(live.clock.at_ms())),
        None => (Recording::empty(seed), Vec::new()),
    };
    say_goodbye(&interpreter).await;
    let redactor = &interpreter.redactor;
    learn_recording(&case, &recording, redactor);
    let judged = conclude(played, &recording, case.cover(redactor));
    let record = record::of(&recording, &judged, spans, case.cover(redactor));
    EndedTry {
        judged,
        record,
        recording,
        trace_id,
    }
}

/// Judges a recording again: the same checks, saves, outcome and reason as when it was made.
pub fn evaluate(case: &Arc<Case>, recording: &Recording) -> Judged {
    let redactor = first_redactor(case.redaction_key, &case.environment);
    let tape = Tape::Replay(Replay::new(recording));
    let (interpreter, _inbox) =
        Interpreter::new(case.clone(), recording.seed, tape, redactor.clone());
    let played = run_ready(pin!(play::play(&interpreter)));
    learn_recording(case, recording, &redactor);
    conclude(
        played.unwrap_or_else(play::unfinished),
        recording,
        case.cover(&redactor),
    )
}

/// A redactor that knows what is secret before anything is received.
pub(crate) fn first_redactor(key: [u8; 32], environment: &Environment) -> Redactor {
    let redactor = Redactor::new(key);
    let named = environment.tokens.iter().chain(&environment.secrets);
    let known = named.chain(&environment.vars);
    for (name, value) in known.filter(|(_, value)| value.is_tainted()) {
        redactor.learn_value(name, value);
    }
    redactor
}

/// Drives the steps, and what goes on beside them.
async fn attend(
    steps: impl Future<Output = Played>,
    mut inbox: mpsc::UnboundedReceiver<Background>,
) -> Played {
    let mut steps = pin!(steps);
    let mut beside = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            played = &mut steps => return played,
            Some(more) = inbox.recv() => beside.push(more),
            Some(()) = beside.next() => {}
        }
    }
}

async fn say_goodbye(interpreter: &Interpreter) {
    let deadline = Instant::now() + GOODBYE;
    let lines = interpreter
        .sockets()
        .into_iter()
        .filter_map(|socket| socket.line());
    join_all(lines.map(|line| async move {
        line.tell(deadline, |answer| Command::Close(1000, answer))
            .await
    }))
    .await;
}

fn conclude(played: Played, recording: &Recording, cover: Cover<'_>) -> Judged {
    let evidence = evidence(&played, recording);
    let (outcome, reason, fault) = outcome::decide(&played, evidence);
    let redact = |text: &String| cover.said(text);
    Judged {
        outcome,
        reason: limited(cover.said(&reason), 300),
        evidence,
        checks: played
            .journal
            .checks
            .iter()
            .map(|check| redacted(check, cover))
            .collect(),
        saved: played
            .journal
            .saved
            .iter()
            .map(|(name, value)| (name.clone(), redact(value)))
            .collect(),
        failure: fault.map(|fault| {
            let failure = fault.failure();
            domain::record::Failure {
                message: limited(redact(&failure.message), 4_000),
                expected: limited(redact(&failure.expected), 4_000),
                actual: limited(redact(&failure.actual), 4_000),
                ..failure
            }
        }),
    }
}

fn redacted(check: &Check, cover: Cover<'_>) -> Check {
    Check {
        actual: check
            .actual
            .iter()
            .map(|(path, value)| (path.clone(), cover.said(value)))
            .collect(),
        expected: cover.said(&check.expected),
        error: check.error.as_ref().map(|error| cover.said(error)),
        ..check.clone()
    }
}

/// A text of at most `limit` bytes, cut between characters.
pub(crate) fn limited(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What shows that the test touched the target. Logins, refreshes and teardown don't count: they
/// would make a test that asks nothing look like one that did.
fn evidence(played: &Played, recording: &Recording) -> Evidence {
    let mut evidence = Evidence::default();
    for observation in recording
        .observations
        .iter()
        .filter(|observation| is_of_test(&observation.place.path))
    {
        match &observation.seen {
            Seen::Exchanged(exchanged) => {
                evidence.exchanges += u64::from(is_exchange(exchanged));
                evidence.bytes_sent += exchanged.traffic.sent;
                evidence.bytes_received += exchanged.traffic.received;
            }
            Seen::Sent(sent) if !matches!(sent.broken, Some(Broken::GateClosed)) => {
                evidence.bytes_sent += sent.payload.len() as u64
            }
            _ => {}
        }
    }
    for (_, entries) in recording
        .sockets
        .iter()
        .filter(|(path, _)| is_of_test(path))
    {
        for entry in entries {
            if let Entry::Received(record) = entry {
                evidence.exchanges += 1;
                evidence.bytes_received += record.bytes.len() as u64;
            }
        }
    }
    evidence.checks = played
        .journal
        .checks
        .iter()
        .filter(|check| check.is_evidence)
        .count() as u64;
    evidence
}

/// Whether the target answered: with a response, with a certificate that our client did not trust,
/// or by refusing the connection. The latter two fail every step that does not ask for them.
fn is_exchange(exchanged: &Exchanged) -> bool {
    let is_refusal = matches!(
        exchanged.broken,
        Some(Broken::Certificate { .. } | Broken::Refused(_))
    );
    exchanged.response.is_some() || is_refusal
}

/// Whether a place belongs to what the test itself does.
fn is_of_test(path: &str) -> bool {
    let is_phase = ["setup[", "steps[", "after["]
        .iter()
        .any(|phase| path.starts_with(phase));
    is_phase && !path.contains(".refresh.")
}

#[cfg(test)]
mod tests;
