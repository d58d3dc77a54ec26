//! A process that may lead: its machine, and what the simulation does to it.

use std::collections::BTreeMap;

use accounting::coordinator::{Coordinator, LogId};
use domain::Term;

use crate::clock::Clock;
use crate::oracle::turns::Turns;
use crate::store::{Append, Pen};

#[derive(Debug)]
pub(crate) struct Node {
    /// `None` once the process is gone; a restart is a new node.
    pub(crate) machine: Option<Coordinator>,
    pub(crate) term: Term,
    pub(crate) clock: Clock,
    pub(crate) wake: Option<u64>,
    pub(crate) paused_until: u64,
    /// Its requests don't reach the store before this.
    pub(crate) isolated_until: u64,
    /// Where it writes next, by log.
    pub(crate) pens: BTreeMap<LogId, Pen>,
    /// Puts that have no answer yet, by log and number.
    pub(crate) in_flight: BTreeMap<(LogId, u64), Put>,
    /// Which of its runs had its workers, for the oracle.
    pub(crate) turns: Turns,
}

/// A segment on its way into the store.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) append: Append,
    pub(crate) bytes: Vec<u8>,
}

impl Node {
    pub(crate) fn new(machine: Coordinator, term: Term, clock: Clock) -> Self {
        Self {
            machine: Some(machine),
            term,
            clock,
            wake: None,
            paused_until: 0,
            isolated_until: 0,
            pens: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            turns: Turns::default(),
        }
    }

    /// The name under which its segments stand.
    pub(crate) fn writer(&self) -> String {
        format!("node-{}", self.term)
    }

    /// Encodes a segment; the pen moves behind it, as if it were durable.
    pub(crate) fn write(&mut self, append: Append) -> Put {
        let writer = self.writer();
        let pen = self.pens.entry(append.log.clone()).or_default();
        let bytes = pen.encode(&append, &writer);
        pen.follow(&append, &bytes);
        let put = Put { append, bytes };
        let key = (put.append.log.clone(), put.append.at);
        self.in_flight.insert(key, put.clone());
        put
    }
}
