//! What a run's state calls for without any message: red regions, regions without a worker, closed
//! tiers, stops, and draining.
//!
//! Times are the run's logged elapsed time, which a successor continues.

use std::time::Duration;

use domain::event::{RunEvent, StopCause};
use domain::message::ToWorkerBody;
use domain::run::{CaseState, Run};
use domain::schedule::{self, Field};
use domain::{CaseId, Instant, Outcome, PlannedRegion, Region, RunId, WorkerId};

use crate::coordinator::lead::Lead;
use crate::coordinator::{Coordinator, Urgency};

impl Coordinator {
    /// Brings one run as far as it goes by itself.
    pub(super) fn advance(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get_mut(id).filter(|lead| lead.is_ready) else {
            return;
        };
        lead.order.prune(&lead.run);
        if lead.run.is_ended() {
            self.has_ended_as_wanted(id);
            return self.close_run(id);
        }
        self.stop_as_wanted(id);
        self.stop_at_deadline(id);
        self.stop_at_failures(id);
        if self.is_draining(id) {
            return self.drained(id);
        }
        let field = self.field();
        self.survey(id, &field);
        let is_done = self.is_done(id);
        if is_done {
            self.drain(id, "every case has its outcome".to_owned());
            self.drained(id);
        }
        #[cfg(feature = "planted")]
        if !is_done && self.has_planted(crate::planted::Planted::SumInsteadOfSet) {
            self.end_by_sum(id);
        }
    }

    /// Every case has its outcome, and the regions of results taken over have been probed, or stand
    /// without a worker past the placement deadline.
    fn is_done(&self, id: &RunId) -> bool {
        let Some(lead) = self.runs.get(id).filter(|lead| lead.run.n_open() == 0) else {
            return false;
        };
        let elapsed = lead.elapsed(self.now);
        let unconfirmed = lead.run.regions_to_confirm();
        unconfirmed.iter().all(|region| {
            let since = lead.empty_since.get(region);
            since.is_some_and(|&since| elapsed >= since + self.config.placement)
        })
    }

    /// Looks over all cases; results that pass don't call for it.
    fn survey(&mut self, id: &RunId, field: &Field) {
        let due = self.runs.get_mut(id).map(|lead| &mut lead.is_survey_due);
        if due.is_none_or(|due| !std::mem::take(due)) {
            return;
        }
        self.close_red_regions(id);
        self.close_empty_regions(id, field);
        self.close_unplaceable(id);
        self.close_red_tier(id);
        self.probe(id, field);
    }

    /// Workers came or went, or time passed.
    pub(super) fn survey_all(&mut self) {
        for lead in self.runs.values_mut() {
            lead.is_survey_due = true;
        }
        self.is_dirty = true;
    }

    fn is_draining(&self, id: &RunId) -> bool {
        let lead = self.runs.get(id);
        lead.is_some_and(|lead| lead.run.draining().is_some())
    }

    fn stop_at_deadline(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let deadline = lead.run.plan().deadline;
        if lead.elapsed(self.now) >= deadline {
            let why = format!("the run took its {} s", deadline.as_secs());
            self.stop(id, StopCause::Deadline, why);
        }
    }

    fn stop_at_failures(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let Some(limit) = lead.run.plan().max_fail else {
            return;
        };
        if lead.run.totals().failed < u64::from(limit) {
            return;
        }
        // What an earlier run counted stops nothing here.
        let n_failed = lead.run.n_failed_here();
        if n_failed >= usize::try_from(limit).unwrap_or(usize::MAX) {
            let why = format!("{n_failed} failed, the limit is {limit}");
            self.stop(id, StopCause::MaxFail, why);
        }
    }

    /// Cases of a region whose preflight is red are skipped.
    fn close_red_regions(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let plan = lead.run.plan();
        let is_red = |region: &Region| {
            let preflight = lead.run.preflights().get(region);
            preflight.is_some_and(|preflight| !preflight.green)
        };
        if !plan.regions.iter().any(is_red) {
            return;
        }
        let is_all_red = plan.regions.iter().all(is_red);
        let closing: Vec<CaseId> = waiting(&lead.run)
            .filter(|(_, region)| match region {
                PlannedRegion::Named(region) => is_red(region),
                PlannedRegion::Any => is_all_red,
                PlannedRegion::Roles(roles) => roles.iter().any(|(_, region)| is_red(region)),
            })
            .map(|(case, _)| case)
            .collect();
        for case in closing {
            let why = "env_unreachable: what the suites require was not met in preflight";
            self.close(id, &case, Outcome::Skipped, why);
        }
    }

    /// Cases of a region that stands without a worker past the placement deadline are errored.
    fn close_empty_regions(&mut self, id: &RunId, field: &Field) {
        let (now, placement) = (self.now, self.config.placement);
        let Some(lead) = self.runs.get_mut(id) else {
            return;
        };
        let elapsed = lead.elapsed(now);
        let regions = lead.run.plan().regions.clone();
        for region in &regions {
            match field.contains_key(region) {
                true => lead.empty_since.remove(region),
                false => Some(*lead.empty_since.entry(region.clone()).or_insert(elapsed)),
            };
        }
        let is_given_up = |region: &Region| {
            let since = lead.empty_since.get(region);
            since.is_some_and(|&since| elapsed >= since + placement)
        };
        let is_red = |region: &Region| {
            lead.run.preflights().contains_key(region) && !lead.run.is_green(region)
        };
        let is_any_red = regions.iter().any(is_red);
        let is_none_left = regions
            .iter()
            .all(|region| is_given_up(region) || is_red(region));
        if !is_none_left && !regions.iter().any(is_given_up) {
            return;
        }
        let closing: Vec<(CaseId, PlannedRegion)> = waiting(&lead.run)
            .filter(|(_, region)| match region {
                PlannedRegion::Named(region) => is_given_up(region),
                PlannedRegion::Any => is_none_left,
                PlannedRegion::Roles(roles) => roles.iter().any(|(_, region)| is_given_up(region)),
            })
            .map(|(case, region)| (case, region.clone()))
            .collect();
        for (case, region) in closing {
            if region == PlannedRegion::Any && is_any_red {
                let why = "env_unreachable: no region with a worker passed its preflight";
                self.close(id, &case, Outcome::Skipped, why);
            } else {
                self.close(
                    id,
                    &case,
                    Outcome::Errored,
                    &format!("no_capacity: {region}"),
                );
            }
        }
    }

