//! Looks at the whole world: does anybody idle beside a case that waits, once faults have healed;
//! and what the finished world was like.

use std::collections::BTreeSet;

use domain::plan::Leg;
use domain::run::{AttemptState, CaseFacts, CaseState, Run};
use domain::schedule::LOSSES_BEFORE_ALONE;
use domain::{Outcome, PlannedCase, Region, RunId};

use crate::oracle::{Broken, Invariant, LONGEST_REASON};
use crate::site::Site;
use crate::world::{Happening, SECOND, World};

const EVERY: u64 = 5 * SECOND;
/// Looks in a row at the same idleness that break the promise.
const TOO_MANY: u32 = 6;

/// A case that others wait for.
fn is_lone(case: &PlannedCase, facts: &CaseFacts) -> bool {
    case.exclusive || facts.n_blamed() >= LOSSES_BEFORE_ALONE
}

impl World {
    pub(super) fn look_around(&mut self) -> Result<(), Broken> {
        self.schedule(self.now + EVERY, Happening::LookAround);
        self.look_at_legs()?;
        // While legs wait for each other, room is kept for them.
        let is_gang = |case: &PlannedCase, facts: &CaseFacts| {
            case.is_gang() && facts.state == CaseState::Waiting
        };
        let runs = self.led_runs(|case, facts| is_lone(case, facts) || is_gang(case, facts));
        let waits = |site: &Site| {
            runs.iter().any(|run| {
                run.is_green(&site.region)
                    && run.cases().any(|(case, facts)| {
                        facts.state == CaseState::Waiting && case.region.admits(&site.region)
                    })
            })
        };
        let waiting: Vec<bool> = self.sites.iter().map(waits).collect();
        let now = self.now;
        for (place, waits) in waiting.into_iter().enumerate() {
            let is_idle = waits && self.is_idle(place);
            let site = &mut self.sites[place];
            site.n_idle_looks = if is_idle { site.n_idle_looks + 1 } else { 0 };
            if site.n_idle_looks >= TOO_MANY {
                let at = now / SECOND;
                let what = format!("{} idles at {at} s while a case waits for it", site.worker);
                return Err(Invariant::EndsInTime.broken(what));
            }
        }
        Ok(())
    }

    /// A case of several legs waits although a worker idles in each of its regions.
    fn look_at_legs(&mut self) -> Result<(), Broken> {
        let idle: BTreeSet<&Region> = (0..self.sites.len())
            .filter(|&place| self.is_idle(place))
            .map(|place| &self.sites[place].region)
            .collect();
        let has_idle = |leg: &Leg| {
            leg.region
                .as_ref()
                .is_none_or(|region| idle.contains(region))
        };
        let could_go = |run: &Run| {
            run.cases().any(|(case, facts)| {
                let waits = case.is_gang() && facts.state == CaseState::Waiting;
                waits && case.legs.iter().all(has_idle)
            })
        };
        let is_green = |run: &&Run| run.plan().regions.iter().all(|region| run.is_green(region));
        let runs = self.led_runs(is_lone);
        let could_go = runs.iter().copied().filter(is_green).any(could_go);
        self.n_idle_legs = if could_go { self.n_idle_legs + 1 } else { 0 };
        match self.n_idle_legs < TOO_MANY {
            true => Ok(()),
            false => {
                let at = self.now / SECOND;
                let what = format!("legs wait at {at} s while a worker idles for each of them");
                Err(Invariant::EndsInTime.broken(what))
            }
        }
    }

    /// The runs under way, if nothing that the schedule has to weigh keeps cases waiting in any of
    /// them: no open case of this kind, no caps, no drain.
    fn led_runs(&self, holds_up: impl Fn(&PlannedCase, &CaseFacts) -> bool) -> Vec<&Run> {
        let is_led =
            |id: &&RunId| self.oracle.admitted.contains(*id) && !self.oracle.closed.contains(*id);
        let seen = self.plans.keys().filter(is_led);
        let seen = seen.filter_map(|id| self.oracle.runs.get(id));
        let runs: Vec<&Run> = seen.filter_map(|seen| seen.fold.as_ref()).collect();
        let is_plain = |run: &&Run| {
            let mut open = run.cases().filter(|(_, facts)| facts.state.is_open());
            let is_held_up = open.any(|(case, facts)| holds_up(case, facts));
            run.plan().caps.is_none() && run.draining().is_none() && !is_held_up
        };
        match runs.iter().all(is_plain) {
            true => runs,
            false => Vec::new(),
        }
    }

