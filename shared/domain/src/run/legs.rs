//! Cases of several legs: leased together, each leg under an attempt of its own, and settled by the
//! last of their results.
//!
//! A leg that is over without a result breaks the whole leasing. The case waits again when the last of
//! the others is over too, so that no leg ever meets one of another leasing; what they brought is kept.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::event::LegLease;
use crate::ids::{AttemptId, CaseId};
use crate::outcome::Outcome;
use crate::plan::PlannedCase;
use crate::record::{CaseProof, CaseResult};
use crate::run::apply::Applied;
use crate::run::settle::{advance, check_evidence, check_seq, set_terminal};
use crate::run::shard::{check_place, check_worker, open, wait_again};
use crate::run::{CaseFacts, CaseState, Illegal, Kept, Loss, Run};

/// One leg of a case that is leased, or was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLeg {
    pub attempt: AttemptId,
    pub state: LegState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegState {
    Open,
    Settled {
        seq: u64,
        result: CaseResult,
    },
    /// Its attempt is over without a result; `None`: it had not begun.
    Over(Option<Loss>),
}

/// Which outcome a case has whose legs differ: the first of these that one of them has.
const PRECEDENCE: [Outcome; 7] = [
    Outcome::Cancelled,
    Outcome::Lost,
    Outcome::Failed,
    Outcome::Errored,
    Outcome::Unproven,
    Outcome::Skipped,
    Outcome::Passed,
];

pub(super) fn lease_legs(run: &mut Run, case: &CaseId, legs: &[LegLease]) -> Applied {
    let planned = run.planned(case);
    let planned = planned.ok_or_else(|| Illegal::UnknownCase(case.clone()))?;
    if run.state(case) != Some(&CaseState::Waiting) {
        return Err(Illegal::NotWaiting(case.clone()));
    }
    if !are_its_legs(planned, legs) {
        return Err(Illegal::NotItsLegs(case.clone()));
    }
    if run.exclusive_leased() || planned.exclusive && run.anything_runs() {
        return Err(Illegal::NotAlone(case.clone()));
    }
    let incarnations = legs.iter().map(|leg| {
        check_place(run, leg.attempt, &leg.region)?;
        check_worker(run, &leg.worker, &leg.region)
    });
    let incarnations = incarnations.collect::<Result<Vec<_>, _>>()?;
    if !run.have_shares(legs.iter().map(|leg| &leg.worker)) {
        return Err(Illegal::NoShare(legs[0].worker.clone()));
    }
    run.set_state(case, CaseState::Leased(legs[0].attempt))?;
    for (leg, incarnation) in legs.iter().zip(incarnations) {
        let holder = (&leg.worker, incarnation, &leg.region);
        let cases = std::slice::from_ref(case);
        open(run, leg.attempt, holder, leg.session, cases);
    }
    run.facts_mut(case)?.legs = legs.iter().map(HeldLeg::new).collect();
    Ok(())
}

/// Each leg of the plan once, in its order, under attempts that grow, and each with another worker.
fn are_its_legs(planned: &PlannedCase, leased: &[LegLease]) -> bool {
    let workers: BTreeSet<_> = leased.iter().map(|leg| &leg.worker).collect();
    let is_at = |(leg, lease): (&crate::plan::Leg, &LegLease)| {
        let region = leg.region.as_ref();
        region.is_none_or(|region| *region == lease.region)
    };
    planned.is_gang()
        && leased.len() == planned.legs.len()
        && workers.len() == leased.len()
        && leased.is_sorted_by(|one, next| one.attempt < next.attempt)
        && planned.legs.iter().zip(leased).all(is_at)
}

pub(super) fn settle_leg(run: &mut Run, id: AttemptId, seq: u64, result: &CaseResult) -> Applied {
    if !check_seq(run, id, seq)?.is_open() {
        return Err(Illegal::AttemptOver(id));
    }
    check_evidence(result)?;
    let case = &result.case;
    let unknown = || Illegal::UnknownCase(case.clone());
    let leg = run.facts_mut(case)?.open_leg(id);
    let leg = leg.ok_or_else(|| Illegal::NotUnderAttempt {
        case: case.clone(),
        attempt: id,
    })?;
    leg.state = LegState::Settled {
        seq,
        result: result.clone(),
    };
    advance(run, id, seq)?;
    let attempt = run.attempts.get_mut(&id).ok_or_else(unknown)?;
    attempt.open.remove(case);
    gather(run, case)
}

/// The attempt of a leg is over, and brought no result.
pub(super) fn leg_over(run: &mut Run, case: &CaseId, id: AttemptId, loss: Option<Loss>) -> Applied {
    if let Some(leg) = run.facts_mut(case)?.open_leg(id) {
        leg.state = LegState::Over(loss);
    }
    gather(run, case)
}

