//! Health of the grid itself: workers, leases, and results that were not counted.

use domain::ids::{AttemptId, CaseId, Region, WorkerId};
use domain::outcome::Outcome;
use domain::run::{Aside, Attempt, AttemptState, CaseState, Run};

#[derive(Clone, Debug, Default)]
pub struct Fleet {
    pub workers: Vec<WorkerLine>,
    pub leases: Leases,
    /// Results of fenced attempts, or of cases that had ended.
    pub kept: Vec<AsideLine>,
    /// Two contents under one key.
    pub rejected: Vec<AsideLine>,
    /// After the verdict.
    pub late: Vec<AsideLine>,
}

#[derive(Clone, Debug)]
pub struct WorkerLine {
    pub worker: WorkerId,
    pub region: Region,
    pub slots: u32,
    /// Why it left; `None` while it takes part.
    pub left: Option<String>,
    pub leases: u64,
    pub leases_lost: u64,
    /// Cases whose counted result is its own, executed in this run.
    pub cases: u64,
}

/// Leases by how they ended. granted = ended + lost + open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    pub granted: u64,
    pub ended: u64,
    pub lost: u64,
    pub open: u64,
    /// How often a worker took one up again after a takeover or a reconnect.
    pub reattached: u64,
}

/// A result that is kept and not counted.
#[derive(Clone, Debug)]
pub struct AsideLine {
    pub case: CaseId,
    pub attempt: AttemptId,
    pub worker: WorkerId,
    pub outcome: Outcome,
    pub why: String,
}

pub(super) fn collect(run: &Run) -> Fleet {
    let kept = run
        .cases()
        .flat_map(|(_, facts)| &facts.kept)
        .map(|kept| AsideLine {
            case: kept.result.case.clone(),
            attempt: kept.attempt,
            worker: kept.result.worker.clone(),
            outcome: kept.result.outcome,
            why: kept.why.clone(),
        });
    Fleet {
        workers: workers(run),
        leases: leases(run),
        kept: kept.collect(),
        rejected: run.rejected().iter().map(aside).collect(),
        late: run.late().iter().map(aside).collect(),
    }
}

fn aside(aside: &Aside) -> AsideLine {
    AsideLine {
        case: aside.result.case.clone(),
        attempt: aside.attempt,
        worker: aside.result.worker.clone(),
        outcome: aside.result.outcome,
        why: aside.why.clone(),
    }
}

fn workers(run: &Run) -> Vec<WorkerLine> {
    let lines = run.workers().iter().map(|(worker, seen)| {
        let held: Vec<_> = run.attempts().values().filter(|attempt| attempt.worker == *worker).collect();
        let is_own = |state: &CaseState| matches!(state, CaseState::Settled { result, .. } if result.worker == *worker);
        WorkerLine {
            worker: worker.clone(),
            region: seen.region.clone(),
            slots: seen.slots,
            left: seen.left.clone(),
            leases: super::count(held.iter()),
            leases_lost: super::count(held.iter().filter(|attempt| is_lost(attempt))),
            cases: super::count(run.cases().filter(|(_, facts)| is_own(&facts.state))),
        }
    });
    lines.collect()
}

fn leases(run: &Run) -> Leases {
    let attempts = || run.attempts().values();
    Leases {
        granted: super::count(attempts()),
        ended: super::count(attempts().filter(|attempt| attempt.state == AttemptState::Ended)),
        lost: super::count(attempts().filter(|attempt| is_lost(attempt))),
        open: super::count(attempts().filter(|attempt| attempt.is_open())),
        reattached: attempts()
            .map(|attempt| u64::from(attempt.n_reattached))
            .sum(),
    }
}

fn is_lost(attempt: &Attempt) -> bool {
    matches!(attempt.state, AttemptState::Lost { .. })
}