    fn is_idle(&self, place: usize) -> bool {
        let site = &self.sites[place];
        let is_quick = |way: crate::site::Way| {
            !way.is_cut(self.now) && (way.lag_until < self.now || way.lag == 0)
        };
        let stream = site.stream.and_then(|stream| self.streams.get(&stream));
        let is_with_leader = stream.is_some_and(|stream| {
            let node = &self.nodes[stream.node];
            let leads = node.machine.as_ref().is_some_and(|node| node.is_leading());
            stream.is_up_alive && stream.is_down_alive && leads && node.paused_until < self.now
        });
        let worker = site.machine.as_ref();
        let has_nothing = worker.is_some_and(|worker| worker.n_running() + worker.n_unacked() == 0);
        is_with_leader
            && has_nothing
            && site.gates.is_empty()
            && site.paused_until < self.now
            && is_quick(site.up)
            && is_quick(site.down)
    }

    pub(super) fn count_ends(&mut self) {
        let runs: Vec<Run> = self
            .oracle
            .runs
            .values()
            .filter_map(|seen| seen.fold.clone())
            .collect();
        for run in &runs {
            self.count_run(run);
        }
        let gone: Vec<_> = self.oracle.fates.reasons().collect();
        if !gone.is_empty() {
            self.count("result destroyed before its acknowledgement");
        }
        for what in std::mem::take(&mut self.oracle.noted) {
            self.count(what);
        }
    }

    fn count_run(&mut self, run: &Run) {
        let totals = run.totals();
        let reasons: Vec<&str> = run.cases().map(|(_, facts)| facts.reason()).collect();
        let has = |word: &str| reasons.iter().any(|reason| reason.starts_with(word));
        let attempts: Vec<_> = run.attempts().values().collect();
        let kept: Vec<_> = run.cases().flat_map(|(_, facts)| &facts.kept).collect();
        let is_lost = |id| {
            let state = run.attempt(id).map(|attempt| &attempt.state);
            matches!(state, Some(AttemptState::Lost { .. }))
        };
        let failed_beside_pass = run
            .cases()
            .any(|(_, facts)| facts.outcome() == Some(Outcome::Passed) && facts.is_flaky());
        for (is_so, what) in [
            (totals.passed + totals.failed > 0, "cases settled"),
            (totals.lost > 0, "cases lost"),
            (totals.cancelled > 0, "cases cancelled"),
            (has("poisoned"), "case poisoned"),
            (has("budget"), "case lost for good: budget spent"),
            (has("no_capacity: 2 legs"), "gang refused"),
            (
                reasons
                    .iter()
                    .any(|why| why.starts_with("no_capacity") && !why.contains("legs")),
                "region without a worker past the placement deadline",
            ),
            (has("tier_gate"), "tier gate closed"),
            (has("deadline"), "deadline reached"),
            (!kept.is_empty(), "results kept"),
            (
                kept.iter().any(|kept| is_lost(kept.attempt)),
                "late result of a fenced attempt",
            ),
            (failed_beside_pass, "failure kept beside a pass"),
            (!run.late().is_empty(), "results after the verdict"),
            (
                attempts.iter().any(|attempt| attempt.n_reattached > 0),
                "attempts reattached",
            ),
            (
                attempts.iter().any(|attempt| is_lost(attempt.id)),
                "attempts lost",
            ),
            (run.stop().is_some(), "run stopped early"),
            (
                reasons.iter().any(|why| why.len() == LONGEST_REASON),
                "reason cut for the ledger",
            ),
        ] {
            if is_so {
                self.count(what);
            }
        }
    }
}
