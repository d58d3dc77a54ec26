//! Steps on an open socket: send, receive, collect, silence, close, abandon.
//!
//! Each wait is judged from the log alone: live, the wait ends as soon as the log decides; then,
//! live and in a replay alike, the log as far as it went is judged.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use expression::{Budget, EvalError, Expression, Value};
use suite::grammar::{self, Grammar};
use suite::model::{Collect, Message, Receive, Step};
use tokio::time::{Instant, timeout_at};

use super::evaluate::{cut, is_no_match};
use super::frame::{Frame, Last};
use super::socket::OpenSocket;
use super::{Done, Interpreter, written};
use crate::dialer::milliseconds;
use crate::judge::log::{self, Over};
use crate::judge::{Fault, Journal, Stop, line, stated};
use crate::recording::{Place, Record, Seen, Sent};
use crate::socket::{Command, Entry};
use crate::tape::Live;
use crate::transport::{Broken, Frame as WireFrame};

/// What a `silence` step asks for.
pub(super) struct Quiet<'a> {
    pub(super) socket: &'a str,
    pub(super) matching: Option<&'a Expression>,
    pub(super) duration: Duration,
}

/// The log as a wait left it.
struct Waited {
    entries: Vec<Entry>,
    from: usize,
    at_ms: f64,
}

/// What was looked for in a log.
#[derive(Default)]
struct Found {
    records: Vec<Arc<Record>>,
    /// Position behind the record that ended the search.
    end: Option<usize>,
    /// Why the last record that could not be judged could not.
    unjudged: Option<EvalError>,
    /// Records looked at.
    looked: usize,
}

impl Interpreter {
    pub(super) async fn send(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        name: &str,
        message: &Message,
    ) -> Done {
        let socket = self.socket(frame, name, place)?;
        let deadline = Instant::now() + step.within;
        let message = self.frame_to_send(frame, message, place)?;
        let live = async {
            let Some(live) = self.tape.live() else {
                return Seen::Passed;
            };
            let started = Instant::now();
            let payload = payload(&message);
            let at_ms = live.clock.of(started);
            let broken = deliver(live, &socket, message, deadline).await.err();
            let elapsed_ms = milliseconds(started.elapsed());
            Seen::Sent(Arc::new(Sent {
                socket: socket.path.clone(),
                payload,
                at_ms,
                elapsed_ms,
                broken,
            }))
        };
        let Seen::Sent(sent) = self.tape.observe(place, live).await else {
            return std::future::pending().await;
        };
        frame.last = Last::Sent {
            at_ms: sent.at_ms,
            elapsed_ms: sent.elapsed_ms,
        };
        let stop = sent
            .broken
            .as_ref()
            .map(|broken| self.stop_of(broken, place, step));
        match stop {
            Some(stop) => Err(stop),
            None => self.conclude(frame, journal, step, place, None).await,
        }
    }

    pub(super) async fn receive(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        receive: &Receive,
    ) -> Done {
        let socket = self.socket(frame, &receive.socket, place)?;
        let look = |this: &Self, looking: &mut Frame, record: &Arc<Record>| {
            this.matches(looking, receive.matching.as_ref(), record)
                .map(|fits| (fits, fits))
        };
        let waited = self
            .wait(frame, &socket, place, Instant::now() + step.within, look)
            .await;
        let found = self.look(frame, &waited, look);
        let expression = describe("receive", &receive.socket, receive.matching.as_ref());
        let stop = self.judge_search(journal, step, place, &socket, &waited, &found, expression);
        let (Some(end), Some(record)) = (found.end, found.records.first()) else {
            return Err(stop.unwrap_or_else(|| unreachable_search(place)));
        };
        socket.advance(end);
        frame.last = Last::Message {
            record: record.clone(),
            elapsed_ms: waited.at_ms - frame.moment.at_ms,
        };
        self.conclude(frame, journal, step, place, stop).await
    }

