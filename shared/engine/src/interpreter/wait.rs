//! Waiting on a socket's log, and judging the log as the wait left it.
//!
//! Live, a wait ends as soon as the log decides; then, live and in a replay alike, the entries
//! that it had by then are judged.

use std::sync::Arc;

use expression::{EvalError, Expression};
use tokio::time::{Instant, timeout_at};

use super::evaluate::is_no_match;
use super::frame::{Frame, Last};
use super::socket::OpenSocket;
use super::{Here, Interpreter, written};
use crate::judge::log::{self, Over};
use crate::judge::{Fault, Stop, line, stated};
use crate::recording::{Place, Record, Seen};
use crate::socket::{Entry, LOG_BYTES, LOG_ENTRIES};
use crate::transport::TRY_LIMIT;

/// The log as a wait left it.
pub(super) struct Waited {
    pub(super) entries: Vec<Entry>,
    pub(super) from: usize,
    pub(super) at_ms: f64,
}

/// What was looked for in a log.
#[derive(Default)]
pub(super) struct Found {
    pub(super) records: Vec<Arc<Record>>,
    /// Position behind the record that ended the search.
    pub(super) end: Option<usize>,
    /// Why the last record that could not be judged could not.
    pub(super) unjudged: Option<EvalError>,
    /// Records looked at.
    pub(super) looked: usize,
}

impl Interpreter {
    /// Whether a record matches; a close frame only matches an expression that looks for one.
    pub(super) fn matches(
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
    pub(super) async fn wait(
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
                socket: socket.path.clone(),
                entries,
                at_ms: live.clock.at_ms(),
            }
        };
        let Seen::Waited { entries, at_ms, .. } = self.tape.observe(place, live).await else {
            return std::future::pending().await;
        };
        Waited {
            entries: socket.log.range(0, entries),
            from,
            at_ms,
        }
    }

    pub(super) fn look(
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
    pub(super) fn judge_search(
        &self,
        here: &mut Here<'_>,
        socket: &OpenSocket,
        waited: &Waited,
        found: &Found,
        expression: String,
    ) -> Option<Stop> {
        let (step, place) = (here.step, here.place);
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
        here.journal.checks.push(domain::record::Check {
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

pub(super) fn describe(what: &str, socket: &str, matching: Option<&Expression>) -> String {
    match matching {
        Some(matching) => format!("{what} {socket} where {}", matching.source()),
        None => format!("{what} {socket}"),
    }
}

pub(super) fn budget_spent(found: &Found, place: &Place) -> Option<Stop> {
    found
        .unjudged
        .as_ref()
        .filter(|error| !is_no_match(error))
        .map(|error| line::broken(error, place, "where"))
}

/// A search without a result has a stop; should it have none, the case is not judged.
pub(super) fn unreachable_search(place: &Place) -> Stop {
    Stop::errored(Fault::new("engine", place, "a wait ended without a result"))
}

pub(super) fn over_text(over: &Over) -> String {
    match over {
        Over::Closed(why) => why.clone(),
        Over::GaveUp(why) => format!("reconnecting failed: {why}"),
        Over::Ours => "the test closed it".to_owned(),
        Over::Full => format!(
            "its log is full: it received more than {LOG_ENTRIES} messages, or more than {LOG_BYTES} bytes of memory with what expressions read of them, or this try more than {TRY_LIMIT}; close it once its messages have been read"
        ),
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
