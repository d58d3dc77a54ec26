//! The fold of a run log: what is true of a run after its events, and which events are illegal.
//!
//! Scheduler, live view, report and verdict all read this one fold. It holds no clock, no float
//! and no hash order, so the same events give the same state everywhere. `run/apply.rs` holds the
//! rules event by event, `run/case.rs` and `run/attempt.rs` the parts, `run/table.rs` the end.

mod apply;
mod attempt;
mod case;
mod count;
mod environment;
mod illegal;
mod legs;
mod marks;
mod settle;
mod shard;
mod table;
mod waiting;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::event::{RunEvent, Segment, StopCause};
use crate::gate::Verdict;
use crate::ids::{AttemptId, CaseId, Digest, Incarnation, Region, Term, WorkerId};
use crate::outcome::Totals;
use crate::plan::{Plan, PlannedCase, Tier};
use crate::record::{CaseResult, Preflight};

pub use attempt::{Attempt, AttemptState};
pub use case::{CaseFacts, CaseState, Kept, LOSSES_BEFORE_ALONE, Loss};
pub use environment::EnvironmentDoubt;
pub use illegal::Illegal;
pub use legs::{HeldLeg, LegState};
pub use marks::marks;
pub use table::{canonical, table};

/// A worker as the run log knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerSeen {
    pub region: Region,
    pub slots: u32,
    pub incarnation: Incarnation,
    /// Why it left; `None` while it takes part.
    pub left: Option<String>,
}

/// A result that was refused or came late, with its place in its attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    pub attempt: AttemptId,
    pub seq: u64,
    pub result: CaseResult,
    /// Empty for a late result: being late is the reason.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentChange {
    pub region: Region,
    pub from: String,
    pub to: String,
}

/// Why a run stopped before all its cases had ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub cause: StopCause,
    pub why: String,
}

/// A closed tier gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedGate {
    pub tier: Tier,
    pub why: String,
}

/// The state of one run, as far as its events go.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    plan: Arc<Plan>,
    /// Place of each case in `plan.cases`, and of each carried result in `plan.carried`.
    places: BTreeMap<CaseId, usize>,
    carried: BTreeMap<CaseId, usize>,
    cases: Vec<CaseFacts>,
    /// Places of the plan whose id stands earlier too: they are no cases of their own.
    repeated: BTreeSet<usize>,
    n_open: usize,
    n_waiting: usize,
    waiting: waiting::Waiting,
    /// Exclusive cases that are leased: counted, for each lease asks for it.
    n_exclusive_leased: usize,
    /// Cases that were lost so often that they must be alone, whatever became of them.
    suspects: BTreeSet<CaseId>,
    /// Cases with an outcome, counted as they get it.
    ended: Totals,
    attempts: BTreeMap<AttemptId, Attempt>,
    open_attempts: BTreeSet<AttemptId>,
    workers: BTreeMap<WorkerId, WorkerSeen>,
    preflights: BTreeMap<Region, Preflight>,
    bundle: Option<Digest>,
    term: Option<Term>,
    sharers: Option<u32>,
    gates_closed: Vec<ClosedGate>,
    changes: Vec<EnvironmentChange>,
    rejected: Vec<Aside>,
    late: Vec<Aside>,
    stop: Option<Stop>,
    draining: Option<String>,
    verdict: Option<Verdict>,
    elapsed: Duration,
}

