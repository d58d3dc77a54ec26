//! Everything that can happen to a coordinator.

use std::collections::BTreeSet;

use domain::event::{GridEvent, RunEvent, Segment};
use domain::message::FromWorker;
use domain::queue::Priority;
use domain::{Digest, Plan, RunId, Term};

use crate::coordinator::folded::Folded;

/// Which of the grid's logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogId {
    Grid,
    Run(RunId),
}

/// One stream of a worker, numbered by the shell; a number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// One request of a client, numbered by the shell; it is answered once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// Bytes with their name: SHA-256 in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    pub digest: Digest,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// This process may try to lead under this term.
    Elected {
        term: Term,
    },
    /// The answer to `Output::ReadGrid`: the durable segments from where it asked, in order.
    GridTail {
        segments: Vec<Segment<GridEvent>>,
    },
    /// The answer to `Output::ReadRun` from position 0: the run folded to the end of its log.
    /// `wall_ms` is the wall clock now, for the time that passed between two leaders.
    RunFolded {
        run: RunId,
        folded: Box<Folded>,
        wall_ms: u64,
    },
    /// The answer to `Output::ReadRun` from a later position: what came since.
    RunTail {
        run: RunId,
        segments: Vec<Segment<RunEvent>>,
        wall_ms: u64,
    },
    /// All segments before position `to` are durable.
    Durable {
        log: LogId,
        to: u64,
    },
    AppendFailed {
        log: LogId,
        why: AppendError,
    },
    /// A run's log or plan could not be read: the others are led without it.
    RunUnreadable {
        run: RunId,
        why: String,
    },
    /// The grid log could not be read, or a blob not be written.
    StoreFailed {
        why: String,
    },
    FromWorker {
        stream: StreamId,
        message: FromWorker,
    },
    Disconnected {
        stream: StreamId,
    },
    FromClient {
        client: ClientId,
        request: Request,
    },
    BlobStored {
        digest: Digest,
    },
    /// What the second routine read out of the raw log: the table's hash, the marks that decide
    /// beside the table, and what it found wrong.
    Rechecked {
        run: RunId,
        hash: Digest,
        marks: BTreeSet<String>,
        problems: Vec<String>,
    },
    /// The time that `Output::WakeAt` named has come.
    Wake,
    /// This process gives up leading, to stop in an orderly way.
    Retire,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// Another writer's segment stands at that position.
    Conflict,
    /// The log can't be written; what happened to the segment is unknown.
    Io(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Idempotent by `client_request_id`. `plan` is what `plan_blob` decodes to.
    Submit {
        client_request_id: String,
        priority: Priority,
        /// No other run may be on the environment meanwhile.
        exclusive: bool,
        plan: Box<Plan>,
        plan_blob: Blob,
        bundle_blob: Blob,
    },
    Cancel {
        run: RunId,
        why: String,
    },
    /// All runs of the grid log.
    List,
}
