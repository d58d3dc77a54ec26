//! Cases of several legs, as the oracle reads the log: who has which leg, and what they came to.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::LegLease;
use domain::record::CaseResult;
use domain::{AttemptId, CaseId, Evidence, Outcome};

use crate::oracle::{Broken, Invariant, Seen};

/// One leasing of a case of several legs.
#[derive(Debug, Default)]
pub(super) struct Leasing {
    under_way: BTreeSet<AttemptId>,
    settled: BTreeMap<AttemptId, (Outcome, Evidence)>,
    /// A leg ended without a result.
    is_broken: bool,
}

impl Seen {
    pub(super) fn legs_leased(&mut self, case: &CaseId, legs: &[LegLease]) -> Result<(), Broken> {
        let broken = |what: &str| {
            let what = format!("the legs of case {case} are leased {what}");
            Err(Invariant::OneHolder.broken(what))
        };
        let Some(first) = legs.first().map(|leg| leg.attempt) else {
            return broken("to nobody");
        };
        let planned = self.fold.as_ref().and_then(|run| run.planned(case));
        let planned = planned.map_or(0, |case| case.legs.len());
        let workers: BTreeSet<_> = legs.iter().map(|leg| &leg.worker).collect();
        if legs.len() != planned || workers.len() != planned {
            return broken("in part, or twice to one worker");
        }
        if self.legs.contains_key(case) {
            return broken("while some of an earlier leasing are under way");
        }
        for leg in legs {
            // As far as holders go the case belongs to the first leg.
            let cases = match leg.attempt == first {
                true => std::slice::from_ref(case),
                false => &[],
            };
            self.leased(leg.attempt, cases)?;
            self.leasing_of.insert(leg.attempt, first);
        }
        let leasing = Leasing {
            under_way: legs.iter().map(|leg| leg.attempt).collect(),
            ..Leasing::default()
        };
        self.legs.insert(case.clone(), leasing);
        Ok(())
    }

    pub(super) fn leg_settled(
        &mut self,
        attempt: AttemptId,
        result: &CaseResult,
    ) -> Result<Option<&'static str>, Broken> {
        let case = &result.case;
        let said = (result.outcome, result.evidence);
        let is_its_own = self.legs.get_mut(case).is_some_and(|leasing| {
            leasing.settled.insert(attempt, said);
            leasing.under_way.remove(&attempt)
        });
        if !is_its_own {
            let what = format!("attempt {attempt} settles a leg of case {case} that it has not");
            return Err(Invariant::FirstIsFinal.broken(what));
        }
        self.gather(case)
    }

    /// The attempt is over: whichever leg it had brings nothing any more.
    pub(super) fn leg_ends(&mut self, attempt: AttemptId) -> Result<Option<&'static str>, Broken> {
        let mut legs = self.legs.iter_mut();
        let ended = legs.find_map(|(case, leasing)| {
            if !leasing.under_way.remove(&attempt) {
                return None;
            }
            leasing.is_broken = true;
            self.in_vain.extend(&leasing.under_way);
            Some(case.clone())
        });
        match ended {
            Some(case) => self.gather(&case),
            None => Ok(None),
        }
    }

    fn gather(&mut self, case: &CaseId) -> Result<Option<&'static str>, Broken> {
        let is_over = |leasing: &Leasing| leasing.under_way.is_empty();
        if !self.legs.get(case).is_some_and(is_over) {
            return Ok(None);
        }
        let Some(leasing) = self.legs.remove(case) else {
            return Ok(None);
        };
        if leasing.is_broken {
            self.holder.remove(case);
            let was_in_vain = !leasing.settled.is_empty();
            return Ok(Some(match was_in_vain {
                true => "leg settled and its case leased again",
                false => "legs given back together",
            }));
        }
        let is_any = |wanted| {
            leasing
                .settled
                .values()
                .any(|(outcome, _)| *outcome == wanted)
        };
        let outcome = match () {
            () if is_any(Outcome::Failed) => Outcome::Failed,
            () if is_any(Outcome::Unproven) => Outcome::Unproven,
            () => Outcome::Passed,
        };
        for (_, evidence) in leasing.settled.values() {
            self.sums += *evidence;
        }
        let by = leasing.settled.into_keys().collect();
        self.ended(case, outcome, by)?;
        Ok(Some("legs settled together"))
    }

    /// The attempt that stands for all legs of a leasing; a plain one stands for itself.
    pub(super) fn leasing(&self, attempt: AttemptId) -> AttemptId {
        self.leasing_of.get(&attempt).copied().unwrap_or(attempt)
    }
}
