//! The environment's caps, held over all workers and all runs at any instant.
//!
//! Before the first probe or lease on an environment, the grid log fixes into how many parts its
//! caps are divided; all runs that are active there use the same parts. No more pairs of run and
//! worker hold leases or probe at one time, and each keeps to its equal part, so that no worker
//! has to hear of another. A part is free again when its holder's leases have ended, or have run
//! out on every clock; which run may have it then is `domain::schedule::fair`.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{GridEvent, RunEvent};
use domain::schedule::fair::{self, Claim};
use domain::schedule::{self, Asker, Field, Offer};
use domain::{Instant, Plan, RunId, WorkerId};

use crate::PROBE_LIMIT;
use crate::coordinator::lead::Lead;
use crate::coordinator::output::Mark;
use crate::coordinator::probing::regions_to_probe;
use crate::coordinator::{Coordinator, LogId, Urgency};

/// Workers that hold a part of the caps for a run, and how many open cases each has of it.
type Holders<'a> = BTreeMap<&'a WorkerId, usize>;

impl Coordinator {
    /// One part for each worker that is here, and for at least one in each region; fewer where the
    /// parts would be too small to run a case. Runs that are there already have said it.
    pub(super) fn share_caps(&mut self, id: &RunId, field: &Field) {
        let run = self.runs.get(id).map(|lead| &lead.run);
        let Some(run) = run.filter(|run| run.sharers().is_none()) else {
            return;
        };
        let plan = run.plan().clone();
        let is_here = |region| field.contains_key(region);
        if plan.caps.is_none() || !plan.regions.iter().any(is_here) {
            return;
        }
        let environment = self.environment(id);
        let sharers = self.parts_on(&environment);
        let sharers = sharers.unwrap_or_else(|| self.divide(&plan, &environment, field));
        self.fix_parts(environment, sharers);
        self.decide(id, RunEvent::CapsShared { sharers }, Urgency::Awaited);
    }

    /// What the grid log says decides who else may be admitted, so it is said there too.
    fn fix_parts(&mut self, environment: String, sharers: u32) {
        if !environment.is_empty() && self.grid.parts(&environment).is_none() {
            self.decide_grid(GridEvent::CapsShared {
                environment: environment.clone(),
                sharers,
            });
            let (log, to) = (LogId::Grid, self.grid_log.mark());
            self.caps_marks.insert(environment, Mark { log, to });
        }
    }

    /// A predecessor may have written the division into the run's log and died before the grid log
    /// had it.
    pub(super) fn restore_parts(&mut self, id: &RunId) {
        let environment = self.environment(id);
        let sharers = self.runs.get(id).and_then(|lead| lead.run.sharers());
        let is_active = self
            .grid
            .active_on(&environment)
            .any(|line| line.run == *id);
        if let Some(sharers) = sharers.filter(|_| is_active) {
            self.fix_parts(environment, sharers);
        }
    }

    /// Empty for a run of a log that did not name it; such a run is alone.
    fn environment(&self, id: &RunId) -> String {
        let line = self.grid.run(id);
        line.map_or_else(String::new, |line| line.ask.environment.clone())
    }

    /// A predecessor may have written it into the log of one of the runs only.
    fn parts_on(&self, environment: &str) -> Option<u32> {
        if environment.is_empty() {
            return None;
        }
        let active = self.grid.active_on(environment);
        let mut leads = active.filter_map(|line| self.runs.get(&line.run));
        let of_runs = || leads.find_map(|lead| lead.run.sharers());
        self.grid.parts(environment).or_else(of_runs)
    }

    fn divide(&self, plan: &Plan, environment: &str, field: &Field) -> u32 {
        let n_in = |region| field.get(region).map_or(0, BTreeSet::len).max(1);
        let n_workers: usize = plan.regions.iter().map(n_in).sum();
        let wanted = u32::try_from(n_workers).unwrap_or(u32::MAX).max(1);
        let others = self.grid.active_on(environment);
        let caps = others.filter_map(|line| line.ask.caps).chain(plan.caps);
        let most = caps.map(|caps| caps.most_sharers()).min();
        wanted.min(most.unwrap_or(wanted))
    }

