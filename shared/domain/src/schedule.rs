//! Which cases are leased next, to whom, and which tiers are closed: pure functions over the fold.
//! How runs that are active at once share workers is in `schedule::fair`.
//!
//! Order: tier by tier, cases of several legs first and exclusive ones last in their tier; inside, the longest known duration
//! first and unknown ones before all. Nothing here reads a clock or changes the run.

pub mod fair;
pub mod gang;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ids::{CaseId, Region, WorkerId};
use crate::outcome::Outcome;
use crate::plan::{Plan, PlannedCase, Tier};
use crate::run::{CaseFacts, CaseState, ClosedGate, Run};

pub use crate::run::LOSSES_BEFORE_ALONE;
use gang::is_placeable;

/// The order in which a run's cases are offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Places of cases that are leased by shards, and of those that nothing may come before: exclusive
    /// ones, whatever their legs.
    shards: Vec<usize>,
    /// Places of cases with several legs.
    gangs: Vec<usize>,
}

impl Order {
    /// `known` holds durations from earlier runs.
    pub fn new(plan: &Plan, known: &BTreeMap<CaseId, Duration>) -> Self {
        let mut seen = BTreeSet::new();
        let mut places: Vec<usize> = (0..plan.cases.len())
            .filter(|&place| seen.insert(&plan.cases[place].id))
            .collect();
        places.sort_by_key(|&place| {
            let case = &plan.cases[place];
            let duration = known.get(&case.id).copied().unwrap_or(Duration::MAX);
            (rank(case), Reverse(duration), place)
        });
        let is_gang = |&place: &usize| plan.cases[place].is_gang();
        let is_of_shards = |&place: &usize| !is_gang(&place) || plan.cases[place].exclusive;
        Self {
            gangs: places.iter().copied().filter(is_gang).collect(),
            shards: places.into_iter().filter(is_of_shards).collect(),
        }
    }

    /// Drops cases that have their outcome, once there are enough of them that later looks get
    /// shorter by it.
    pub fn prune(&mut self, run: &Run) {
        let n_known = self.shards.len() + self.gangs.len();
        if n_known.saturating_sub(run.n_open()) <= 256 + n_known / 16 {
            return;
        }
        let is_open = |&place: &usize| {
            let facts = run.at(place);
            facts.is_some_and(|(_, facts)| facts.state.is_open())
        };
        self.shards.retain(is_open);
        self.gangs.retain(is_open);
    }

    fn waiting<'a>(
        &'a self,
        run: &'a Run,
    ) -> impl Iterator<Item = (&'a PlannedCase, &'a CaseFacts)> {
        waiting(&self.shards, run)
    }

    fn waiting_gangs<'a>(
        &'a self,
        run: &'a Run,
    ) -> impl Iterator<Item = (&'a PlannedCase, &'a CaseFacts)> {
        waiting(&self.gangs, run)
    }
}

fn waiting<'a>(
    places: &'a [usize],
    run: &'a Run,
) -> impl Iterator<Item = (&'a PlannedCase, &'a CaseFacts)> {
    let known = places.iter().filter_map(|&place| run.at(place));
    known.filter(|(_, facts)| facts.state == CaseState::Waiting)
}

/// What comes before what, whatever is known of durations.
fn rank(case: &PlannedCase) -> (Tier, bool, Reverse<bool>) {
    (case.tier, case.exclusive, Reverse(case.is_gang()))
}

/// A worker that could take more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker<'a> {
    pub worker: &'a WorkerId,
    pub region: &'a Region,
    pub slots: usize,
    /// Cases of this run leased to it that have no outcome yet.
    pub n_held: usize,
    /// It holds nothing of any run.
    pub is_free: bool,
    /// It holds a case that must be alone.
    pub holds_alone: bool,
}

/// The workers that take part and take work, by region.
pub type Field = BTreeMap<Region, BTreeSet<WorkerId>>;

/// The next shard for this worker; `None` when it has to wait.
pub fn next_shard(
    run: &Run,
    order: &Order,
    field: &Field,
    asker: &Asker<'_>,
) -> Option<Vec<CaseId>> {
    let may_lease = run.draining().is_none() && run.is_green(asker.region);
    if !may_lease || asker.holds_alone || run.exclusive_leased() {
        return None;
    }
    if run.n_waiting_in(asker.region) == 0 {
        return None;
    }
    let n_workers = field.values().map(BTreeSet::len).sum();
    let size_of = |remaining| batch_size(remaining, n_workers, asker.slots, asker.n_held);
    if size_of(run.n_waiting()) == 0 {
        return None;
    }
    let size = size_of(run.n_plain_waiting_in(asker.region));
    let mut shard = Vec::new();
    for (case, facts) in order.waiting(run) {
        if case.exclusive && is_placeable(run, field, case) {
            let is_its_own = !case.is_gang() && case.region.admits(asker.region);
            let stands_alone = shard.is_empty() && is_its_own && !run.anything_runs();
            return match stands_alone {
                true => Some(vec![case.id.clone()]),
                false => some_unless_empty(shard),
            };
        }
        if case.exclusive || case.is_gang() || !case.region.admits(asker.region) {
            continue;
        }
        if facts.must_be_alone() {
            if shard.is_empty() && asker.is_free && is_another(facts, field, asker) {
                return Some(vec![case.id.clone()]);
            }
        } else if shard.len() < size {
            shard.push(case.id.clone());
        } else {
            break;
        }
    }
    some_unless_empty(shard)
}

