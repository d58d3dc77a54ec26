//! The closed list of what a log can hold. Everything else is a fold of these.
//!
//! `RunEvent` lives in a run log, `GridEvent` in the grid log. Decisions are events; they are
//! never recomputed later by a newer binary.

use std::time::Duration;

use crate::gate::Verdict;
use crate::ids::{AttemptId, CaseId, Digest, Region, RunId, SessionId, Term, WorkerId};
use crate::outcome::Outcome;
use crate::plan::Tier;
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
    /// A shard of cases is leased; `attempt` is its fencing token.
    ShardLeased {
        attempt: AttemptId,
        worker: WorkerId,
        session: SessionId,
        region: Region,
        cases: Vec<CaseId>,
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
    /// An outcome decided by the coordinator: skipped, lost, cancelled, errored(no_capacity).
    CaseClosed {
        case: CaseId,
        outcome: Outcome,
        reason: String,
    },
    /// All results of the attempt are in, or it gave back what it had not started.
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
        case: CaseId,
        why: String,
    },
    /// The environment changed under the run.
    EnvironmentChanged {
        region: Region,
        from: String,
        to: String,
    },
    StopRequested {
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
        result: CaseResult,
    },
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
    },
    RunAdmitted {
        run: RunId,
    },
    RunClosed {
        run: RunId,
    },
    Tick,
}