    /// What a probe or a lease of the run depends on: all decided in its log, and the division of
    /// the caps in the grid log.
    pub(super) fn work_mark(&self, id: &RunId) -> Vec<Mark> {
        let mut marks = self.run_mark(id);
        marks.extend(self.caps_marks.get(&self.environment(id)).cloned());
        marks
    }

    /// The worker may touch the target for this run: it has a part of the caps for it and need not
    /// give it back, or one is free and the run's to take.
    pub(super) fn may_share(&self, id: &RunId, worker: &WorkerId, field: &Field) -> bool {
        let Some(lead) = self.runs.get(id) else {
            return false;
        };
        if lead.run.sharers().is_none() {
            return lead.run.plan().caps.is_none();
        }
        let beside = self.beside(lead);
        // Where divisions differ after all, the fewest and largest parts are as many as fit.
        let n_parts = beside.iter().filter_map(|lead| lead.run.sharers()).min();
        let n_parts = n_parts.unwrap_or_default();
        if self.doubted_until(lead) > self.now {
            return false;
        }
        let holders: Vec<Holders<'_>> = beside.iter().map(|lead| self.holders(lead)).collect();
        let place = beside.iter().position(|other| other.id == *id);
        let Some(own) = place.and_then(|place| holders.get(place)) else {
            return false;
        };
        let n_held: usize = holders.iter().map(BTreeMap::len).sum();
        // The end of one run's attempt may be lost with a leader, and the lease of another run that
        // it made room for not: nobody gets more until what was over has ended.
        if n_held > n_parts as usize {
            return false;
        }
        let is_free = n_held < n_parts as usize;
        if beside.len() < 2 {
            return own.contains_key(worker) || is_free;
        }
        let claims: Vec<Claim> = beside
            .iter()
            .zip(&holders)
            .map(|(lead, held)| self.claim(lead, held, field))
            .collect();
        let entitled = fair::entitled(n_parts, &claims);
        let entitled = place.and_then(|place| entitled.get(place));
        let entitled = entitled.map_or(0, |&entitled| entitled as usize);
        match own.contains_key(worker) {
            true => !gives_back(own, entitled, worker),
            false => is_free && own.len() < entitled,
        }
    }

    /// The same of all that the legs of a case need at once. They are not divided among runs: a part of
    /// a case is worth nothing.
    pub(super) fn may_share_all(&self, id: &RunId, workers: &[WorkerId]) -> bool {
        let Some(lead) = self.runs.get(id) else {
            return false;
        };
        if lead.run.sharers().is_none() {
            return lead.run.plan().caps.is_none();
        }
        let beside = self.beside(lead);
        let n_parts = beside.iter().filter_map(|lead| lead.run.sharers()).min();
        let n_held: usize = beside.iter().map(|lead| self.holders(lead).len()).sum();
        let own = self.holders(lead);
        let n_new = workers
            .iter()
            .filter(|worker| !own.contains_key(worker))
            .count();
        self.doubted_until(lead) <= self.now
            && n_held + n_new <= n_parts.unwrap_or_default() as usize
    }

    /// Runs that use the same caps, this one among them.
    fn beside(&self, lead: &Lead) -> Vec<&Lead> {
        let environment = self.environment(&lead.id);
        let is_beside = |other: &&Lead| {
            let is_same = !environment.is_empty() && self.environment(&other.id) == environment;
            other.id == lead.id || is_same && !other.is_closed
        };
        self.runs.values().filter(is_beside).collect()
    }

    /// Of a run that can't be read nobody knows who may still touch the environment, until the
    /// leases and probes of its last leader have run out.
    fn doubted_until(&self, lead: &Lead) -> Instant {
        let environment = self.environment(&lead.id);
        let beside = self.unreadable.iter();
        let beside = beside.filter(|(run, _)| self.environment(run) == environment);
        let since = beside.map(|(_, (_, since))| *since).max();
        since.map_or(Instant::ZERO, |since| self.clear_after(since))
    }