    pub(super) async fn collect(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        collect: &Collect,
    ) -> Done {
        let socket = self.socket(frame, &collect.socket, place)?;
        let look = |this: &Self, looking: &mut Frame, record: &Arc<Record>| {
            let fits = this.matches(looking, collect.matching.as_ref(), record)?;
            let is_last = fits && this.holds(looking, &collect.until)?;
            Ok((fits, is_last))
        };
        let waited = self
            .wait(frame, &socket, place, Instant::now() + step.within, look)
            .await;
        let found = self.look(frame, &waited, look);
        let expression = format!(
            "{} until {}",
            describe("collect", &collect.socket, collect.matching.as_ref()),
            collect.until.source()
        );
        let mut stop =
            self.judge_search(journal, step, place, &socket, &waited, &found, expression);
        socket.advance(found.end.unwrap_or(waited.entries.len()));
        if let Some(record) = found.records.last() {
            frame.last = Last::Message {
                record: record.clone(),
                elapsed_ms: waited.at_ms - frame.moment.at_ms,
            };
        }
        let names = &self.case.names;
        if let Some(into) = &collect.into {
            let list: Vec<Value> = found
                .records
                .iter()
                .map(|record| record.whole(names))
                .collect();
            frame.scope.set(into.as_str(), Value::list(list).received());
        }
        if stop.is_none()
            && let Some(grammar) = &collect.grammar
        {
            stop = self.judge_grammar(frame, journal, step, place, grammar, &found.records);
        }
        self.conclude(frame, journal, step, place, stop).await
    }

    pub(super) async fn silence(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        quiet: &Quiet<'_>,
    ) -> Done {
        let socket = self.socket(frame, quiet.socket, place)?;
        let look = |this: &Self, looking: &mut Frame, record: &Arc<Record>| {
            this.matches(looking, quiet.matching, record)
                .map(|fits| (fits, fits))
        };
        let waited = self
            .wait(frame, &socket, place, Instant::now() + quiet.duration, look)
            .await;
        let found = self.look(frame, &waited, look);
        socket.advance(found.end.unwrap_or(waited.entries.len()));
        if let Some(stop) = budget_spent(&found, place) {
            return Err(stop);
        }
        let expression = format!(
            "{} for {}",
            describe("silence", quiet.socket, quiet.matching),
            written(quiet.duration)
        );
        let over = log::over(&waited.entries, socket.reconnects);
        let broken = found.records.first();
        let actual = broken.map(|record| {
            (
                "received".to_owned(),
                self.shown("frame", &record.whole(&self.case.names)),
            )
        });
        let held = broken.is_none() && over.is_none();
        let check = stated(
            place,
            place.line,
            expression.clone(),
            held,
            "nothing that matches".to_owned(),
            actual.clone().into_iter().collect(),
        );
        journal.checks.push(domain::record::Check {
            soft: step.soft,
            ..check
        });
        let stop = match (broken, over) {
            (Some(_), _) => {
                let text = actual.map(|(_, text)| text).unwrap_or_default();
                Some(Stop::failed(
                    Fault::new("check_failed", place, expression)
                        .with("nothing that matches", text),
                ))
            }
            (None, Some(over)) => Some(over_stop(&over, &socket, place)),
            (None, None) => None,
        };
        self.conclude(frame, journal, step, place, stop).await
    }

    /// `code`: none is a reset.
    pub(super) async fn close(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        name: &str,
        code: Option<u16>,
    ) -> Done {
        let socket = self.socket(frame, name, place)?;
        let deadline = Instant::now() + step.within;
        let live = async {
            if let Some(line) = socket.line() {
                let told = match code {
                    Some(code) => {
                        line.tell(deadline, |answer| Command::Close(code, answer))
                            .await
                    }
                    None => line.tell(deadline, Command::Abandon).await,
                };
                if let Err(broken) = told {
                    tracing::debug!(%broken, "the connection had ended already");
                }
            }
            Seen::Closed
        };
        self.tape.observe(place, live).await;
        self.conclude(frame, journal, step, place, None).await
    }

    /// Whether a record matches; a close frame only matches an expression that looks for one.
    fn matches(
        &self,
        looking: &mut Frame,
        matching: Option<&Expression>,
        record: &Arc<Record>,
    ) -> Result<bool, EvalError> {
        looking.last = Last::Message {
            record: record.clone(),
            elapsed_ms: 0.0,
        };
        match matching {
            None => Ok(&*record.kind != "close"),
            Some(matching) => self.holds(looking, matching),
        }
    }

