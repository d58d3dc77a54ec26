//! Runs share the workers: which of them a leader serves, step by step.
//!
//! Asked of the leader's own fold, where its schedule decides. The logs come behind that: one whose
//! append is slow holds leases back that were given long before, and its run was not passed over.

use std::collections::{BTreeMap, BTreeSet};

use accounting::coordinator::Coordinator;
use domain::run::{CaseState, Run};
use domain::schedule::LOSSES_BEFORE_ALONE;
use domain::{AttemptId, Region, RunId, Tier};

use crate::oracle::{Broken, Invariant, Oracle};

/// What one leader has leased so far, and whom it passed over.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Runs that it may lease: it heard that its term has begun in their logs.
    led: BTreeSet<RunId>,
    next_attempts: BTreeMap<RunId, AttemptId>,
    /// Steps since a run was last leased that gave others what it could have had.
    n_passed_over: BTreeMap<RunId, usize>,
}

impl Turns {
    pub(crate) fn leads(&mut self, run: &RunId) {
        self.led.insert(run.clone());
    }

    /// Where the leader has leased to the run since it was last asked.
    fn leased_in(&mut self, id: &RunId, run: &Run) -> BTreeSet<Region> {
        let next = run.next_attempt();
        let Some(known) = self.next_attempts.get_mut(id) else {
            self.next_attempts.insert(id.clone(), next);
            return BTreeSet::new();
        };
        let new = std::mem::replace(known, next)..next;
        let attempts = run.attempts().range(new);
        attempts
            .map(|(_, attempt)| attempt.region.clone())
            .collect()
    }
}

impl Oracle {
    /// A leader has taken a step. A run that holds nothing, and could have had what was leased to
    /// one that does not come before it, is passed over. That may be where the other's turn was
    /// longer ago and its case had to be alone on the worker. From then on the other is behind, so
    /// that nobody is passed over more often in a row than there are others.
    pub(crate) fn serves(&mut self, leader: &Coordinator, turns: &mut Turns) -> Result<(), Broken> {
        let mut leased = Vec::new();
        for (id, seen) in &self.runs {
            let Some(run) = leader.run(id) else {
                continue;
            };
            let regions = turns.leased_in(id, run);
            if !regions.is_empty() {
                leased.push((id, seen.priority, regions));
            }
        }
        if leased.is_empty() || self.runs.len() < 2 {
            return Ok(());
        }
        for (id, seen) in &self.runs {
            let Some(run) = leader.run(id).filter(|_| turns.led.contains(id)) else {
                continue;
            };
            if leased.iter().any(|(other, _, _)| *other == id) {
                turns.n_passed_over.remove(id);
                continue;
            }
            let not_after = leased.iter().filter(|(_, own, _)| seen.priority >= *own);
            let mut regions = not_after.flat_map(|(_, _, regions)| regions);
            let Some(region) = regions.find(|region| could_take(run, region)) else {
                continue;
            };
            let n_times = turns.n_passed_over.entry(id.clone()).or_default();
            *n_times += 1;
            self.noted.insert("run passed over once");
            if *n_times >= self.max_active {
                return Err(Invariant::EndsInTime.broken(format!(
                    "run {id} waits for {region} and was passed over {n_times} times"
                )));
            }
        }
        Ok(())
    }
}

/// It holds nothing, and has a plain case for this region that nothing but its turn keeps waiting.
fn could_take(run: &Run, region: &Region) -> bool {
    let may_lease = run.plan().caps.is_none()
        && run.draining().is_none()
        && !run.is_ended()
        && run.is_green(region);
    if !may_lease || run.open_attempts().any(|attempt| !attempt.open.is_empty()) {
        return false;
    }
    let waiting = run
        .cases()
        .filter(|(_, facts)| facts.state == CaseState::Waiting);
    let (mut plain, mut exclusive): (Option<Tier>, Option<Tier>) = (None, None);
    for (case, facts) in waiting {
        let earlier = |tier: Option<Tier>| Some(tier.map_or(case.tier, |tier| tier.min(case.tier)));
        if case.exclusive {
            exclusive = earlier(exclusive);
        } else if !case.is_gang()
            && facts.n_blamed() < LOSSES_BEFORE_ALONE
            && case.region.admits(region)
        {
            plain = earlier(plain);
        }
    }
    // One that must be alone comes last in its tier, and all behind it wait for it.
    plain.is_some_and(|plain| exclusive.is_none_or(|exclusive| plain <= exclusive))
}
