//! An altered recording: what one mutation makes of the observations and the sockets' logs.
//!
//! What is not altered is shared with the recording. A log that grows or shrinks takes with it the
//! lengths that were observed of it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::field::{self, Edit, Path};
use crate::dialer::tls::Session;
use crate::recording::{Exchanged, Moment, Record, Recording, Response, Seen};
use crate::socket::Entry;

/// What might have been observed instead.
#[derive(Clone, Debug)]
pub(super) enum Change {
    None,
    /// Other answers to the exchanges at these positions.
    Answers(Vec<usize>, Answer),
    /// Other messages on the sockets with these numbers.
    Logs(Vec<usize>, Messages),
    Again(Again),
    /// Everything from a time on happened later.
    Later {
        from_ms: f64,
        by_ms: f64,
    },
    /// Everything happened at one moment.
    AtOnce,
}

/// A message more on a socket, as the observation at `from` and those after it see it.
#[derive(Clone, Debug)]
pub(super) struct Again {
    pub(super) log: usize,
    pub(super) message: Arc<Record>,
    pub(super) before: usize,
    pub(super) from: usize,
}

/// What is done to an answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Status(u16),
    Text(Bytes),
    /// The body of the exchange at another position.
    BodyOf(usize),
    Field(Path, Edit),
    Header(HeaderName, Option<HeaderValue>),
    /// How long it took, in milliseconds.
    Took(f64),
    Session(Option<Session>),
    /// Answered, where the connection was refused.
    Answered,
    Pieces(Messages),
}

/// What is done to a list of messages.
#[derive(Clone, Debug)]
pub(super) enum Messages {
    Drop(usize),
    Double(usize),
    /// Changes places with the next.
    Swap(usize),
    /// Nothing comes from here on.
    Cut(usize),
    Become(usize, Bytes),
    Field(usize, Path, Edit),
    FieldOfAll(Path, Edit),
    Kind(usize, &'static str),
    /// The connection is never interrupted, or recovers slowly.
    Uninterrupted,
    Recovers(f64),
}

type Altered = (Vec<(Arc<str>, Seen)>, Vec<(Arc<str>, Vec<Entry>)>);

pub(super) fn apply(recording: &Recording, change: &Change) -> Altered {
    let (mut seen, mut logs): Altered = (
        recording
            .observations
            .iter()
            .map(|one| (one.place.path.clone(), one.seen.clone()))
            .collect(),
        recording.sockets.clone(),
    );
    match change {
        Change::None => {}
        Change::Answers(positions, answer) => {
            for &position in positions {
                if let Some((_, one)) = seen.get_mut(position)
                    && let Seen::Exchanged(exchanged) = one
                {
                    let other = answered(recording, exchanged, answer);
                    *one = Seen::Exchanged(Arc::new(other));
                }
            }
        }
        Change::Logs(numbers, messages) => {
            for &number in numbers {
                let Some((path, entries)) = logs.get_mut(number) else {
                    continue;
                };
                *entries = messages.of_log(entries);
                for (_, one) in &mut seen {
                    resize(one, path, |length, is_wait| {
                        messages.length(length, is_wait)
                    });
                }
            }
        }
        Change::Again(again) => again.apply(&mut seen, &mut logs),
        Change::Later { from_ms, by_ms } => {
            let shift = |at_ms: f64| {
                if at_ms >= *from_ms {
                    at_ms + by_ms
                } else {
                    at_ms
                }
            };
            retime(&mut seen, &mut logs, &shift, |elapsed| elapsed);
        }
        Change::AtOnce => retime(&mut seen, &mut logs, &|_| 0.0, |_| 0.0),
    }
    (seen, logs)
}

impl Again {
    fn apply(&self, seen: &mut [(Arc<str>, Seen)], logs: &mut [(Arc<str>, Vec<Entry>)]) {
        let Some((path, entries)) = logs.get_mut(self.log) else {
            return;
        };
        if self.before > entries.len() {
            return;
        }
        entries.insert(self.before, Entry::Received(self.message.clone()));
        for (at, (_, one)) in seen.iter_mut().enumerate() {
            let is_later = at >= self.from;
            resize(one, path, |length, _| {
                let sees = length > self.before || (length == self.before && is_later);
                length + usize::from(sees)
            });
        }
    }
}

fn answered(recording: &Recording, before: &Exchanged, answer: &Answer) -> Exchanged {
    let mut after = copy(before);
    if let Answer::Answered = answer {
        after.broken = None;
        after.response = Some(Response {
            status: 200,
            ..Response::default()
        });
    }
    if let Answer::Took(elapsed_ms) = answer {
        after.elapsed_ms = *elapsed_ms;
    }
    let Some(response) = &mut after.response else {
        return after;
    };
    match answer {
        Answer::Status(status) => response.status = *status,
        Answer::Text(body) => response.body = body.clone(),
        Answer::BodyOf(other) => {
            if let Some(Seen::Exchanged(other)) =
                recording.observations.get(*other).map(|one| &one.seen)
                && let Some(other) = &other.response
            {
                response.body = other.body.clone();
                response.records.clone_from(&other.records);
            }
        }
        Answer::Field(path, edit) => {
            if let Some(body) = with_field(&response.body, path, edit) {
                response.body = body;
            }
        }
        Answer::Header(name, None) => {
            response.headers.remove(name);
        }
        Answer::Header(name, Some(value)) => {
            response.headers.insert(name.clone(), value.clone());
        }
        Answer::Session(session) => response.session = session.clone().map(Arc::new),
        Answer::Pieces(messages) => response.records = messages.of_pieces(&response.records),
        Answer::Took(_) | Answer::Answered => {}
    }
    after
}

/// A body with one field altered, if it is JSON that has it.
fn with_field(body: &[u8], path: &Path, edit: &Edit) -> Option<Bytes> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let altered = field::altered(&document, path, edit)?;
    serde_json::to_vec(&altered).ok().map(Bytes::from)
}

