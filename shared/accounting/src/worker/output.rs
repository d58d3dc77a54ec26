//! Everything that a worker's machine asks its shell to do, in the order it is to be done.

use domain::message::FromWorker;
use domain::record::CaseResult;
use domain::{AttemptId, Instant, RunId};

use crate::worker::input::{CaseKey, MadeOf, StreamId};

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Send {
        stream: StreamId,
        message: FromWorker,
    },
    /// End the stream and connect anew.
    Close {
        stream: StreamId,
    },
    /// The attempt may touch the target until this time on our clock, and not a moment longer,
    /// whether or not this machine is asked again.
    OpenGate {
        run: RunId,
        attempt: AttemptId,
        until: Instant,
    },
    /// The attempt may not touch the target any more.
    CloseGate {
        run: RunId,
        attempt: AttemptId,
        why: String,
    },
    /// Execute the case.
    Start {
        key: CaseKey,
        made_of: MadeOf,
    },
    /// Stop executing the case; `Input::CaseEnded` follows as ever and is not counted.
    Abort {
        key: CaseKey,
        why: String,
    },
    /// Write a result to the spool, then `Input::SpoolWritten`.
    Spool {
        run: RunId,
        attempt: AttemptId,
        seq: u64,
        result: Box<CaseResult>,
        record: Vec<u8>,
    },
    /// Frames up to here are durable at the coordinator and may go.
    Unspool {
        run: RunId,
        attempt: AttemptId,
        through: u64,
    },
    /// Drop the attempt's spool altogether.
    Forget {
        run: RunId,
        attempt: AttemptId,
    },
    /// Execute `requires` of the run's suites, then `Input::Probed`.
    Probe {
        run: RunId,
        made_of: MadeOf,
    },
    /// Give `Input::Wake` at this time; a later `WakeAt` replaces an earlier one.
    WakeAt(Instant),
    /// After `Input::Leave`: nothing is held any more.
    Done,
    /// The coordinator refuses this worker; connecting again does not help.
    Refused {
        why: String,
    },
    Note(String),
}
