//! The logs and blobs as they are durable, in the very bytes that the real logs hold.
//!
//! Nothing here decides who may write; `adapter` and `world/puts` do.

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
    pen: Pen,
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self {
            segments: Vec::new(),
            encoded: Vec::new(),
            pen: Pen::default(),
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

/// What a writer has to know of the log in front of its next segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pen {
    previous: Vec<u8>,
    n_events: u64,
}

impl Pen {
    /// The bytes of the segment, as a put carries them. The pen stays where it is.
    pub(crate) fn encode(&self, append: &Append, writer: &str) -> Vec<u8> {
        let events = match &append.events {
            Events::Grid(events) => events.iter().map(wire::event::encode_grid).collect(),
            Events::Run(events) => events.iter().map(wire::event::encode_run).collect(),
        };
        let segment = proto::v1::Segment {
            log: name(&append.log),
            number: append.at,
            position: self.n_events,
            term: append.term.0,
            writer: writer.to_owned(),
            elapsed_ms: u64::try_from(append.elapsed.as_millis()).unwrap_or(u64::MAX),
            wall_ms: append.wall_ms,
            previous: self.previous.clone(),
            events,
            format: proto::LOG_FORMAT,
        };
        segment.encode_to_vec()
    }

    /// Moves behind a segment.
    pub(crate) fn follow(&mut self, append: &Append, bytes: &[u8]) {
        self.previous = digest(bytes);
        self.n_events += n_events(&append.events) as u64;
    }
}

pub(crate) fn name(log: &LogId) -> String {
    match log {
        LogId::Grid => "grid".to_owned(),
        LogId::Run(run) => run.to_string(),
    }
}

pub(crate) fn n_events(events: &Events) -> usize {
    match events {
        Events::Grid(events) => events.len(),
        Events::Run(events) => events.len(),
    }
}

impl Store {
    /// Puts the segment where it says, unless that place is taken: one writer, no troubles.
    pub(crate) fn append(&mut self, append: &Append) -> Result<u64, Conflict> {
        if append.at != self.len(&append.log) {
            return Err(Conflict);
        }
        let bytes = self.pen(&append.log).encode(append, "simulated");
        self.push(append, bytes);
        Ok(append.at + 1)
    }

    /// Segments of a log.
    pub(crate) fn len(&self, log: &LogId) -> u64 {
        self.encoded(log).len() as u64
    }

    pub(crate) fn encoded(&self, log: &LogId) -> &[Vec<u8>] {
        match log {
            LogId::Grid => &self.grid.encoded,
            LogId::Run(_) => self
                .runs
                .get(log)
                .map(|log| log.encoded.as_slice())
                .unwrap_or_default(),
        }
    }

    /// The pen of a writer that has read the log to its end.
    pub(crate) fn pen(&self, log: &LogId) -> Pen {
        match log {
            LogId::Grid => self.grid.pen.clone(),
            LogId::Run(_) => self
                .runs
                .get(log)
                .map(|log| log.pen.clone())
                .unwrap_or_default(),
        }
    }

    /// Adds a segment at the end.
    pub(crate) fn push(&mut self, append: &Append, bytes: Vec<u8>) {
        match &append.events {
            Events::Grid(events) => self.grid.push(append, events, bytes),
            Events::Run(events) => {
                let log = self.runs.entry(append.log.clone()).or_default();
                log.push(append, events, bytes);
            }
        }
    }
}

impl<E: Clone> Log<E> {
    fn push(&mut self, append: &Append, events: &[E], bytes: Vec<u8>) {
        self.pen.follow(append, &bytes);
        self.segments.push(Segment {
            position: append.at,
            term: append.term,
            elapsed: append.elapsed,
            wall_ms: append.wall_ms,
            events: events.to_vec(),
        });
        self.encoded.push(bytes);
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Vec<u8> {
    let hex = accounting::digest::of(bytes);
    let pairs = hex.as_str().as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(text, 16).unwrap_or_default()
    };
    pairs.map(byte).collect()
}
