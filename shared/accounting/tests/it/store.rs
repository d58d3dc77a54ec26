//! The logs and blobs as they are durable, in the very bytes that the real log holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use accounting::coordinator::{Events, LogId};
use domain::event::{GridEvent, RunEvent, Segment};
use domain::{Digest, Term};
use prost::Message;

/// One log: decoded for folds, encoded for the second routine.
#[derive(Debug)]
pub(crate) struct Log<E> {
    pub(crate) segments: Vec<Segment<E>>,
    pub(crate) encoded: Vec<Vec<u8>>,
    n_events: u64,
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self {
            segments: Vec::new(),
            encoded: Vec::new(),
            n_events: 0,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) grid: Log<GridEvent>,
    pub(crate) runs: BTreeMap<LogId, Log<RunEvent>>,
    pub(crate) blobs: BTreeSet<Digest>,
}

/// Another segment stands there.
#[derive(Debug)]
pub(crate) struct Conflict;

#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) log: LogId,
    pub(crate) at: u64,
    pub(crate) term: Term,
    pub(crate) elapsed: Duration,
    pub(crate) wall_ms: u64,
    pub(crate) events: Events,
}

impl Store {
    /// Puts the segment where it says, unless that place is taken.
    pub(crate) fn append(&mut self, append: &Append) -> Result<u64, Conflict> {
        match &append.events {
            Events::Grid(events) => self.grid.append(append, events, wire::event::encode_grid),
            Events::Run(events) => {
                let log = self.runs.entry(append.log.clone()).or_default();
                log.append(append, events, wire::event::encode_run)
            }
        }
    }
}

impl<E: Clone> Log<E> {
    fn append(
        &mut self,
        append: &Append,
        events: &[E],
        encode: impl Fn(&E) -> Vec<u8>,
    ) -> Result<u64, Conflict> {
        let number = self.segments.len() as u64;
        if append.at != number {
            return Err(Conflict);
        }
        let segment = proto::v1::Segment {
            log: match &append.log {
                LogId::Grid => "grid".to_owned(),
                LogId::Run(run) => run.to_string(),
            },
            number,
            position: self.n_events,
            term: append.term.0,
            writer: "simulated".to_owned(),
            elapsed_ms: u64::try_from(append.elapsed.as_millis()).unwrap_or(u64::MAX),
            wall_ms: append.wall_ms,
            previous: self
                .encoded
                .last()
                .map(|last| digest(last))
                .unwrap_or_default(),
            events: events.iter().map(encode).collect(),
            format: proto::LOG_FORMAT,
        };
        self.encoded.push(segment.encode_to_vec());
        self.n_events += events.len() as u64;
        self.segments.push(Segment {
            position: number,
            term: append.term,
            elapsed: append.elapsed,
            wall_ms: append.wall_ms,
            events: events.to_vec(),
        });
        Ok(number + 1)
    }
}

fn digest(bytes: &[u8]) -> Vec<u8> {
    let hex = accounting::digest::of(bytes);
    let pairs = hex.as_str().as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(text, 16).unwrap_or_default()
    };
    pairs.map(byte).collect()
}