    /// Waits until the log decides, is over, or the time is.
    async fn wait(
        &self,
        frame: &Frame,
        socket: &OpenSocket,
        place: &Place,
        deadline: Instant,
        look: impl Fn(&Self, &mut Frame, &Arc<Record>) -> Result<(bool, bool), EvalError> + Send + Sync,
    ) -> Waited {
        let from = socket.cursor();
        let live = async {
            let Some(live) = self.tape.live() else {
                return Seen::Passed;
            };
            let mut looking = frame.block(frame.prefix.clone());
            let ends = |record: &Arc<Record>| match look(self, &mut looking, record) {
                Ok((_, is_last)) => is_last,
                Err(error) => !is_no_match(&error),
            };
            let entries = watch(socket, from, deadline, ends).await;
            Seen::Waited {
                entries,
                at_ms: live.clock.at_ms(),
            }
        };
        let Seen::Waited { entries, at_ms } = self.tape.observe(place, live).await else {
            return std::future::pending().await;
        };
        Waited {
            entries: socket.log.range(0, entries),
            from,
            at_ms,
        }
    }

    fn look(
        &self,
        frame: &Frame,
        waited: &Waited,
        look: impl Fn(&Self, &mut Frame, &Arc<Record>) -> Result<(bool, bool), EvalError>,
    ) -> Found {
        let mut looking = frame.block(frame.prefix.clone());
        let mut found = Found::default();
        for (at, record) in log::received(&waited.entries, waited.from) {
            found.looked += 1;
            match look(self, &mut looking, record) {
                Ok((fits, is_last)) => {
                    if fits {
                        found.records.push(record.clone());
                    }
                    if is_last {
                        found.end = Some(at + 1);
                        break;
                    }
                }
                Err(error) => {
                    let is_spent = !is_no_match(&error);
                    found.unjudged = Some(error);
                    if is_spent {
                        break;
                    }
                }
            }
        }
        found
    }

    /// The check that a search is, and the stop when it found nothing.
    #[expect(
        clippy::too_many_arguments,
        reason = "a search has this many independent parts"
    )]
    fn judge_search(
        &self,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        socket: &OpenSocket,
        waited: &Waited,
        found: &Found,
        expression: String,
    ) -> Option<Stop> {
        if let Some(stop) = budget_spent(found, place) {
            return Some(stop);
        }
        let held = found.end.is_some();
        let mut actual = vec![("messages".to_owned(), found.looked.to_string())];
        if !held && let Some((_, record)) = log::received(&waited.entries, waited.from).last() {
            actual.push((
                "last message".to_owned(),
                self.shown("message", &record.whole(&self.case.names)),
            ));
        }
        let expected = format!("a match within {}", written(step.within));
        let error = found
            .unjudged
            .as_ref()
            .filter(|_| !held)
            .map(|error| error.message.clone());
        let check = stated(
            place,
            place.line,
            expression.clone(),
            held,
            expected.clone(),
            actual.clone(),
        );
        journal.checks.push(domain::record::Check {
            soft: step.soft,
            error: error.clone(),
            ..check
        });
        if held {
            return None;
        }
        if let Some(over) = log::over(&waited.entries, socket.reconnects) {
            return Some(over_stop(&over, socket, place));
        }
        let seen: Vec<_> = actual
            .iter()
            .map(|(name, text)| format!("{name}: {text}"))
            .chain(error)
            .collect();
        let message = format!(
            "{expression}: none of {} messages matched within {}",
            found.looked,
            written(step.within)
        );
        Some(Stop::failed(
            Fault::new("within", place, message).with(expected, seen.join("; ")),
        ))
    }
}

/// Waits on a log until a record ends the wait, the log is over, or the time is; the number of
/// entries that it then had.
async fn watch(
    socket: &OpenSocket,
    from: usize,
    deadline: Instant,
    mut ends: impl FnMut(&Arc<Record>) -> bool,
) -> usize {
    let mut changed = socket.log.watch();
    let mut seen = from;
    let mut is_over = log::over(&socket.log.range(0, from), socket.reconnects).is_some();
    loop {
        let length = *changed.borrow_and_update();
        let fresh = socket.log.range(seen, length);
        for (at, entry) in fresh.iter().enumerate() {
            match entry {
                Entry::Received(record) if ends(record) => return seen + at + 1,
                Entry::Received(_) => {}
                _ => {
                    is_over =
                        log::over(&socket.log.range(0, seen + at + 1), socket.reconnects).is_some()
                }
            }
        }
        seen = seen.max(length);
        if is_over || !matches!(timeout_at(deadline, changed.changed()).await, Ok(Ok(()))) {
            return seen;
        }
    }
}

