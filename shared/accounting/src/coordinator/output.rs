//! Everything that a coordinator asks its shell to do, in the order it is to be done.
//!
//! Whatever leaves is already covered by the log: the machine holds outputs back until the
//! segments they depend on are durable, and `after` only says which these were.

use std::time::Duration;

use domain::event::{GridEvent, RunEvent};
use domain::message::ToWorker;
use domain::queue::{Ask, Lock, Wait};
use domain::{Digest, Instant, RunId, Term};

use crate::coordinator::input::{ClientId, LogId, StreamId};

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Positions count segments. Read the grid log's durable segments from this position; answered by `Input::GridTail`.
    ReadGrid { from: u64 },
    /// Read a run log from this position; answered by `Input::RunFolded` if that is 0, which takes
    /// the plan too, and by `Input::RunTail` otherwise.
    ReadRun { run: RunId, plan: Digest, from: u64 },
    /// Append one segment at this position or fail; at most one per log is under way.
    Append {
        log: LogId,
        at: u64,
        term: Term,
        /// The run's elapsed time; zero for the grid log.
        elapsed: Duration,
        events: Events,
    },
    Send {
        stream: StreamId,
        message: ToWorker,
        after: Vec<Mark>,
    },
    /// End the stream once what was sent to it has left.
    Close { stream: StreamId },
    Reply {
        client: ClientId,
        answer: Answer,
        after: Vec<Mark>,
    },
    /// Store bytes under their digest, then `Input::BlobStored`.
    PutBlob { digest: Digest, bytes: Vec<u8> },
    /// A run's segments before `up_to` may be shown to followers.
    Published { run: RunId, up_to: u64 },
    /// A closed run is remembered no longer: nothing more is said of it.
    Forgotten { run: RunId },
    /// Run the second routine over the run's log before `up_to` and its plan.
    Recheck {
        run: RunId,
        plan: Digest,
        up_to: u64,
    },
    /// Give `Input::Wake` at this time; a later `WakeAt` replaces an earlier one.
    WakeAt(Instant),
    /// Give up the election, so that another may try at once.
    Resign,
    /// Drop the machine; nothing more may be sent.
    Exit(Exit),
    /// Something an operator may want to read; nothing depends on it.
    Note(String),
}

/// A position in a log: the segments before `to` are durable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub log: LogId,
    pub to: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Events {
    Grid(Vec<GridEvent>),
    Run(Vec<RunEvent>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The run is in the grid log, by this request or an earlier one of the same id.
    Submitted {
        run: RunId,
    },
    /// The stop is in the run's log, or the run had ended before.
    Cancelling {
        run: RunId,
    },
    Runs(QueueLook),
    Refused {
        why: String,
    },
    /// Nothing is wrong with the request; asked again later, it can be answered.
    NotYet {
        why: String,
    },
}

/// One run of the grid log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLine {
    pub run: RunId,
    pub plan: Digest,
    pub bundle: Digest,
    pub ask: Ask,
    /// What it holds from its admission until it is closed.
    pub locks: Vec<Lock>,
    /// Why it was admitted only to be ended.
    pub stop: Option<String>,
    pub is_admitted: bool,
    pub is_closed: bool,
}

/// The queue as clients are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLook {
    /// In the order of submission.
    pub runs: Vec<RunLine>,
    /// Runs that wait, those first whose turn is next, and what for.
    pub waiting: Vec<(RunId, Wait)>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exit {
    #[error("another coordinator leads: {0} holds its segment where ours was to stand")]
    Deposed(String),
    #[error("the store failed: {0}; start again once it works")]
    Store(String),
    #[error("the log can't be followed: {0}; it was not written by this version, or is damaged")]
    Unreadable(String),
    #[error("asked to stop")]
    Retired,
}
