//! Health of the grid itself: workers, leases, and results that were not counted.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::{AttemptId, CaseId, Region, WorkerId};
use domain::outcome::Outcome;
use domain::run::{Aside, Attempt, AttemptState, Run};

use super::case_line::CaseLine;

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
    /// How often it took a lease up again after a takeover or a reconnect.
    pub reattached: u64,
    /// Why each of its lost leases was lost.
    pub losses: Vec<String>,
    /// Cases whose counted result is its own, executed in this run.
    pub cases: u64,
    /// Time spent in these cases; its slots work side by side.
    pub busy: Duration,
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
    /// Cases in them, each as often as it was leased.
    pub cases: u64,
}

/// The environment's own spans, as far as a coordinator kept them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerSpans {
    pub kept: u64,
    /// Of this run, and not kept: there were too many, or they came too late.
    pub dropped: u64,
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

pub(super) fn collect(run: &Run, cases: &[CaseLine]) -> Fleet {
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
        workers: workers(run, cases),
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

fn workers(run: &Run, cases: &[CaseLine]) -> Vec<WorkerLine> {
    let mut own: BTreeMap<&WorkerId, (u64, Duration)> = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.is_carried) {
        if let Some(worker) = &case.worker {
            let (cases, busy) = own.entry(worker).or_default();
            *cases += 1;
            *busy += case.duration;
        }
    }
    let mut held: BTreeMap<&WorkerId, Vec<&Attempt>> = BTreeMap::new();
    for attempt in run.attempts().values() {
        held.entry(&attempt.worker).or_default().push(attempt);
    }
    let lines = run.workers().iter().map(|(worker, seen)| {
        let held = held.get(worker).map(Vec::as_slice).unwrap_or_default();
        let losses: Vec<_> = held.iter().filter_map(|attempt| loss(attempt)).collect();
        let (cases, busy) = own.get(worker).copied().unwrap_or_default();
        WorkerLine {
            worker: worker.clone(),
            region: seen.region.clone(),
            slots: seen.slots,
            left: seen.left.clone(),
            leases: super::count(held.iter()),
            leases_lost: super::count(losses.iter()),
            reattached: held.iter().map(|one| u64::from(one.n_reattached)).sum(),
            losses,
            cases,
            busy,
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
        cases: super::count(attempts().flat_map(|attempt| &attempt.cases)),
    }
}

fn is_lost(attempt: &Attempt) -> bool {
    matches!(attempt.state, AttemptState::Lost { .. })
}

fn loss(attempt: &Attempt) -> Option<String> {
    match &attempt.state {
        AttemptState::Lost { why, .. } => Some(format!("attempt {}: {why}", attempt.id)),
        _ => None,
    }
}
