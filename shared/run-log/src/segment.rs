//! A segment's bytes, and the chain that segments form.
//!
//! The same bytes lie on a disk, travel to a client's copy and are rechecked; `previous` holds the
//! SHA-256 of the predecessor's bytes, so a reader knows a hole or a swap when it meets one.

use domain::Term;
use prost::Message;
use proto::v1;
use sha2::{Digest as _, Sha256};

use crate::port::{Batch, LogId, Position};

/// SHA-256 of a segment's bytes; all zero stands for "no predecessor".
pub type Link = [u8; 32];

/// A segment as read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The encoded `Segment`.
    pub bytes: Vec<u8>,
    pub segment: v1::Segment,
}

impl Stored {
    /// Where it stands in its log.
    pub fn number(&self) -> Position {
        self.segment.number
    }

    /// Events of the log up to its last one.
    pub fn events_end(&self) -> u64 {
        self.segment.position + self.segment.events.len() as u64
    }
}

/// A segment does not follow the one before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadChain {
    #[error("it is no segment: {0}")]
    Unreadable(String),
    #[error("it belongs to log `{found}`")]
    OtherLog { found: String },
    #[error(
        "its layout is version {found}, newer than this muster's {}",
        proto::LOG_FORMAT
    )]
    Newer { found: u32 },
    #[error("segment {expected} should follow, this is {found}")]
    Hole { expected: Position, found: Position },
    #[error("it counts {found} events before it, there are {expected}")]
    Miscounted { expected: u64, found: u64 },
    #[error("its predecessor's digest is another")]
    OtherPredecessor,
    #[error("its term {found} is lower than {last}, the one before")]
    FallingTerm { last: u64, found: u64 },
}

/// Where the next segment joins on. Both the writer and every reader walk with one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    log: String,
    position: Position,
    /// Events so far.
    events: u64,
    term: u64,
    last: Option<Link>,
}

impl Chain {
    pub fn start(log: &LogId) -> Self {
        Self {
            log: log.to_string(),
            position: 0,
            events: 0,
            term: 0,
            last: None,
        }
    }

    pub fn position(&self) -> Position {
        self.position
    }

    pub fn term(&self) -> Term {
        Term(self.term)
    }

    /// Digest of the last segment; zero before the first.
    pub fn link(&self) -> Link {
        self.last.unwrap_or_default()
    }

    /// The segment that would join on, as bytes. The chain does not move.
    pub fn next(&self, batch: &Batch) -> v1::Segment {
        v1::Segment {
            log: self.log.clone(),
            number: self.position,
            position: self.events,
            term: batch.term.0,
            writer: batch.writer.clone(),
            elapsed_ms: batch.elapsed_ms,
            wall_ms: batch.wall_ms,
            previous: self.last.map(Vec::from).unwrap_or_default(),
            events: batch.events.clone(),
            format: proto::LOG_FORMAT,
        }
    }

    /// Checks that `bytes` join on, and moves behind them.
    pub fn join(&mut self, bytes: &[u8]) -> Result<v1::Segment, BadChain> {
        let segment =
            v1::Segment::decode(bytes).map_err(|error| BadChain::Unreadable(error.to_string()))?;
        self.check(&segment)?;
        self.position += 1;
        self.events += segment.events.len() as u64;
        self.term = segment.term;
        self.last = Some(Sha256::digest(bytes).into());
        Ok(segment)
    }

    fn check(&self, segment: &v1::Segment) -> Result<(), BadChain> {
        if segment.log != self.log {
            return Err(BadChain::OtherLog {
                found: segment.log.clone(),
            });
        }
        if segment.format > proto::LOG_FORMAT {
            return Err(BadChain::Newer {
                found: segment.format,
            });
        }
        if segment.number != self.position {
            return Err(BadChain::Hole {
                expected: self.position,
                found: segment.number,
            });
        }
        if segment.position != self.events {
            return Err(BadChain::Miscounted {
                expected: self.events,
                found: segment.position,
            });
        }
        if segment.previous != self.last.map(Vec::from).unwrap_or_default() {
            return Err(BadChain::OtherPredecessor);
        }
        if segment.term < self.term {
            return Err(BadChain::FallingTerm {
                last: self.term,
                found: segment.term,
            });
        }
        Ok(())
    }
}