fn copy(exchanged: &Exchanged) -> Exchanged {
    let response = exchanged.response.as_ref().map(|response| Response {
        status: response.status,
        headers: response.headers.clone(),
        body: response.body.clone(),
        session: response.session.clone(),
        records: response.records.clone(),
        ..Response::default()
    });
    Exchanged {
        kind: exchanged.kind,
        method: exchanged.method.clone(),
        url: exchanged.url.clone(),
        request_headers: exchanged.request_headers.clone(),
        request_body: exchanged.request_body.clone(),
        response,
        broken: exchanged.broken.clone(),
        peer: exchanged.peer.clone(),
        phases: exchanged.phases,
        traffic: exchanged.traffic,
        span_id: exchanged.span_id.clone(),
        at_ms: exchanged.at_ms,
        elapsed_ms: exchanged.elapsed_ms,
    }
}

impl Messages {
    fn of_log(&self, entries: &[Entry]) -> Vec<Entry> {
        if let Self::FieldOfAll(path, edit) = self {
            let one = |entry: &Entry| match entry {
                Entry::Received(record) => {
                    Entry::Received(record_with(record, |bytes| with_field(bytes, path, edit)))
                }
                other => other.clone(),
            };
            return entries.iter().map(one).collect();
        }
        if let Self::Uninterrupted = self {
            // Their places stay, so that lengths do.
            let one = |entry: &Entry| match entry {
                Entry::Interrupted { .. } | Entry::Recovered { .. } => silent(),
                other => other.clone(),
            };
            return entries.iter().map(one).collect();
        }
        if let Self::Recovers(by_ms) = self {
            let one = |entry: &Entry| match entry {
                Entry::Recovered { recovery_ms } => Entry::Recovered {
                    recovery_ms: recovery_ms + by_ms,
                },
                other => other.clone(),
            };
            return entries.iter().map(one).collect();
        }
        let altered = |entry: &Entry| match entry {
            Entry::Received(record) => Entry::Received(self.of_record(record)),
            other => other.clone(),
        };
        self.of_list(entries, altered)
    }

    fn of_pieces(&self, records: &[Arc<Record>]) -> Vec<Arc<Record>> {
        if let Self::FieldOfAll(path, edit) = self {
            let one =
                |record: &Arc<Record>| record_with(record, |bytes| with_field(bytes, path, edit));
            return records.iter().map(one).collect();
        }
        self.of_list(records, |record| self.of_record(record))
    }