/// Once nothing of the case is under way: it has its outcome, or waits again.
fn gather(run: &mut Run, case: &CaseId) -> Applied {
    let facts = run.facts_mut(case)?;
    let Some(attempt) = facts.legs.first().map(|leg| leg.attempt) else {
        return Ok(());
    };
    if facts.open_legs().next().is_some() {
        return Ok(());
    }
    if !facts.is_broken() {
        let result = joined(facts.legs.iter().filter_map(HeldLeg::result));
        return match result {
            Some(result) => set_terminal(run, case, CaseState::Settled { attempt, result }),
            None => Ok(()),
        };
    }
    let loss = facts.loss_of_legs();
    keep_legs(
        run,
        case,
        "choreography_lost: another leg brought no result",
    )?;
    wait_again(run, case, loss)
}

/// The leasing came to nothing: what its legs brought is kept beside the case.
pub(super) fn keep_legs(run: &mut Run, case: &CaseId, why: &str) -> Applied {
    let facts = run.facts_mut(case)?;
    for leg in std::mem::take(&mut facts.legs) {
        if let LegState::Settled { seq, result } = leg.state {
            let why = why.to_owned();
            let attempt = leg.attempt;
            facts.kept.push(Kept {
                attempt,
                seq,
                result,
                why,
            });
        }
    }
    Ok(())
}

impl HeldLeg {
    fn new(lease: &LegLease) -> Self {
        Self {
            attempt: lease.attempt,
            state: LegState::Open,
        }
    }

    pub fn result(&self) -> Option<&CaseResult> {
        match &self.state {
            LegState::Settled { result, .. } => Some(result),
            _ => None,
        }
    }
}

impl Run {
    /// The leg of a case that is, or was, under this attempt, while its leasing stands.
    pub fn leg(&self, case: &CaseId, attempt: AttemptId) -> Option<&HeldLeg> {
        let mut legs = self.case(case)?.legs.iter();
        legs.find(|leg| leg.attempt == attempt)
    }
}

impl CaseFacts {
    /// Attempts of its legs that are under way.
    pub fn open_legs(&self) -> impl Iterator<Item = AttemptId> {
        let open = self.legs.iter();
        open.filter(|leg| leg.state == LegState::Open)
            .map(|leg| leg.attempt)
    }

    /// A leg is over without a result, so the others are for nothing.
    pub fn is_broken(&self) -> bool {
        let mut legs = self.legs.iter();
        legs.any(|leg| matches!(leg.state, LegState::Over(_)))
    }

    fn open_leg(&mut self, id: AttemptId) -> Option<&mut HeldLeg> {
        let mut legs = self.legs.iter_mut();
        legs.find(|leg| leg.attempt == id && leg.state == LegState::Open)
    }

    /// One loss for the whole leasing: one that may be the case's own doing, if there is any.
    fn loss_of_legs(&self) -> Option<Loss> {
        let losses = self.legs.iter().filter_map(|leg| match &leg.state {
            LegState::Over(loss) => loss.as_ref(),
            _ => None,
        });
        let loss = losses.min_by_key(|loss| !loss.blames)?;
        Some(Loss {
            why: format!("choreography_lost: {}", loss.why),
            ..loss.clone()
        })
    }
}

/// What the legs come to together: the result of the one that decides, with the evidence of all.
fn joined<'a>(legs: impl Iterator<Item = &'a CaseResult> + Clone) -> Option<CaseResult> {
    let place = |outcome| PRECEDENCE.iter().position(|&other| other == outcome);
    let deciding = legs.clone().min_by_key(|leg| place(leg.outcome))?;
    let mut joined = CaseResult {
        evidence: Default::default(),
        proof: joined_proof(legs.clone().map(|leg| leg.proof.as_ref())),
        ..deciding.clone()
    };
    for leg in legs {
        joined.evidence += leg.evidence;
        joined.duration = joined.duration.max(leg.duration);
        joined.started_at_ms = joined.started_at_ms.min(leg.started_at_ms);
        joined.tries = joined.tries.max(leg.tries);
        joined.flaky |= leg.flaky;
    }
    Some(joined)
}

/// Known where it is known of every leg, and there at all where every leg was asked.
fn joined_proof<'a>(legs: impl Iterator<Item = Option<&'a CaseProof>>) -> Option<CaseProof> {
    let (mut all, mut is_all_complete) = (Vec::new(), true);
    for proof in legs.collect::<Option<Vec<_>>>()? {
        match proof {
            CaseProof::Known {
                checks,
                is_complete,
            } => {
                all.extend(checks.iter().cloned());
                is_all_complete &= is_complete;
            }
            unknown => return Some(unknown.clone()),
        }
    }
    Some(CaseProof::Known {
        checks: all,
        is_complete: is_all_complete,
    })
}
