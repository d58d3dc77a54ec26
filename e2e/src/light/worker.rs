//! One light worker: a loop around the machine, as the product's shell is one.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use accounting::worker::{CaseKey, Config, Input, Output, StreamId, Worker};
use anyhow::Result;
use domain::message::ToWorkerBody;
use domain::record::{CaseResult, Preflight};
use domain::{AttemptId, Evidence, Instant, Outcome, RunId};
use lifecycle::clock;
use proto::v1::CoordinatorMessage;
use proto::v1::coordinator_message::Body;

use super::line::{Dialler, Line};
use super::{Seen, Settings};

type Dialling = Pin<Box<dyn Future<Output = Result<Box<Line>>> + Send>>;

/// Towards the coordinator.
enum Way {
    Dialling(Dialling),
    Open(Box<Line>),
}

/// What there is to do next.
enum Next {
    Dialled(Result<Box<Line>>),
    Heard(Option<Vec<CoordinatorMessage>>),
    Due,
}

pub(super) struct Light {
    machine: Worker,
    settings: Settings,
    name: String,
    seen: Arc<Seen>,
    dialler: Dialler,
    way: Way,
    stream: StreamId,
    /// Cases that run, by their end and a number that tells them apart.
    running: BTreeMap<(Instant, u64), CaseKey>,
    n_started: u64,
    /// Up to where each attempt's results are known to be durable.
    acked: BTreeMap<(RunId, AttemptId), u64>,
    wake: Option<Instant>,
    has_given_up: bool,
}

