//! Sees every host and every durable byte, and says which promise is broken as soon as one is.
//!
//! It keeps its own sets, so that a mistake in the fold is seen too. `ledger` looks at segments as
//! they become durable, `seen` at what their events say (`legs` at cases of several), `words` at what leaves a coordinator, `target` at exchanges, `queue` at runs beside each other, `turns` at how a leader shares its workers among them, `fates` at
//! what became of every result, `ending` at verdicts and at the end of the world.

mod ending;
mod fates;
mod ledger;
mod legs;
mod queue;
mod seen;
mod target;
pub(crate) mod turns;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use domain::queue::Priority;
use domain::run::Run;
use domain::{AttemptId, CaseId, Evidence, Plan, RunId, Term};

pub(crate) use crate::invariant::{Broken, Invariant};
pub(crate) use crate::oracle::ending::{decode_grid, decode_run};
use crate::oracle::fates::Fates;
pub(crate) use crate::oracle::fates::LONGEST_REASON;
use crate::shape::Shape;

/// What a run's durable log says, as the oracle reads it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) fold: Option<Run>,
    /// No other run may touch its environment beside it.
    is_exclusive: bool,
    priority: Priority,
    /// Admitted only to be ended.
    is_stopped: bool,
    /// Case → outcome, and the attempts that gave it: one for each leg.
    outcomes: BTreeMap<CaseId, (domain::Outcome, Vec<AttemptId>)>,
    /// Open attempts and the cases they hold.
    open: BTreeMap<AttemptId, BTreeSet<CaseId>>,
    /// The attempt that holds a case.
    holder: BTreeMap<CaseId, AttemptId>,
    /// Cases of several legs that are leased.
    legs: BTreeMap<CaseId, legs::Leasing>,
    /// Attempt → the first of the legs that were leased with it.
    leasing_of: BTreeMap<AttemptId, AttemptId>,
    /// Legs of a leasing that had come to nothing: these may be told to stop.
    in_vain: BTreeSet<AttemptId>,
    last_attempt: Option<AttemptId>,
    /// Attempts given up without their worker.
    lost: BTreeSet<AttemptId>,
    acked: BTreeMap<AttemptId, u64>,
    /// The highest sequence number that a worker was told is durable.
    told: BTreeMap<AttemptId, u64>,
    /// What the executions behind the counted results add up to.
    sums: Evidence,
    term: Term,
    chain: Chain,
    /// World time of the first segment and of the verdict.
    opened_at: u64,
    ended_at: Option<u64>,
    /// Settled or kept results that failed.
    n_failures: u64,
}

/// Where the next segment of a log joins on.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    previous: Vec<u8>,
    n_segments: u64,
    n_events: u64,
    term: u64,
}

#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) runs: BTreeMap<RunId, Seen>,
    pub(crate) fates: Fates,
    submitted: BTreeSet<RunId>,
    pub(crate) admitted: BTreeSet<RunId>,
    pub(crate) closed: BTreeSet<RunId>,
    grid_chain: Chain,
    grid_term: Term,
    /// Runs that have leased and are not closed.
    leasing: BTreeSet<RunId>,
    /// The latest attempt that touched the target for a case.
    touched: BTreeMap<(RunId, CaseId), AttemptId>,
    batch_events: usize,
    max_active: usize,
    /// In the order of submission, with those that wait.
    queue: Vec<RunId>,
    /// When the last fault has healed.
    healed_at: u64,
    /// What came up, for the table of situations.
    pub(crate) noted: BTreeSet<&'static str>,
}

impl Oracle {
    pub(crate) fn new(shape: &Shape, healed_at: u64) -> Self {
        Self {
            runs: BTreeMap::new(),
            fates: Fates::default(),
            submitted: BTreeSet::new(),
            admitted: BTreeSet::new(),
            closed: BTreeSet::new(),
            grid_chain: Chain::default(),
            grid_term: Term::default(),
            leasing: BTreeSet::new(),
            touched: BTreeMap::new(),
            batch_events: shape.batch_events,
            max_active: shape.max_active,
            queue: Vec::new(),
            healed_at,
            noted: BTreeSet::new(),
        }
    }

    /// A run is about to be submitted.
    pub(crate) fn planned(&mut self, plan: Plan, exclusive: bool, priority: Priority) {
        let seen = self.runs.entry(plan.run.clone()).or_default();
        let runs_alone =
            |case: &domain::PlannedCase| case.exclusive && case.declared_skip.is_none();
        seen.is_exclusive = exclusive || plan.cases.iter().any(runs_alone);
        seen.priority = priority;
        seen.fold = Some(Run::new(plan));
    }

    /// Leased cases of the run have no outcome yet.
    pub(crate) fn has_open_cases(&self, run: &RunId) -> bool {
        let seen = self.runs.get(run);
        seen.is_some_and(|seen| seen.open.values().any(|cases| !cases.is_empty()))
    }

    /// A leader of a later term than this has written.
    pub(crate) fn is_succeeded(&self, term: Term) -> bool {
        self.grid_term > term || self.runs.values().any(|seen| seen.term > term)
    }
}
