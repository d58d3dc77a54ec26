//! What workers and coordinator say to each other, free of any wire format.
//!
//! Every message down carries the term; every message about work carries run, attempt and
//! session. A worker refuses a term lower than the highest it has seen.

use std::time::Duration;

use crate::ids::{
    AttemptId, CaseId, Digest, Incarnation, Region, RunId, SessionId, Term, WorkerId,
};
use crate::instant::Instant;
use crate::record::{CaseResult, Preflight};

/// The protocol both sides speak; a Hello with another number is refused with the range.
pub const PROTOCOL: u32 = 1;

#[derive(Clone, Debug, PartialEq)]
pub enum FromWorker {
    Hello(Hello),
    /// Each 5 s, and when slots are idle.
    Beat {
        stamp: Instant,
        idle_slots: u32,
    },
    /// One case result; `seq` is dense from 1 within the attempt. `record` are the bytes that
    /// `result.record` names.
    Result {
        run: RunId,
        attempt: AttemptId,
        session: SessionId,
        seq: u64,
        result: Box<CaseResult>,
        record: Vec<u8>,
    },
    /// Nothing more comes from this attempt; `released` were never started. Sent again after a
    /// reconnect until `AttemptOver` answers it.
    AttemptEnd {
        run: RunId,
        attempt: AttemptId,
        session: SessionId,
        last_seq: u64,
        released: Vec<CaseId>,
    },
    Probed {
        run: RunId,
        region: Region,
        preflight: Preflight,
    },
    /// The worker finishes what runs and takes nothing new; a Goodbye follows.
    Leaving {
        why: String,
    },
    /// A clean end: the worker holds nothing.
    Goodbye {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    pub protocol: u32,
    pub worker: WorkerId,
    pub region: Region,
    pub slots: u32,
    pub incarnation: Incarnation,
    pub stamp: Instant,
    pub version: String,
    pub open: Vec<OpenAttempt>,
}

/// An attempt whose results the worker still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAttempt {
    pub run: RunId,
    pub attempt: AttemptId,
    /// The lowest sequence number not acknowledged.
    pub next_seq: u64,
    /// Still executing, under a lease the worker believes in. False: only results to deliver.
    pub alive: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ToWorker {
    pub term: Term,
    pub body: ToWorkerBody,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ToWorkerBody {
    Welcome {
        session: SessionId,
    },
    /// Refused; the reason says what to do. The stream ends after it.
    Refused {
        why: String,
    },
    /// Not now: say hello again after this long. The stream ends after it.
    Later {
        after: Duration,
        /// Empty when too many workers come at once.
        why: String,
    },
    /// Execute `requires` for this run and answer with `Probed`.
    Probe {
        run: RunId,
        plan: Digest,
        bundle: Digest,
        sharers: u32,
    },
    Lease {
        run: RunId,
        attempt: AttemptId,
        session: SessionId,
        plan: Digest,
        bundle: Digest,
        cases: Vec<CaseId>,
        /// Workers that share the environment's caps; 0 where the plan knows of none.
        sharers: u32,
        /// The newest stamp of the worker proven durable; the worker stops at stamp + `ttl`.
        stamp: Instant,
        ttl: Duration,
    },
    /// Renews exactly the attempts it lists.
    Renew {
        stamp: Instant,
        ttl: Duration,
        attempts: Vec<(RunId, AttemptId)>,
    },
    Ack {
        run: RunId,
        attempt: AttemptId,
        through: u64,
    },
    /// A gap, or an attempt taken up again: all below `seq` is durable, send from `seq`.
    Expect {
        run: RunId,
        attempt: AttemptId,
        seq: u64,
    },
    /// The attempt is over: stop it, deliver what it has, start nothing.
    Fenced {
        run: RunId,
        attempt: AttemptId,
        why: String,
    },
    /// The end of the attempt is durable, or its run is closed: forget it, spool and all.
    AttemptOver {
        run: RunId,
        attempt: AttemptId,
    },
    /// The run stops: abort what runs and answer with `AttemptEnd`.
    Cancel {
        run: RunId,
        attempt: AttemptId,
        why: String,
    },
    /// Finish, hand back, say goodbye.
    Drain {
        why: String,
    },
}