/// Sends on the line, or on the one that takes over while the socket reconnects.
async fn deliver(
    live: &Live,
    socket: &OpenSocket,
    message: WireFrame,
    deadline: Instant,
) -> Result<(), Broken> {
    let mut changed = socket.log.watch();
    loop {
        if !live.transport.may_send() {
            return Err(Broken::GateClosed);
        }
        let length = *changed.borrow_and_update();
        let entries = socket.log.range(0, length);
        if let Some(over) = log::over(&entries, socket.reconnects) {
            return Err(Broken::Closed(over_text(&over)));
        }
        let is_down = entries
            .iter()
            .rev()
            .find(|entry| !matches!(entry, Entry::Received(_)));
        if !matches!(is_down, Some(Entry::Interrupted { .. }))
            && let Some(line) = socket.line()
        {
            let sent = line
                .tell(deadline, |answer| Command::Send(message.clone(), answer))
                .await;
            if sent.is_ok() || !socket.reconnects {
                return sent;
            }
        }
        if !matches!(timeout_at(deadline, changed.changed()).await, Ok(Ok(()))) {
            return Err(Broken::Timeout("while the connection was down"));
        }
    }
}

fn payload(message: &WireFrame) -> Bytes {
    match message {
        WireFrame::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
        WireFrame::Binary(bytes) => bytes.clone(),
        WireFrame::Close { reason, .. } => Bytes::copy_from_slice(reason.as_bytes()),
    }
}

fn describe(what: &str, socket: &str, matching: Option<&Expression>) -> String {
    match matching {
        Some(matching) => format!("{what} {socket} where {}", matching.source()),
        None => format!("{what} {socket}"),
    }
}

fn budget_spent(found: &Found, place: &Place) -> Option<Stop> {
    found
        .unjudged
        .as_ref()
        .filter(|error| !is_no_match(error))
        .map(|error| line::broken(error, place, "where"))
}

/// A search without a result has a stop; should it have none, the case is not judged.
fn unreachable_search(place: &Place) -> Stop {
    Stop::errored(Fault::new("engine", place, "a wait ended without a result"))
}

fn over_text(over: &Over) -> String {
    match over {
        Over::Closed(why) => why.clone(),
        Over::GaveUp(why) => format!("reconnecting failed: {why}"),
        Over::Ours => "the test closed it".to_owned(),
        Over::Full => "its log is full".to_owned(),
    }
}

pub(crate) fn over_stop(over: &Over, socket: &OpenSocket, place: &Place) -> Stop {
    let message = format!("`{}`: {}", socket.name, over_text(over));
    match over {
        Over::Closed(_) | Over::Ours => Stop::failed(Fault::new("closed", place, message)),
        Over::GaveUp(_) => Stop::failed(Fault::new("reconnect", place, message)),
        Over::Full => Stop::errored(Fault::new("receive_log_full", place, message)),
    }
}

impl Interpreter {
    #[expect(
        clippy::too_many_arguments,
        reason = "a judgement has this many independent parts"
    )]
    fn judge_grammar(
        &self,
        frame: &Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        grammar: &Grammar,
        records: &[Arc<Record>],
    ) -> Option<Stop> {
        let messages: Vec<Value> = records
            .iter()
            .map(|record| record.json(&self.case.names))
            .collect();
        let violation = grammar::judge(grammar, &messages).err();
        let events: Vec<String> = messages
            .iter()
            .map(|message| self.event_name(frame, grammar, message))
            .collect();
        let actual = self.redactor.redact(&cut(events.join(" "), 2_000));
        let expected = violation.as_ref().map_or_else(
            || "held".to_owned(),
            |violation| violation.expected.join(" or "),
        );
        let expression = format!("grammar: {}", grammar.name);
        let check = stated(
            place,
            place.line,
            expression.clone(),
            violation.is_none(),
            expected.clone(),
            vec![("events".to_owned(), actual.clone())],
        );
        let error = violation.as_ref().map(ToString::to_string);
        journal.checks.push(domain::record::Check {
            soft: step.soft,
            error,
            ..check
        });
        violation.map(|violation| {
            let message = format!("{expression}: {violation}");
            Stop::failed(Fault::new("check_failed", place, message).with(expected, actual))
        })
    }

    fn event_name(&self, frame: &Frame, grammar: &Grammar, message: &Value) -> String {
        let mut scope = frame.scope.child();
        scope.set("message", message.clone());
        let named = grammar.event.evaluate(&scope, &mut Budget::default());
        named.map_or_else(|_| "?".to_owned(), |evaluated| evaluated.value.to_string())
    }
}