    /// In a gated run a red P1 ends what has not started in later tiers; what runs is finished.
    fn close_red_tier(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get_mut(id) else {
            return;
        };
        // Only a failure more makes a tier red.
        let n_failed = Some(lead.run.totals().failed);
        let is_news = std::mem::replace(&mut lead.n_failed_seen, n_failed) != n_failed;
        if let Some(red) = is_news.then(|| schedule::red_tier(&lead.run)).flatten() {
            let (tier, why) = (red.tier, red.why);
            self.decide(id, RunEvent::GateClosed { tier, why }, Urgency::Awaited);
        }
        let Some(lead) = self
            .runs
            .get(id)
            .filter(|lead| !lead.run.gates_closed().is_empty() && lead.run.n_waiting() > 0)
        else {
            return;
        };
        let behind: Vec<(CaseId, String)> = schedule::behind_closed_gate(&lead.run)
            .into_iter()
            .map(|(case, gate)| (case, format!("tier_gate: {}", gate.why)))
            .collect();
        for (case, why) in behind {
            self.close(id, &case, Outcome::Skipped, &why);
        }
    }

    /// No new leases; a stopped run also cancels those that are out.
    pub(super) fn drain(&mut self, id: &RunId, why: String) {
        self.decide(
            id,
            RunEvent::Draining { why: why.clone() },
            Urgency::Awaited,
        );
        let after = self.run_mark(id);
        let Some(lead) = self.runs.get(id).filter(|lead| lead.run.stop().is_some()) else {
            return;
        };
        let open: Vec<_> = lead
            .run
            .open_attempts()
            .map(|attempt| (attempt.id, attempt.worker.clone()))
            .collect();
        for (attempt, worker) in open {
            let cancel = ToWorkerBody::Cancel {
                run: id.clone(),
                attempt,
                why: why.clone(),
            };
            self.send_to(&worker, cancel, after.clone());
        }
    }

    /// Closes what is open in a draining run: at once what waits, and what is leased when its
    /// worker has answered or the time for it is over.
    fn drained(&mut self, id: &RunId) {
        let (now, drain) = (self.now, self.config.drain);
        let Some(lead) = self.runs.get_mut(id) else {
            return;
        };
        let is_over = now >= *lead.drain_until.get_or_insert(now + drain);
        if lead.run.n_waiting() == 0 && !is_over {
            return self.want_recheck(id);
        }
        let why = lead.run.draining().unwrap_or_default().to_owned();
        let open: Vec<(CaseId, Option<WorkerId>)> = lead
            .run
            .cases()
            .filter_map(|(case, facts)| match &facts.state {
                CaseState::Waiting => Some((case.id.clone(), None)),
                CaseState::Leased(_) if is_over => {
                    let attempts = lead.run.attempts_of(&case.id);
                    let held = attempts.iter().find_map(|&held| lead.run.attempt(held));
                    Some((case.id.clone(), held.map(|held| held.worker.clone())))
                }
                _ => None,
            })
            .collect();
        for (case, worker) in open {
            let (outcome, reason) = self.ended_by_drain(worker.as_ref(), &why);
            self.close(id, &case, outcome, &reason);
        }
        self.want_recheck(id);
    }

    /// What a worker that is gone held is lost; everything else was cancelled.
    fn ended_by_drain(&self, worker: Option<&WorkerId>, why: &str) -> (Outcome, String) {
        let is_there = |worker: &WorkerId| {
            let known = self.workers.get(worker);
            known.is_some_and(|known| known.stream.is_some())
        };
        match worker {
            Some(worker) if !is_there(worker) => {
                let reason = format!("worker_lost: {worker} was gone when the run stopped ({why})");
                (Outcome::Lost, reason)
            }
            _ => (Outcome::Cancelled, why.to_owned()),
        }
    }

    /// When a run next needs a look although nothing is heard.
    pub(super) fn run_due(&self, lead: &Lead) -> Option<Instant> {
        if !lead.is_ready || lead.is_closed {
            return None;
        }
        if lead.run.is_ended() {
            return self.leases_end(lead).filter(|&at| at > self.now);
        }
        if let Some(drain_until) = lead.drain_until {
            return (lead.run.n_open() > 0).then_some(drain_until);
        }
        let placement = |since: &Duration| lead.at_elapsed(*since + self.config.placement);
        let placements = lead.empty_since.values().map(placement);
        let future = placements.filter(|&at| at > self.now);
        let deadline = lead.at_elapsed(lead.run.plan().deadline);
        let strays = lead.stray_probes.iter().map(|(_, ends)| *ends);
        let strays = strays.filter(|&at| at > self.now);
        future.chain(strays).chain([deadline]).min()
    }
}

pub(super) fn waiting(run: &Run) -> impl Iterator<Item = (CaseId, &PlannedRegion)> {
    let waiting = run
        .cases()
        .filter(|(_, facts)| facts.state == CaseState::Waiting);
    waiting.map(|(case, _)| (case.id.clone(), &case.region))
}