impl Run {
    /// A run before its first event. A case id that stands twice in the plan is one case: see
    /// [`Plan::repeated_ids`], which a coordinator asks before it admits a plan.
    pub fn new(plan: impl Into<Arc<Plan>>) -> Self {
        let plan = plan.into();
        let (mut places, mut repeated) = (BTreeMap::new(), BTreeSet::new());
        for (place, case) in plan.cases.iter().enumerate() {
            if *places.entry(case.id.clone()).or_insert(place) != place {
                repeated.insert(place);
            }
        }
        let mut carried = BTreeMap::new();
        for (place, result) in plan.carried.iter().enumerate() {
            carried.entry(result.case.clone()).or_insert(place);
        }
        Self {
            cases: vec![CaseFacts::default(); plan.cases.len()],
            n_open: places.len(),
            n_waiting: places.len(),
            waiting: waiting::Waiting::all(&plan, |place| !repeated.contains(&place)),
            n_exclusive_leased: 0,
            suspects: BTreeSet::new(),
            ended: Totals {
                planned: places.len() as u64,
                ..Totals::default()
            },
            places,
            repeated,
            carried,
            plan,
            attempts: BTreeMap::new(),
            open_attempts: BTreeSet::new(),
            workers: BTreeMap::new(),
            preflights: BTreeMap::new(),
            bundle: None,
            term: None,
            sharers: None,
            gates_closed: Vec::new(),
            changes: Vec::new(),
            rejected: Vec::new(),
            late: Vec::new(),
            stop: None,
            draining: None,
            verdict: None,
            elapsed: Duration::ZERO,
        }
    }

    /// Folds one event in, or says why it must not happen; then nothing has changed.
    pub fn apply(&mut self, event: &RunEvent) -> Result<(), Illegal> {
        apply::apply(self, event)
    }

    /// Folds a segment as read from the log: its term must not fall, its elapsed time is kept.
    pub fn apply_segment(&mut self, segment: &Segment<RunEvent>) -> Result<(), Illegal> {
        for event in &segment.events {
            self.apply(event)?;
        }
        self.observe_elapsed(segment.elapsed);
        match self.term {
            Some(term) if term == segment.term => Ok(()),
            held => Err(Illegal::ForeignTerm {
                held: held.unwrap_or_default(),
                segment: segment.term,
            }),
        }
    }

    /// The run's elapsed time as a segment states it; it never falls.
    pub fn observe_elapsed(&mut self, elapsed: Duration) {
        self.elapsed = self.elapsed.max(elapsed);
    }

    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Each planned case with what is known of it, in the plan's order.
    pub fn cases(&self) -> impl Iterator<Item = (&PlannedCase, &CaseFacts)> {
        let both = self.plan.cases.iter().zip(&self.cases).enumerate();
        both.filter(|(place, _)| !self.repeated.contains(place))
            .map(|(_, pair)| pair)
    }

    pub fn case(&self, case: &CaseId) -> Option<&CaseFacts> {
        self.places
            .get(case)
            .and_then(|&place| self.cases.get(place))
    }

    pub fn planned(&self, case: &CaseId) -> Option<&PlannedCase> {
        self.places
            .get(case)
            .and_then(|&place| self.plan.cases.get(place))
    }

    /// The case at a place of the plan; for callers that keep places instead of names.
    pub fn at(&self, place: usize) -> Option<(&PlannedCase, &CaseFacts)> {
        Some((self.plan.cases.get(place)?, self.cases.get(place)?))
    }

    pub fn state(&self, case: &CaseId) -> Option<&CaseState> {
        self.case(case).map(|facts| &facts.state)
    }

    pub fn attempts(&self) -> &BTreeMap<AttemptId, Attempt> {
        &self.attempts
    }

    pub fn attempt(&self, attempt: AttemptId) -> Option<&Attempt> {
        self.attempts.get(&attempt)
    }