    /// Whoever could touch an environment for a run at this instant can't after the one returned,
    /// unless it is led on.
    pub(super) fn clear_after(&self, since: Instant) -> Instant {
        since + self.config.silence().max(PROBE_LIMIT + self.config.guard)
    }

    /// Who holds a part for the run: by a lease, by a probe, or by a probe that is not waited for.
    fn holders<'a>(&self, lead: &'a Lead) -> Holders<'a> {
        let mut holders = Holders::new();
        for attempt in lead.run.open_attempts() {
            *holders.entry(&attempt.worker).or_default() += attempt.open.len();
        }
        let probing = lead.probing.values().map(|(worker, _)| worker);
        let strays = lead.stray_probes.iter();
        let strays = strays.filter(|(_, ends)| *ends > self.now);
        for worker in probing.chain(strays.map(|(worker, _)| worker)) {
            holders.entry(worker).or_default();
        }
        holders
    }

    fn claim(&self, lead: &Lead, held: &Holders<'_>, field: &Field) -> Claim {
        let line = self.grid.run(&lead.id);
        let n_held = u32::try_from(held.len()).unwrap_or(u32::MAX);
        Claim {
            priority: line.map(|line| line.ask.priority).unwrap_or_default(),
            demand: n_held.max(usable(lead, held.len(), field)),
            n_held,
            turn: lead.turn,
        }
    }

    /// When a probe that nobody waits for any more has ended by its worker's clock.
    pub(super) fn probe_ends(&self) -> Instant {
        self.now + PROBE_LIMIT + self.config.guard
    }

    /// An earlier leader may have asked for probes that still run: which is not in the log.
    pub(super) fn expect_probes(&mut self, id: &RunId) {
        let ends = self.probe_ends();
        let Some(lead) = self.runs.get_mut(id) else {
            return;
        };
        let plan = lead.run.plan().clone();
        let may_have_probed = plan.caps.is_none() || lead.run.sharers().is_some();
        if !lead.blocks || !may_have_probed || self.config.one_process {
            return;
        }
        let is_open = |region: &&_| !lead.run.preflights().contains_key(*region);
        for region in plan.regions.iter().filter(is_open) {
            let nobody = WorkerId::from(format!("a probe of {region}"));
            lead.stray_probes.push((nobody, ends));
        }
    }
}

/// Parts that the run could use now: one for each worker that it has something for.
fn usable(lead: &Lead, n_held: usize, field: &Field) -> u32 {
    let run = &lead.run;
    if !lead.is_ready || run.draining().is_some() || run.is_ended() {
        return 0;
    }
    let has_cases = |workers: &BTreeSet<WorkerId>, region| {
        let asker = workers.first().map(|worker| Asker {
            worker,
            region,
            slots: 1,
            n_held: 0,
            is_free: true,
            holds_alone: false,
        });
        asker
            .is_some_and(|asker| schedule::offer(run, &lead.order, field, &asker) != Offer::Nothing)
    };
    let with_cases = field
        .iter()
        .filter(|(region, workers)| has_cases(workers, region));
    let n_workers: usize = with_cases.map(|(_, workers)| workers.len()).sum();
    let to_probe = regions_to_probe(run);
    let n_probes = to_probe.iter().filter(|region| field.contains_key(*region));
    let n_probes = n_probes.count();
    let most = n_held + run.n_waiting() + n_probes;
    u32::try_from((n_workers + n_probes).min(most)).unwrap_or(u32::MAX)
}

/// The run holds more parts than it may: those with the fewest cases left are given back as these
/// end, and are leased nothing meanwhile.
fn gives_back(own: &Holders<'_>, entitled: usize, worker: &WorkerId) -> bool {
    let excess = own.len().saturating_sub(entitled);
    let mut by_cases: Vec<(usize, &WorkerId)> = own
        .iter()
        .map(|(worker, n_open)| (*n_open, *worker))
        .collect();
    by_cases.sort();
    let giving = by_cases.into_iter().take(excess);
    giving.into_iter().any(|(_, giver)| giver == worker)
}
