//! What is wrong with a log, all of it at once, and where: for people who restore or distrust one.
//!
//! Pure functions over bytes that lie at rest. Readers and writers (`file`, `object`) stop at the
//! first thing that is wrong and never skip any; this walks on behind it, so nothing that comes out
//! of here is led over, folded into a report or written back. Reading order: this file (what is
//! said), `frames` (a file's entries, torn or damaged), `joining` (the chain of segments).

use std::fmt;

use proto::v1;

use crate::port::{LogId, Position};

mod frames;
mod joining;

pub use frames::file;
pub use joining::{Object, objects};

/// A place in a log. Segments and events are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The file, or the object of a store.
    pub place: String,
    /// From the start of the file.
    pub byte: Option<u64>,
    pub segment: Option<Position>,
    pub event: Option<u64>,
}

impl Spot {
    /// A file or an object as a whole.
    pub fn of(place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            byte: None,
            segment: None,
            event: None,
        }
    }

    /// The same place, at an event.
    pub fn at_event(&self, event: u64) -> Self {
        Self {
            event: Some(event),
            ..self.clone()
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.place)?;
        let parts = [
            ("byte", self.byte),
            ("segment", self.segment),
            ("event", self.event),
        ];
        for (noun, number) in parts {
            if let Some(number) = number {
                write!(out, ", {noun} {number}")?;
            }
        }
        Ok(())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub spot: Spot,
    pub fault: Fault,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.spot, self.fault)
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it does not begin as a log of muster does")]
    NotALog,
    #[error(
        "its entries are laid out in version {found}, and this muster reads version 1; ask a newer one"
    )]
    OtherLayout { found: String },
    #[error("{why}; {n_bytes} bytes can't be read{}", lost(*from, *to))]
    Unreadable {
        why: String,
        n_bytes: u64,
        /// The segment that should stand here.
        from: Position,
        /// The next one that can be read.
        to: Option<Position>,
    },
    #[error("{} not there; segment {to} stands here", segments(*from, *to))]
    Missing { from: Position, to: Position },
    #[error(
        "segment {found} stands here, where segment {expected} belongs; it was repeated or moved"
    )]
    OutOfPlace { expected: Position, found: Position },
    #[error(
        "it stands at the place of segment {stands}, and says of itself that it is segment {says}"
    )]
    OtherNumber { stands: Position, says: Position },
    #[error(
        "it names another predecessor than segment {predecessor}, which stands before it: one of the two was changed"
    )]
    OtherPredecessor { predecessor: Position },
    #[error("it names a predecessor, and is the first")]
    FirstHasPredecessor,
    #[error("the head of the entry names another predecessor than its content")]
    HeadNamesOther,
    #[error("it says that {found} events stand before it, and there are {expected}")]
    Miscounted { expected: u64, found: u64 },
    #[error("its term {found} is lower than {last}, the one before")]
    FallingTerm { last: u64, found: u64 },
    #[error("the head of the entry says term {head}, its content says {content}")]
    OtherTerm { head: u64, content: u64 },
    #[error("it belongs to the log `{found}`, not to `{expected}`")]
    OtherLog { expected: String, found: String },
    #[error(
        "its format is version {found}, newer than this muster's {}; ask a newer one",
        proto::LOG_FORMAT
    )]
    NewerFormat { found: u32 },
    #[error("it is no segment: {0}")]
    NotASegment(String),
    #[error("it is of no kind that this muster knows; a newer one may")]
    UnknownEvent,
}

fn segments(from: Position, to: Position) -> String {
    match to.saturating_sub(1) {
        last if last == from => format!("segment {from} is"),
        last => format!("segments {from} to {last} are"),
    }
}

fn lost(from: Position, to: Option<Position>) -> String {
    match to {
        None => format!(", and with them segment {from} and whatever followed it"),
        Some(to) if to > from => format!(", so {} not there", segments(from, to)),
        Some(_) => ", and no segment is missing".to_owned(),
    }
}

/// A write that was cut off before anybody was told that it is durable: no damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    pub spot: Spot,
    /// What there is of it.
    pub n_bytes: u64,
}

/// A segment that can be read, and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub spot: Spot,
    pub bytes: Vec<u8>,
    pub segment: v1::Segment,
}

/// A log as it was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// What it calls itself, or was asked for as.
    pub log: Option<String>,
    /// Every segment that can be read, in the order in which they lie.
    pub segments: Vec<Placed>,
    /// All that is wrong, in the order of places; empty when the log is whole.
    pub findings: Vec<Finding>,
    /// The end of a file whose last write was cut off.
    pub torn: Option<Torn>,
}

impl Checked {
    /// No damage; the log may still be one that goes on.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    pub fn n_events(&self) -> u64 {
        let each = self.segments.iter();
        each.map(|placed| placed.segment.events.len() as u64).sum()
    }

    /// The first and the last term that led it.
    pub fn terms(&self) -> Option<(u64, u64)> {
        let (first, last) = (self.segments.first()?, self.segments.last()?);
        Some((first.segment.term, last.segment.term))
    }

    /// Every event with its place, as bytes.
    pub fn events(&self) -> impl Iterator<Item = (Spot, &[u8])> {
        self.segments.iter().flat_map(|placed| {
            let numbered = (placed.segment.position..).zip(&placed.segment.events);
            numbered.map(|(number, event)| (placed.spot.at_event(number), event.as_slice()))
        })
    }
}

/// The log that was asked for, as it calls itself in its segments.
fn name(log: Option<&LogId>) -> Option<String> {
    log.map(LogId::to_string)
}

#[cfg(test)]
mod tests;
