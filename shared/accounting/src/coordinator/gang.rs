//! Cases of several legs: all legs are leased by one event, and given up together.
//!
//! When one leg is over without a result, the others are cancelled; the case waits again when the last
//! of them is over.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{LegLease, RunEvent};
use domain::message::ToWorkerBody;
use domain::schedule::gang::{self, Gang, Seat};
use domain::schedule::{self, Asker, Field, Offer};
use domain::{AttemptId, CaseId, Outcome, RunId, WorkerId};

use crate::coordinator::grant::Census;
use crate::coordinator::{Coordinator, Urgency};

/// Why the other legs are ended.
const LOST: &str = "choreography_lost: another leg of the case brought no result";

/// Workers on which room is kept for a leg: a slot, or all of them where it must be alone.
#[derive(Debug, Default)]
pub(super) struct Kept(BTreeMap<WorkerId, bool>);

impl Kept {
    /// How many cases more such a worker may be given; without limit where nothing is kept.
    pub(super) fn room(&self, worker: &WorkerId, slots: usize, n_held: usize) -> Option<usize> {
        match self.0.get(worker) {
            None => Some(usize::MAX),
            Some(true) => None,
            Some(false) => slots.checked_sub(n_held + 1).filter(|&room| room > 0),
        }
    }
}

impl Coordinator {
    /// Leases cases of several legs that can go, and says which workers are kept for one that can't
    /// yet.
    pub(super) fn grant_gangs(
        &mut self,
        hungry: &[RunId],
        field: &Field,
        census: &mut Census,
    ) -> Kept {
        let mut kept = Kept::default();
        for run in self.with_gangs(hungry) {
            while self.is_its_turn(&run, hungry, field) {
                match self.next_gang(&run, field, census, &kept) {
                    Some(Gang::Go(case, workers)) if self.may_share_all(&run, &workers) => {
                        let is_alone = self.must_be_alone(&run, std::slice::from_ref(&case));
                        if !self.lease_legs(&run, &case, &workers, census) {
                            break;
                        }
                        for worker in &workers {
                            census.leased(&run, worker, 1);
                        }
                        census
                            .alone
                            .extend(workers.into_iter().filter(|_| is_alone));
                    }
                    Some(Gang::Waits { workers, alone }) => {
                        let workers = workers.into_iter().map(|worker| (worker, alone));
                        kept.0.extend(workers);
                        break;
                    }
                    _ => break,
                }
            }
        }
        kept
    }

    fn with_gangs(&self, hungry: &[RunId]) -> Vec<RunId> {
        let leads = hungry.iter().filter_map(|run| self.runs.get(run));
        let mut leads: Vec<_> = leads
            .filter(|lead| lead.run.n_gangs_waiting() > 0)
            .map(|lead| (lead.turn, lead.id.clone()))
            .collect();
        leads.sort();
        leads.into_iter().map(|(_, run)| run).collect()
    }

    /// No run of a higher priority, and none of the same whose turn was longer ago, could use workers
    /// of its own.
    fn is_its_turn(&self, run: &RunId, hungry: &[RunId], field: &Field) -> bool {
        let rank = |run: &RunId| {
            let priority = self.grid.run(run).map(|line| line.ask.priority);
            let turn = self.runs.get(run).map(|lead| lead.turn);
            (std::cmp::Reverse(priority), turn)
        };
        let own = rank(run);
        let mut before = hungry.iter().filter(|other| rank(other) < own);
        !before.any(|other| self.wants_workers(other, field))
    }

    fn wants_workers(&self, run: &RunId, field: &Field) -> bool {
        let Some(lead) = self.runs.get(run) else {
            return false;
        };
        field.iter().any(|(region, workers)| {
            let asker = workers.first().map(|worker| Asker {
                worker,
                region,
                slots: 1,
                n_held: 0,
                is_free: true,
                holds_alone: false,
            });
            let offer = |asker| schedule::offer(&lead.run, &lead.order, field, &asker);
            asker.is_some_and(|asker| offer(asker) != Offer::Nothing)
        })
    }