    fn of_list<T: Clone>(&self, list: &[T], altered: impl Fn(&T) -> T) -> Vec<T> {
        let mut list = list.to_vec();
        match *self {
            Self::Drop(at) if at < list.len() => {
                list.remove(at);
            }
            Self::Double(at) if at < list.len() => list.insert(at, list[at].clone()),
            Self::Swap(at) if at + 1 < list.len() => list.swap(at, at + 1),
            Self::Cut(at) => list.truncate(at),
            Self::Become(at, _) | Self::Field(at, ..) | Self::Kind(at, _) if at < list.len() => {
                list[at] = altered(&list[at]);
            }
            _ => {}
        }
        list
    }

    fn of_record(&self, record: &Arc<Record>) -> Arc<Record> {
        match self {
            Self::Become(_, bytes) => record_with(record, |_| Some(bytes.clone())),
            Self::Field(_, path, edit) => {
                record_with(record, |bytes| with_field(bytes, path, edit))
            }
            Self::Kind(_, kind) => Arc::new(Record::new(record.at_ms, *kind, record.bytes.clone())),
            _ => record.clone(),
        }
    }

    /// The length that is observed of the altered log where `length` was of the recorded one.
    fn length(&self, length: usize, is_wait: bool) -> usize {
        match *self {
            Self::Drop(at) if length > at => length - 1,
            Self::Double(at) if length > at => length + 1,
            // Who waited for the message that now comes second goes on to wait for it.
            Self::Swap(at) if is_wait && length == at + 1 => length + 1,
            Self::Cut(at) => length.min(at),
            _ => length,
        }
    }
}

/// An entry that says nothing.
fn silent() -> Entry {
    Entry::Received(Arc::new(Record::new(0.0, "nothing", Bytes::new())))
}

fn record_with(record: &Arc<Record>, bytes: impl Fn(&[u8]) -> Option<Bytes>) -> Arc<Record> {
    match bytes(&record.bytes) {
        Some(bytes) => Arc::new(Record::new(record.at_ms, record.kind.clone(), bytes)),
        None => record.clone(),
    }
}

fn resize(seen: &mut Seen, path: &Arc<str>, length: impl Fn(usize, bool) -> usize) {
    match seen {
        Seen::Waited {
            socket, entries, ..
        } if socket == path => *entries = length(*entries, true),
        Seen::Moment(moment) if moment.logs.iter().any(|(log, _)| log == path) => {
            let logs = moment.logs.iter().map(|(log, entries)| {
                let is_it = log == path;
                (
                    log.clone(),
                    if is_it {
                        length(*entries, false)
                    } else {
                        *entries
                    },
                )
            });
            *moment = Arc::new(Moment {
                logs: logs.collect(),
                ..**moment
            });
        }
        _ => {}
    }
}

fn retime(
    seen: &mut [(Arc<str>, Seen)],
    logs: &mut [(Arc<str>, Vec<Entry>)],
    shift: &dyn Fn(f64) -> f64,
    elapsed: impl Fn(f64) -> f64,
) {
    let record = |record: &Arc<Record>| {
        let at_ms = shift(record.at_ms);
        Arc::new(Record::new(
            at_ms,
            record.kind.clone(),
            record.bytes.clone(),
        ))
    };
    for (_, one) in seen {
        match one {
            Seen::Exchanged(exchanged) => {
                let mut other = copy(exchanged);
                other.at_ms = shift(other.at_ms);
                other.elapsed_ms = elapsed(other.elapsed_ms);
                if let Some(response) = &mut other.response {
                    response.records = response.records.iter().map(record).collect();
                }
                *exchanged = Arc::new(other);
            }
            Seen::Sent(sent) => {
                let mut other = (**sent).clone();
                other.at_ms = shift(other.at_ms);
                *sent = Arc::new(other);
            }
            Seen::Waited { at_ms, .. } => *at_ms = shift(*at_ms),
            Seen::Moment(moment) => {
                let at_ms = shift(moment.at_ms);
                #[expect(clippy::cast_possible_truncation, reason = "a shift is a few minutes")]
                let by_ms = (at_ms - moment.at_ms) as i64;
                *moment = Arc::new(Moment {
                    at_ms,
                    now_ms: moment.now_ms.saturating_add(by_ms),
                    logs: moment.logs.clone(),
                });
            }
            _ => {}
        }
    }
    for entry in logs.iter_mut().flat_map(|(_, entries)| entries) {
        if let Entry::Received(one) = entry {
            *one = record(one);
        }
    }
}