impl Light {
    pub(super) fn new(name: &str, settings: &Settings, seen: Arc<Seen>) -> Self {
        let region = settings.region.as_str().into();
        let mut config = Config::new(
            name.into(),
            region,
            settings.slots,
            settings.incarnation.into(),
        );
        "light".clone_into(&mut config.version);
        let seed = name.bytes().fold(settings.incarnation, |seed, byte| {
            seed.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let mut dialler = Dialler::new(settings.coordinators.clone(), seed);
        Self {
            machine: Worker::new(config, Vec::new()),
            settings: settings.clone(),
            name: name.to_owned(),
            seen,
            way: Way::Dialling(Box::pin(dialler.dial())),
            dialler,
            stream: StreamId(0),
            running: BTreeMap::new(),
            n_started: 0,
            acked: BTreeMap::new(),
            wake: None,
            has_given_up: false,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.has_given_up {
            match self.next().await {
                Next::Dialled(Ok(line)) => {
                    self.way = Way::Open(line);
                    self.stream.0 += 1;
                    self.step(Input::Connected {
                        stream: self.stream,
                    });
                }
                Next::Dialled(Err(_)) => self.dial_again(),
                Next::Heard(None) => self.hang_up(),
                Next::Heard(Some(messages)) => self.hear(messages),
                Next::Due => self.catch_up(),
            }
        }
    }

    async fn next(&mut self) -> Next {
        let ends = self.running.first_key_value().map(|((ends, _), _)| *ends);
        let due = ends.into_iter().chain(self.wake).min();
        let timer = async {
            match due {
                Some(due) => clock::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let news = async {
            match &mut self.way {
                Way::Dialling(dialling) => Next::Dialled(dialling.await),
                Way::Open(line) => Next::Heard(line.next().await),
            }
        };
        tokio::select! {
            biased;
            () = timer => Next::Due,
            news = news => news,
        }
    }

    fn hear(&mut self, messages: Vec<CoordinatorMessage>) {
        for message in messages {
            if let Some(Body::Redirect(redirect)) = message.body {
                self.dialler.told(redirect.leader);
                return self.hang_up();
            }
            if let Some(Body::Later(later)) = message.body {
                self.dialler.later(Duration::from_nanos(later.after_ns));
                return self.hang_up();
            }
            self.dialler.served();
            let Ok(message) = wire::message::decode_to_worker(message) else {
                return self.hang_up();
            };
            match &message.body {
                ToWorkerBody::Lease { .. } => self.seen.leased(message.term.0),
                ToWorkerBody::Welcome { .. } => self.seen.welcomed(),
                _ => {}
            }
            let (stream, message) = (self.stream, Box::new(message));
            self.step(Input::FromCoordinator { stream, message });
        }
    }

    fn hang_up(&mut self) {
        self.dial_again();
        let stream = self.stream;
        self.step(Input::Disconnected { stream });
    }

    fn dial_again(&mut self) {
        self.way = Way::Dialling(Box::pin(self.dialler.dial()));
    }

    /// Ends the cases whose time is over, and wakes the machine if it is due.
    fn catch_up(&mut self) {
        let now = clock::now();
        while let Some(first) = self.running.first_entry()
            && first.key().0 <= now
        {
            let key = first.remove();
            let input = self.ended(key, Outcome::Passed);
            self.step(input);
        }
        if self.wake.is_some_and(|wake| wake <= now) {
            self.wake = None;
            self.step(Input::Wake);
        }
    }

    fn ended(&mut self, key: CaseKey, outcome: Outcome) -> Input {
        self.seen.ended();
        let mut record = Vec::new();
        if self.settings.record_bytes > 0 {
            // No two are alike, as no two recordings are.
            record.extend_from_slice(key.case.as_str().as_bytes());
            record.resize(self.settings.record_bytes.max(record.len()), b'.');
        }
        let result = CaseResult {
            case: key.case,
            outcome,
            reason: String::new(),
            evidence: Evidence {
                exchanges: 1,
                bytes_sent: 200,
                bytes_received: 400,
                checks: 1,
            },
            duration: self.settings.case_takes,
            started_at_ms: clock::wall_ms(),
            trace_id: format!("{:032x}", clock::now().0),
            tries: 1,
            flaky: false,
            region: self.settings.region.as_str().into(),
            worker: self.name.as_str().into(),
            fingerprint: String::new(),
            record: (!record.is_empty()).then(|| wire::digest::of(&record)),
            proof: None,
        };
        Input::CaseEnded {
            run: key.run,
            attempt: key.attempt,
            result: Box::new(result),
            record,
        }
    }

    /// Gives the machine one input, and does what it asks for.
    fn step(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        let mut said = Vec::new();
        while let Some(input) = inputs.pop_front() {
            for output in self.machine.step(clock::now(), input) {
                match output {
                    Output::Send { stream, message } if stream == self.stream => {
                        said.push(wire::message::encode_from_worker(&message));
                    }
                    Output::Close { .. } => self.dial_again(),
                    output => inputs.extend(self.act(output)),
                }
            }
        }
        if let Way::Open(line) = &self.way {
            line.send(said);
        }
    }

    fn act(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Start { key, .. } => {
                self.seen.started();
                self.n_started += 1;
                let ends = clock::now() + self.settings.case_takes;
                self.running.insert((ends, self.n_started), key);
            }
            Output::Abort { key, .. } => {
                let found = self.running.iter().find(|(_, running)| **running == key);
                let at = found.map(|(at, _)| *at)?;
                self.running.remove(&at);
                return Some(self.ended(key, Outcome::Errored));
            }
            Output::Spool {
                run, attempt, seq, ..
            } => return Some(Input::SpoolWritten { run, attempt, seq }),
            Output::Unspool {
                run,
                attempt,
                through,
            } => {
                let before = self.acked.insert((run, attempt), through);
                self.seen
                    .acked(through.saturating_sub(before.unwrap_or_default()));
            }
            Output::Forget { run, attempt } => {
                self.acked.remove(&(run, attempt));
            }
            Output::Probe { run, .. } => {
                let preflight = Preflight {
                    green: true,
                    ..Preflight::default()
                };
                return Some(Input::Probed { run, preflight });
            }
            Output::WakeAt(due) => self.wake = Some(due),
            Output::Refused { why } => {
                self.seen.refused(format!("{}: {why}", self.name));
                self.has_given_up = true;
            }
            _ => {}
        }
        None
    }
}