    fn next_gang(&self, run: &RunId, field: &Field, census: &Census, kept: &Kept) -> Option<Gang> {
        let lead = self.runs.get(run)?;
        let holders = lead.run.holders();
        let seat = |worker: &WorkerId| {
            let known = self.workers.get(worker)?;
            let is_out = kept.0.contains_key(worker) || census.alone.contains(worker);
            (!is_out).then(|| Seat {
                n_held: census.on(worker),
                slots: known.slots as usize,
                has_share: lead.run.sharers().is_some() && holders.contains(worker),
            })
        };
        gang::next_gang(&lead.run, &lead.order, field, &seat)
    }

    fn lease_legs(
        &mut self,
        id: &RunId,
        case: &CaseId,
        workers: &[WorkerId],
        census: &Census,
    ) -> bool {
        let Some(lead) = self.runs.get(id) else {
            return false;
        };
        let first = lead.run.next_attempt().0;
        let legs = (first..).map(AttemptId).zip(workers);
        let legs: Option<Vec<LegLease>> = legs
            .map(|(attempt, worker)| self.leg_of(attempt, worker))
            .collect();
        let Some(legs) = legs else {
            return false;
        };
        let event = RunEvent::LegsLeased {
            case: case.clone(),
            legs: legs.clone(),
        };
        if !self.decide(id, event, Urgency::Awaited) {
            return false;
        }
        for leg in legs {
            let is_first = census.on(&leg.worker) == 0;
            let held = (leg.attempt, leg.session);
            self.tell_lease(id, &leg.worker, held, vec![case.clone()], is_first);
        }
        self.take_turn(id);
        true
    }

    fn leg_of(&self, attempt: AttemptId, worker: &WorkerId) -> Option<LegLease> {
        let known = self.workers.get(worker)?;
        known.stream?;
        Some(LegLease {
            attempt,
            worker: worker.clone(),
            session: known.session,
            region: known.region.clone(),
        })
    }

    /// An attempt is over that had these cases open: what that means for them.
    pub(super) fn given_back(&mut self, run: &RunId, cases: &[CaseId]) {
        for case in cases {
            self.end_other_legs(run, case);
            self.judge_losses(run, case);
        }
    }

    pub(super) fn end_other_legs(&mut self, run: &RunId, case: &CaseId) {
        let Some(lead) = self.runs.get(run) else {
            return;
        };
        let facts = lead.run.case(case).filter(|facts| facts.is_broken());
        let open = facts.into_iter().flat_map(|facts| facts.open_legs());
        let open = open.filter_map(|leg| Some((leg, lead.run.attempt(leg)?.worker.clone())));
        let open: Vec<_> = open.collect();
        let after = self.run_mark(run);
        for (attempt, worker) in open {
            let cancel = ToWorkerBody::Cancel {
                run: run.clone(),
                attempt,
                why: LOST.to_owned(),
            };
            self.send_to(&worker, cancel, after.clone());
        }
    }

    /// Cases whose legs can never be leased together: two in one place, or more than there are parts
    /// of the caps.
    pub(super) fn close_unplaceable(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        if lead.run.n_gangs_waiting() == 0 {
            return;
        }
        let n_parts = lead.run.sharers().map(|sharers| sharers as usize);
        let waiting = lead.run.cases().filter(|(case, facts)| {
            case.is_gang() && facts.state == domain::run::CaseState::Waiting
        });
        let closing: Vec<(CaseId, String)> = waiting
            .filter_map(|(case, _)| {
                let n_legs = case.legs.len();
                let places: BTreeSet<_> = case.legs.iter().flat_map(|leg| &leg.region).collect();
                let why = match n_parts {
                    _ if places.len() < n_legs => {
                        format!("no_capacity: {n_legs} legs that are not in as many regions")
                    }
                    Some(parts) if parts < n_legs => format!(
                        "no_capacity: {n_legs} legs, and the environment's caps have parts for {parts} workers"
                    ),
                    _ => return None,
                };
                Some((case.id.clone(), why))
            })
            .collect();
        for (case, why) in closing {
            self.close(id, &case, Outcome::Errored, &why);
        }
    }
}
