//! The closed list of what a log can hold. Everything else is a fold of these.
//!
//! `RunEvent` lives in a run log, `GridEvent` in the grid log. Decisions are events; they are
//! never recomputed later by a newer binary.

use std::time::Duration;

use crate::gate::Verdict;
use crate::ids::{
    AttemptId, CaseId, Digest, Incarnation, Region, RunId, SessionId, Term, WorkerId,
};
use crate::outcome::Outcome;
use crate::plan::Tier;
use crate::queue::{Ask, Lock};
use crate::record::{CaseResult, Preflight};

#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// First event of a run log: the plan's blob is stored before it.
    RunOpened {
        run: RunId,
        plan: Digest,
        bundle: Digest,
    },
    /// A leader's first act on a log; nothing it decides counts before.
    TermStarted {
        term: Term,
        leader: String,
        format: u32,
    },
    WorkerJoined {
        worker: WorkerId,
        region: Region,
        slots: u32,
        incarnation: Incarnation,
    },
    WorkerLeft {
        worker: WorkerId,
        why: String,
    },
    /// Preflight of a region, before any of its cases.
    RegionProbed {
        region: Region,
        preflight: Preflight,
    },
    /// The gate was red for a tier; what has not started in later tiers ends as skipped.
    GateClosed {
        tier: Tier,
        why: String,
    },
    /// The environment's caps are shared by so many workers: no more of them hold leases at one
    /// time, and each keeps to its equal part. Once per run, before its first lease.
    CapsShared {
        sharers: u32,
    },
    /// A shard of cases is leased; `attempt` is its fencing token.
    ShardLeased {
        attempt: AttemptId,
        worker: WorkerId,
        session: SessionId,
        region: Region,
        cases: Vec<CaseId>,
    },
    /// All legs of a case are leased at once, in the order of the plan: each to another worker,
    /// under an attempt of its own.
    LegsLeased {
        case: CaseId,
        legs: Vec<LegLease>,
    },
    /// After a takeover or a reconnect the same worker goes on under a new session.
    AttemptReattached {
        attempt: AttemptId,
        session: SessionId,
    },
    /// A result that counts: the case's first and only one.
    CaseSettled {
        attempt: AttemptId,
        seq: u64,
        result: CaseResult,
    },
    /// The result of one leg. With the last of them the case has its outcome.
    LegSettled {
        attempt: AttemptId,
        seq: u64,
        result: CaseResult,
    },
    /// An outcome taken over from the run that this one completes; the result stands in
    /// `Plan::carried`.
    CaseCarried {
        case: CaseId,
    },
    /// An outcome decided by the coordinator: skipped, lost, cancelled, errored(no_capacity).
    CaseClosed {
        case: CaseId,
        outcome: Outcome,
        reason: String,
    },
    /// Nothing more comes from the attempt. A case of it that is neither settled nor released was
    /// begun and not finished: it waits again, and the loss blames nobody.
    AttemptEnded {
        attempt: AttemptId,
        released: Vec<CaseId>,
    },
    /// The lease ended without the worker; its open cases wait again, or end as lost.
    AttemptLost {
        attempt: AttemptId,
        why: String,
        blames: bool,
    },
    /// A result of a fenced attempt: kept and named, never counted.
    ResultKept {
        attempt: AttemptId,
        seq: u64,
        result: CaseResult,
        why: String,
    },
    /// Same key, other content: both kept, and the verdict can't be GO.
    ResultRejected {
        attempt: AttemptId,
        seq: u64,
        result: CaseResult,
        why: String,
    },
    /// The environment changed under the run.
    EnvironmentChanged {
        region: Region,
        from: String,
        to: String,
    },
    /// Why the run ends before all its cases did; at most once.
    StopRequested {
        cause: StopCause,
        why: String,
    },
    /// No new leases from here on.
    Draining {
        why: String,
    },
    RunEnded {
        verdict: Verdict,
        elapsed: Duration,
    },
    /// After the verdict: shown as late, never counted.
    ResultLate {
        attempt: AttemptId,
        seq: u64,
        result: CaseResult,
    },
}

/// Who has one leg of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegLease {
    pub attempt: AttemptId,
    pub worker: WorkerId,
    pub session: SessionId,
    pub region: Region,
}

/// What ended a run before all its cases did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopCause {
    /// Ctrl-C, or another client that asked for it.
    Client,
    /// `-x` or `--max-fail`.
    MaxFail,
    /// The run's own deadline, by its logged elapsed time.
    Deadline,
}

impl StopCause {
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::MaxFail => "max_fail",
            Self::Deadline => "deadline",
        }
    }
}

/// What one append writes: a batch of events under one term, with the times that a fold may use.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment<E> {
    /// Place in the log, from 0, dense.
    pub position: u64,
    pub term: Term,
    /// The run's elapsed time when the segment was made; zero in the grid log.
    pub elapsed: Duration,
    /// Unix time in milliseconds; for readers, and for downtime at a takeover.
    pub wall_ms: u64,
    pub events: Vec<E>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GridEvent {
    TermStarted {
        term: Term,
        leader: String,
        format: u32,
    },
    RunSubmitted {
        client_request_id: String,
        run: RunId,
        plan: Digest,
        bundle: Digest,
        ask: Ask,
    },
    /// The run's log counts from here on.
    RunAdmitted {
        run: RunId,
        /// Its own until it is closed.
        locks: Vec<Lock>,
        /// Why it is admitted only to be ended: it was cancelled while it waited. It leases nothing.
        stop: Option<String>,
    },
    /// The caps of an environment are divided into so many parts, which all runs that are active
    /// there share, until none is.
    CapsShared {
        environment: String,
        sharers: u32,
    },
    /// The run has its verdict, and nothing of it can touch its environment any more.
    RunClosed {
        run: RunId,
    },
    Tick,
}