    /// Attempts neither ended nor lost, in the order they were leased.
    pub fn open_attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.open_attempts
            .iter()
            .filter_map(|attempt| self.attempts.get(attempt))
    }

    /// The token that the next lease gets.
    pub fn next_attempt(&self) -> AttemptId {
        let last = self.attempts.keys().next_back();
        AttemptId(last.map_or(0, |attempt| attempt.0) + 1)
    }

    /// Workers that took part, those that left too.
    pub fn workers(&self) -> &BTreeMap<WorkerId, WorkerSeen> {
        &self.workers
    }

    /// What `requires` met, by region probed so far.
    pub fn preflights(&self) -> &BTreeMap<Region, Preflight> {
        &self.preflights
    }

    pub fn is_green(&self, region: &Region) -> bool {
        self.preflights
            .get(region)
            .is_some_and(|preflight| preflight.green)
    }

    /// The bundle that the log names; `None` before the run is opened.
    pub fn bundle(&self) -> Option<&Digest> {
        self.bundle.as_ref()
    }

    pub fn is_opened(&self) -> bool {
        self.bundle.is_some()
    }

    pub fn term(&self) -> Option<Term> {
        self.term
    }

    /// Workers that share the environment's caps; `None` until that is fixed, and without caps.
    pub fn sharers(&self) -> Option<u32> {
        self.sharers
    }

    pub fn gates_closed(&self) -> &[ClosedGate] {
        &self.gates_closed
    }

    pub fn environment_changes(&self) -> &[EnvironmentChange] {
        &self.changes
    }

    /// Results whose content contradicts what is kept: the verdict can't be GO.
    pub fn rejected(&self) -> &[Aside] {
        &self.rejected
    }

    /// Results that came after the verdict.
    pub fn late(&self) -> &[Aside] {
        &self.late
    }

    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Why no more is leased; `None` while the run goes on.
    pub fn draining(&self) -> Option<&str> {
        self.draining.as_deref()
    }

    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    pub fn is_ended(&self) -> bool {
        self.verdict.is_some()
    }

    /// Cases without an outcome.
    pub fn n_open(&self) -> usize {
        self.n_open
    }

    /// Cases that nobody holds and that have no outcome.
    pub fn n_waiting(&self) -> usize {
        self.n_waiting
    }

    /// Elapsed time of the newest segment seen; of the verdict, once there is one.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The result taken over from the run that this one completes.
    pub fn carried_result(&self, case: &CaseId) -> Option<&CaseResult> {
        self.carried
            .get(case)
            .and_then(|&place| self.plan.carried.get(place))
    }

    /// The one place where a case changes its state; answers with the one before.
    fn set_state(&mut self, case: &CaseId, state: CaseState) -> Result<CaseState, Illegal> {
        let place = self.places.get(case).copied();
        let place = place.ok_or_else(|| Illegal::UnknownCase(case.clone()))?;
        let unknown = || Illegal::UnknownCase(case.clone());
        let facts = self.cases.get_mut(place).ok_or_else(unknown)?;
        let planned = self.plan.cases.get(place).ok_or_else(unknown)?;
        let outcome = state.outcome();
        let waits = state == CaseState::Waiting;
        let is_leased = matches!(state, CaseState::Leased(_));
        let before = std::mem::replace(&mut facts.state, state);
        if waits {
            self.n_waiting += 1;
            self.waiting.begins(place, planned);
        }
        if before == CaseState::Waiting {
            self.n_waiting -= 1;
            self.waiting.ends(place, planned);
        }
        if planned.exclusive {
            self.n_exclusive_leased += usize::from(is_leased);
            self.n_exclusive_leased -= usize::from(matches!(before, CaseState::Leased(_)));
        }
        if let Some(outcome) = outcome {
            self.n_open -= 1;
            self.ended.count(outcome);
        }
        Ok(before)
    }

    fn facts_mut(&mut self, case: &CaseId) -> Result<&mut CaseFacts, Illegal> {
        let place = self.places.get(case).copied();
        place
            .and_then(|place| self.cases.get_mut(place))
            .ok_or_else(|| Illegal::UnknownCase(case.clone()))
    }
}

impl Plan {
    /// Case ids that stand more than once: such a plan is refused, for counting is by set.
    pub fn repeated_ids(&self) -> Vec<CaseId> {
        let mut seen = BTreeSet::new();
        let ids = self.cases.iter().map(|case| &case.id);
        ids.filter(|id| !seen.insert(*id)).cloned().collect()
    }
}
