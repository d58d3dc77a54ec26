//! The port: what every adapter guarantees.
//!
//! *Durable* means: readable by every later leader after a crash of the process and of the
//! machine, provided the store keeps what it says it has synced. Calls block; a thread owns each
//! log (`writer`), never an async runtime.

use std::fmt::{self, Debug};
use std::io;
use std::sync::Arc;

use domain::{Digest, RunId, Term};

use crate::segment::Stored;

/// Number of segments before a place in a log.
pub type Position = u64;

/// Which log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogId {
    /// The queue of runs, locks and caps of one grid.
    Grid,
    /// The events of one run.
    Run(RunId),
}

impl fmt::Display for LogId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grid => out.write_str("grid"),
            Self::Run(run) => out.write_str(run.as_str()),
        }
    }
}

/// Events to append together, and who decided them when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub term: Term,
    pub writer: String,
    pub elapsed_ms: u64,
    pub wall_ms: u64,
    /// Encoded events; opaque here.
    pub events: Vec<Vec<u8>>,
}

/// Bytes and their digest, which the caller has computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    pub digest: Digest,
    pub bytes: Vec<u8>,
}

/// One log, held by its only writer in this process.
///
/// Guarantees: an append at the log's end is durable as a whole when it returns; an append anywhere
/// else is a conflict and changes nothing; after `Fatal` nothing more is written, the caller ends
/// the process, and the next start reads what can be verified.
pub trait Log: Send + Debug {
    /// Where the next append goes.
    fn end(&self) -> Position;

    /// Writes the batch as one segment at `at` and makes it durable; answers with the new end.
    fn append(&mut self, at: Position, batch: &Batch) -> Result<Position, AppendError>;
}

/// Reads a log from its start on, beside its writer.
pub trait Tail: Send + Debug {
    /// The segments before `up_to` that were not given yet, in order and checked as a chain. The
    /// caller knows from the writer what is durable and names no position beyond it.
    fn next(&mut self, up_to: Position) -> Result<Vec<Stored>, Error>;
}

/// Blobs by their digest, held by their only writer in this process.
pub trait Blobs: Send + Debug {
    /// Stores blobs; they are durable after `sync`. What is there already costs nothing.
    fn put(&mut self, blobs: &[Blob]) -> Result<(), AppendError>;

    /// Makes every blob that was put durable.
    fn sync(&mut self) -> Result<(), AppendError>;

    /// Reads beside the writer, from any thread.
    fn reader(&self) -> Arc<dyn ReadBlobs>;
}

/// Reading blobs.
pub trait ReadBlobs: Send + Sync + Debug {
    /// A blob, or `None` when it was never stored. Its digest has been checked.
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error>;
}

/// A log and its blobs at rest, read whole.
pub trait ReadLog: Send + Debug {
    /// The segments from position `from` on, in order.
    fn segments(&self, from: Position) -> Result<Vec<Stored>, Error>;

    /// A blob, or `None` when it was never stored. Its digest has been checked.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error>;
}

/// A place that holds logs and blobs.
pub trait Store: Send + Sync + Debug {
    /// Opens a log for writing; a missing one is made.
    fn open(&self, id: &LogId) -> Result<Box<dyn Log>, Error>;

    /// Reads a log from its start; a missing one is empty.
    fn tail(&self, id: &LogId) -> Box<dyn Tail>;

    /// Opens the blobs for writing.
    fn blobs(&self) -> Result<Box<dyn Blobs>, Error>;
}

/// Why an append did not happen.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote first; read on from `end`.
    #[error("log {log}: position {at} was expected to be the end, which is {end}")]
    Conflict {
        log: LogId,
        at: Position,
        end: Position,
    },
    /// It is not known what is durable; the process must end.
    #[error(
        "{place} can't be written any more ({why}); the process must end, and its next start goes on from what is durable"
    )]
    Fatal { place: String, why: String },
}

/// Why a log can't be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{place}: {why}")]
    Io { place: String, why: io::Error },
    /// Damage that no crash explains: a whole entry lies where it does not belong, or behind it.
    #[error(
        "{place} is damaged at byte {offset} ({why}), and no crash explains it; restore it from a copy, or move it away to give its run up"
    )]
    Damaged {
        place: String,
        offset: u64,
        why: String,
    },
    /// A segment that is missing, was swapped or was changed.
    #[error(
        "{place} does not continue its log (segment {number}: {why}); restore it from a copy, or move the log away to give its run up"
    )]
    BadSegment {
        place: String,
        number: Position,
        why: String,
    },
    #[error("{place} was not written by muster, or by a newer one: {why}")]
    Foreign { place: String, why: String },
    #[error(
        "blob {digest} in {place} has other content than its name says; restore it from a copy"
    )]
    BadBlob { place: String, digest: Digest },
}

impl Error {
    /// The store did not answer; the same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Io { why, .. } if why.kind() == io::ErrorKind::TimedOut)
    }
}