/// What a run has for one worker, whatever the worker holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Nothing,
    Cases,
    /// Only cases that must be alone, for which it has to be free.
    Alone,
}

/// Whether the worker could be given something, were it free.
pub fn offer(run: &Run, order: &Order, field: &Field, asker: &Asker<'_>) -> Offer {
    let may_lease = run.draining().is_none() && run.is_green(asker.region);
    if !may_lease || run.n_waiting_in(asker.region) == 0 || run.exclusive_leased() {
        return Offer::Nothing;
    }
    let mut offer = Offer::Nothing;
    for (case, facts) in order.waiting(run) {
        let is_admitted = !case.is_gang() && case.region.admits(asker.region);
        if case.exclusive && is_placeable(run, field, case) {
            let is_next = is_admitted && !run.anything_runs() && offer == Offer::Nothing;
            return if is_next { Offer::Cases } else { offer };
        }
        if case.exclusive || !is_admitted {
            continue;
        }
        if !facts.must_be_alone() {
            return Offer::Cases;
        }
        if is_another(facts, field, asker) {
            offer = Offer::Alone;
        }
    }
    offer
}

/// How many cases a worker gets at once: a third of its fair part of what remains, so that
/// batches shrink towards the end and workers finish together; never more than twice its idle
/// slots. While much remains, a worker is given its next batch before it runs dry.
pub fn batch_size(remaining: usize, n_workers: usize, slots: usize, n_held: usize) -> usize {
    let parts = n_workers.max(1) * 3;
    let ahead = slots.min(remaining / parts);
    let idle = (slots + ahead).saturating_sub(n_held);
    match (idle, remaining) {
        (0, _) | (_, 0) => 0,
        _ => remaining.div_ceil(parts).min(idle * 2).max(1),
    }
}

fn some_unless_empty(shard: Vec<CaseId>) -> Option<Vec<CaseId>> {
    (!shard.is_empty()).then_some(shard)
}

/// Not one of the workers that the case was lost with, unless there is no other.
fn is_another(facts: &CaseFacts, field: &Field, asker: &Asker<'_>) -> bool {
    let lost_with = |worker: &WorkerId| facts.losses.iter().any(|loss| loss.worker == *worker);
    let peers = field.get(asker.region);
    let has_other = peers.is_some_and(|peers| peers.iter().any(|peer| !lost_with(peer)));
    !lost_with(asker.worker) || !has_other
}

/// In a gated run: P1 is red beyond its tolerance, so what has not started in later tiers is
/// skipped. `None` while it is not, and once the gate is closed.
pub fn red_tier(run: &Run) -> Option<ClosedGate> {
    let gate = run.plan().gate.as_ref()?;
    let entry = gate.tiers.iter().find(|entry| entry.tier == Tier::P1)?;
    if run
        .gates_closed()
        .iter()
        .any(|closed| closed.tier == Tier::P1)
    {
        return None;
    }
    if run.totals().failed == 0 {
        return None;
    }
    let mut tests = BTreeMap::new();
    for (case, facts) in run.cases().filter(|(case, _)| case.tier == Tier::P1) {
        let is_failed = facts.outcome() == Some(Outcome::Failed);
        *tests.entry((&case.suite, &case.test)).or_insert(false) |= is_failed;
    }
    let of = tests.len() as u64;
    let failed = tests.values().filter(|&&failed| failed).count() as u64;
    let allowed = entry.failed.allowed(of);
    (failed > allowed).then(|| ClosedGate {
        tier: Tier::P1,
        why: format!("P1: {failed} failed, {allowed} allowed (of {of})"),
    })
}

/// Waiting cases behind a closed gate.
pub fn behind_closed_gate(run: &Run) -> Vec<(CaseId, &ClosedGate)> {
    let closing = |case: &PlannedCase| {
        let mut gates = run.gates_closed().iter();
        gates.find(|gate| gate.tier < case.tier)
    };
    run.cases()
        .filter(|(_, facts)| facts.state == CaseState::Waiting)
        .filter_map(|(case, _)| Some((case.id.clone(), closing(case)?)))
        .collect()
}
