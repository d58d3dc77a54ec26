//! What each event of a run's log may say, by the oracle's own sets.

use std::collections::BTreeSet;

use domain::event::RunEvent;
use domain::record::CaseResult;
use domain::{AttemptId, CaseId, Outcome, RunId};

use crate::oracle::fates::Fates;
use crate::oracle::{Broken, Invariant, Seen};
use crate::store::Store;

fn is_leg(event: &RunEvent) -> bool {
    matches!(event, RunEvent::LegSettled { .. })
}

fn is_rejected(result: &CaseResult, why: &str) -> Broken {
    let what = format!("a true result of {} is rejected: {why}", result.case);
    Invariant::NoPhantom.broken(what)
}

impl Seen {
    pub(super) fn note(
        &mut self,
        id: &RunId,
        event: &RunEvent,
        fates: &mut Fates,
        store: &Store,
    ) -> Result<Option<&'static str>, Broken> {
        match event {
            RunEvent::TermStarted { term, .. } => {
                if *term <= self.term {
                    let what = format!("term {term} starts after term {}", self.term);
                    return Err(Invariant::TermsRise.broken(what));
                }
                self.term = *term;
            }
            RunEvent::ShardLeased { attempt, cases, .. } => self.leased(*attempt, cases)?,
            RunEvent::LegsLeased { case, legs } => self.legs_leased(case, legs)?,
            RunEvent::CaseSettled {
                attempt,
                seq,
                result,
            }
            | RunEvent::LegSettled {
                attempt,
                seq,
                result,
            } => {
                self.advance(*attempt, *seq)?;
                fates.counted(id, *attempt, result, store)?;
                return self.settled(*attempt, result, is_leg(event));
            }
            RunEvent::CaseClosed { case, outcome, .. } => {
                self.legs.remove(case);
                self.ended(case, *outcome, Vec::new())?;
            }
            RunEvent::AttemptEnded { attempt, .. } => {
                self.closes(*attempt)?;
                return self.leg_ends(*attempt);
            }
            RunEvent::AttemptLost { attempt, .. } => {
                self.closes(*attempt)?;
                self.lost.insert(*attempt);
                return self.leg_ends(*attempt);
            }
            RunEvent::ResultKept {
                attempt,
                seq,
                result,
                ..
            } => {
                self.advance(*attempt, *seq)?;
                self.fails(result);
                fates.logged(id, *attempt, result, "kept")?;
            }
            RunEvent::ResultLate {
                attempt,
                seq,
                result,
            } => {
                self.advance(*attempt, *seq)?;
                fates.logged(id, *attempt, result, "late")?;
            }
            RunEvent::ResultRejected { result, why, .. } => return Err(is_rejected(result, why)),
            _ => {}
        }
        Ok(None)
    }

    fn settled(
        &mut self,
        attempt: AttemptId,
        result: &CaseResult,
        is_leg: bool,
    ) -> Result<Option<&'static str>, Broken> {
        self.fails(result);
        if is_leg {
            return self.leg_settled(attempt, result);
        }
        self.sums += result.evidence;
        self.ended(&result.case, result.outcome, vec![attempt])?;
        Ok(None)
    }

    fn fails(&mut self, result: &CaseResult) {
        self.n_failures += u64::from(result.outcome == Outcome::Failed);
    }

    pub(super) fn leased(&mut self, attempt: AttemptId, cases: &[CaseId]) -> Result<(), Broken> {
        let broken = |what: String| Err(Invariant::OneHolder.broken(what));
        if self.last_attempt.is_some_and(|last| attempt <= last) {
            return broken(format!("attempt {attempt} is given a second time"));
        }
        for case in cases {
            if let Some(holder) = self.holder.get(case) {
                return broken(format!(
                    "case {case} is leased while attempt {holder} holds it"
                ));
            }
            if self.outcomes.contains_key(case) {
                let what = format!("case {case} is leased and has an outcome");
                return Err(Invariant::FirstIsFinal.broken(what));
            }
            self.holder.insert(case.clone(), attempt);
        }
        self.last_attempt = Some(attempt);
        self.open.insert(attempt, cases.iter().cloned().collect());
        Ok(())
    }

    fn closes(&mut self, attempt: AttemptId) -> Result<(), Broken> {
        match self.open.remove(&attempt) {
            Some(cases) => {
                // A case of several legs is free when the last of them is over.
                for case in cases.iter().filter(|case| !self.legs.contains_key(*case)) {
                    self.holder.remove(case);
                }
                Ok(())
            }
            None => {
                let what = format!("attempt {attempt} ends and was not open");
                Err(Invariant::FirstIsFinal.broken(what))
            }
        }
    }

    fn advance(&mut self, attempt: AttemptId, seq: u64) -> Result<(), Broken> {
        let acked = self.acked.entry(attempt).or_default();
        if seq != *acked + 1 {
            let what = format!("result {seq} of attempt {attempt} follows result {acked}");
            return Err(Invariant::FirstIsFinal.broken(what));
        }
        *acked = seq;
        Ok(())
    }

    pub(super) fn ended(
        &mut self,
        case: &CaseId,
        outcome: Outcome,
        by: Vec<AttemptId>,
    ) -> Result<(), Broken> {
        if let Some(holder) = self.holder.remove(case)
            && let Some(open) = self.open.get_mut(&holder)
        {
            open.remove(case);
        }
        let is_planned = self
            .fold
            .as_ref()
            .is_some_and(|run| run.case(case).is_some());
        if !is_planned {
            let what = format!("case {case} is not of the plan and is counted");
            return Err(Invariant::OneOutcomeEach.broken(what));
        }
        match self.outcomes.insert(case.clone(), (outcome, by)) {
            None => Ok(()),
            Some((before, _)) => Err(Invariant::FirstIsFinal.broken(format!(
                "case {case} is counted as {before} and again as {outcome}"
            ))),
        }
    }

    pub(super) fn is_conserved(&self) -> Result<(), Broken> {
        let Some(run) = &self.fold else {
            return Ok(());
        };
        let totals = run.totals();
        match totals.planned == totals.settled() + run.n_open() as u64
            && totals.settled() == self.outcomes.len() as u64
        {
            true => Ok(()),
            false => Err(Invariant::Conserved.broken(format!(
                "the totals do not add up: {totals:?}, {} open",
                run.n_open()
            ))),
        }
    }

    /// No plain case of a higher tier waits that the same worker could have taken.
    pub(super) fn tiers_in_order(
        &self,
        leased: &[CaseId],
        region: &domain::Region,
    ) -> Result<(), Broken> {
        let Some(run) = &self.fold else {
            return Ok(());
        };
        let leased: BTreeSet<&CaseId> = leased.iter().collect();
        let tiers = leased.iter().filter_map(|case| run.planned(case));
        let Some(lowest) = tiers.map(|case| case.tier).max() else {
            return Ok(());
        };
        let overtaken = run.cases().find(|(case, facts)| {
            case.tier < lowest
                && facts.state == domain::run::CaseState::Waiting
                && !case.exclusive
                && !case.is_gang()
                && facts.n_blamed() < domain::schedule::LOSSES_BEFORE_ALONE
                && case.region.admits(region)
        });
        match overtaken {
            None => Ok(()),
            Some((case, _)) => Err(Invariant::EndsInTime.broken(format!(
                "case {} of tier {} waits while tier {lowest} is leased",
                case.id, case.tier
            ))),
        }
    }
}
