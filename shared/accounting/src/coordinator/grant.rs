//! Which run gets a worker: all runs that have cases waiting share the workers.
//!
//! The emptiest worker is served first. Of the runs that have something for it, those of the
//! highest priority are asked, the least served first, each for its part of the slots. A worker
//! that a case must have for itself is left to run empty.

use std::collections::{BTreeMap, BTreeSet};

use domain::run::CaseFacts;
use domain::schedule::fair::{Want, slots_of};
use domain::schedule::{self, Asker, Field, Offer};
use domain::{CaseId, RunId, WorkerId};

use crate::coordinator::Coordinator;
use crate::coordinator::gang::Kept;
use crate::coordinator::lead::Lead;

/// What is leased now, as far as it has no outcome.
#[derive(Debug, Default)]
pub(super) struct Census {
    by_worker: BTreeMap<WorkerId, BTreeMap<RunId, usize>>,
    by_run: BTreeMap<RunId, usize>,
    /// Workers that hold a case which must be alone.
    pub(super) alone: BTreeSet<WorkerId>,
}

impl Census {
    fn of<'a>(leads: impl Iterator<Item = &'a Lead>) -> Self {
        let mut census = Self::default();
        for lead in leads {
            // Attempts are many more than their workers.
            let mut on = BTreeMap::<&WorkerId, usize>::new();
            for attempt in lead.run.open_attempts() {
                *on.entry(&attempt.worker).or_default() += attempt.open.len();
            }
            for (worker, n_cases) in on {
                census.leased(&lead.id, worker, n_cases);
            }
            census.alone.extend(lead.run.holders_alone().cloned());
        }
        census
    }

    pub(super) fn leased(&mut self, run: &RunId, worker: &WorkerId, n_cases: usize) {
        let of_worker = self.by_worker.entry(worker.clone()).or_default();
        *of_worker.entry(run.clone()).or_default() += n_cases;
        *self.by_run.entry(run.clone()).or_default() += n_cases;
    }

    pub(super) fn on(&self, worker: &WorkerId) -> usize {
        let of_worker = self.by_worker.get(worker);
        of_worker.map_or(0, |runs| runs.values().sum())
    }

    fn of_run_on(&self, run: &RunId, worker: &WorkerId) -> usize {
        let of_worker = self.by_worker.get(worker);
        of_worker
            .and_then(|runs| runs.get(run))
            .copied()
            .unwrap_or_default()
    }
}

impl Coordinator {
    /// Leases what can be leased.
    pub(super) fn grant_all(&mut self) {
        let hungry: Vec<RunId> = self
            .runs
            .values()
            .filter(|lead| is_hungry(lead))
            .map(|lead| lead.id.clone())
            .collect();
        if hungry.is_empty() {
            return;
        }
        let field = self.field();
        for run in &hungry {
            self.share_caps(run, &field);
        }
        let mut census = Census::of(self.runs.values());
        let kept = self.grant_gangs(&hungry, &field, &mut census);
        let workers = field.values().flatten();
        let mut askers: Vec<(usize, WorkerId)> = workers
            .map(|worker| (census.on(worker), worker.clone()))
            .collect();
        askers.sort();
        let mut reserved = BTreeMap::new();
        for (_, worker) in askers {
            while let Some((run, shard)) =
                self.next_for(&worker, &hungry, (&field, &census), (&kept, &mut reserved))
            {
                let n_cases = shard.len();
                let is_alone = self.must_be_alone(&run, &shard);
                let is_first = census.on(&worker) == 0;
                if !self.lease(&run, &worker, shard, is_first) {
                    break;
                }
                census.leased(&run, &worker, n_cases);
                if is_alone {
                    census.alone.insert(worker.clone());
                }
            }
        }
    }

    pub(super) fn must_be_alone(&self, run: &RunId, shard: &[CaseId]) -> bool {
        let lead = self.runs.get(run);
        let mut facts = shard
            .iter()
            .filter_map(|case| lead.and_then(|lead| lead.run.case(case)));
        facts.any(CaseFacts::must_be_alone)
    }

    /// The next shard for a worker, and whose. On workers that are `kept` a slot is left for the leg
    /// of a case; `reserved` are the workers that are left to run empty, one for each run.
    fn next_for(
        &self,
        worker: &WorkerId,
        hungry: &[RunId],
        (field, census): (&Field, &Census),
        (kept, reserved): (&Kept, &mut BTreeMap<RunId, WorkerId>),
    ) -> Option<(RunId, Vec<CaseId>)> {
        let known = self.workers.get(worker)?;
        let slots = known.slots as usize;
        let room = kept.room(worker, slots, census.on(worker))?;
        let asker = |run: &RunId, slots: usize| Asker {
            worker,
            region: &known.region,
            slots,
            n_held: census.of_run_on(run, worker),
            is_free: census.on(worker) == 0,
            holds_alone: census.alone.contains(worker),
        };
        // Most have enough: this is asked of each of thousands, and the schedule's look is longer.
        let n_workers = field.values().map(BTreeSet::len).sum();
        let is_full = |lead: &&Lead| {
            let n_held = census.of_run_on(&lead.id, worker);
            schedule::batch_size(lead.run.n_waiting(), n_workers, slots, n_held) == 0
        };
        let hungry_leads = || hungry.iter().filter_map(|run| self.runs.get(run));
        if hungry_leads().all(|lead| is_full(&lead)) {
            return None;
        }
        let mut wanting: Vec<(&Lead, Offer)> = Vec::new();
        for lead in hungry_leads() {
            // One run alone takes what there is.
            let offer = match hungry.len() {
                1 => Offer::Cases,
                _ => schedule::offer(&lead.run, &lead.order, field, &asker(&lead.id, slots)),
            };
            let is_to_run_empty = offer == Offer::Alone && census.on(worker) > 0;
            let may_reserve = || reserved.get(&lead.id).is_none_or(|held| held == worker);
            let is_wanting = offer != Offer::Nothing && (!is_to_run_empty || may_reserve());
            if is_wanting && self.may_share(&lead.id, worker, field) {
                wanting.push((lead, offer));
            }
        }
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::FirstTakesAll) {
            wanting.truncate(1);
        }
        let wants: Vec<Want> = wanting
            .iter()
            .map(|(lead, _)| self.want(lead, census))
            .collect();
        for (place, each) in slots_of(slots, &wants) {
            let (lead, offer) = wanting.get(place)?;
            let asker = asker(&lead.id, each);
            if let Some(mut shard) = schedule::next_shard(&lead.run, &lead.order, field, &asker) {
                shard.truncate(room);
                return Some((lead.id.clone(), shard));
            }
            if *offer == Offer::Alone && !asker.is_free {
                reserved.insert(lead.id.clone(), worker.clone());
                return None;
            }
        }
        None
    }

    fn want(&self, lead: &Lead, census: &Census) -> Want {
        let line = self.grid.run(&lead.id);
        Want {
            priority: line.map(|line| line.ask.priority).unwrap_or_default(),
            n_leased: census.by_run.get(&lead.id).copied().unwrap_or_default(),
            turn: lead.turn,
        }
    }
}

fn is_hungry(lead: &Lead) -> bool {
    let run = &lead.run;
    lead.is_ready && run.n_waiting() > 0 && run.draining().is_none() && !run.is_ended()
}
