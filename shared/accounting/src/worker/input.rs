//! Everything that can happen to a worker.

use domain::message::ToWorker;
use domain::record::{CaseResult, Preflight};
use domain::{AttemptId, CaseId, Digest, RunId};

/// One connection to a coordinator, numbered by the shell; a number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A stream to a coordinator is open.
    Connected {
        stream: StreamId,
    },
    Disconnected {
        stream: StreamId,
    },
    FromCoordinator {
        stream: StreamId,
        message: Box<ToWorker>,
    },
    /// The execution that `Output::Start` began is over, aborted or not. `record` are the bytes
    /// that `result.record` names.
    CaseEnded {
        run: RunId,
        attempt: AttemptId,
        result: Box<CaseResult>,
        record: Vec<u8>,
    },
    /// The frame that `Output::Spool` named is on disk.
    SpoolWritten {
        run: RunId,
        attempt: AttemptId,
        seq: u64,
    },
    /// What `Output::Probe` asked for.
    Probed {
        run: RunId,
        preflight: Preflight,
    },
    /// Finish what runs, give back the rest, say goodbye (SIGTERM).
    Leave {
        why: String,
    },
    /// The time to finish is over: abort what still runs.
    LeaveNow,
    /// The time that `Output::WakeAt` named has come.
    Wake,
}

/// What an earlier incarnation left in the spool: results that were never acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered {
    pub run: RunId,
    pub attempt: AttemptId,
    pub results: Vec<RecoveredResult>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RecoveredResult {
    pub seq: u64,
    pub result: CaseResult,
    pub record: Vec<u8>,
}

/// What a run is executed from, and how many workers share the environment's caps (0 where the
/// plan knows of none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeOf {
    pub plan: Digest,
    pub bundle: Digest,
    pub sharers: u32,
}

/// A case as named in outputs and by executors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseKey {
    pub run: RunId,
    pub attempt: AttemptId,
    pub case: CaseId,
}
