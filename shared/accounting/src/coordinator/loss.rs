//! Attempts that end without their worker, and what that means for their cases.
//!
//! A lost case runs again while its budget lasts; after two losses that it may have caused it runs
//! alone and elsewhere; a third, alone, is blamed on it.

use domain::event::RunEvent;
use domain::message::ToWorkerBody;
use domain::plan::OnWorkerLoss;
use domain::run::{CaseFacts, CaseState, Run};
use domain::schedule::LOSSES_BEFORE_ALONE;
use domain::{AttemptId, CaseId, Outcome, PlannedCase, RunId};

use crate::coordinator::{Coordinator, Urgency};

impl Coordinator {
    pub(super) fn lose(&mut self, run: &RunId, id: AttemptId, why: &str, blames: bool) {
        let Some(attempt) = self.runs.get(run).and_then(|lead| lead.run.attempt(id)) else {
            return;
        };
        let worker = attempt.worker.clone();
        let open: Vec<CaseId> = attempt.open.iter().cloned().collect();
        let event = RunEvent::AttemptLost {
            attempt: id,
            why: why.to_owned(),
            blames,
        };
        if !self.decide(run, event, Urgency::Awaited) {
            return;
        }
        self.given_back(run, &open);
        let fenced = ToWorkerBody::Fenced {
            run: run.clone(),
            attempt: id,
            why: why.to_owned(),
        };
        let after = self.run_mark(run);
        self.send_to(&worker, fenced, after);
    }

    /// Ends a waiting case whose losses leave it no further attempt.
    pub(super) fn judge_losses(&mut self, run: &RunId, case: &CaseId) {
        let Some(lead) = self.runs.get(run) else {
            return;
        };
        let (Some(planned), Some(facts)) = (lead.run.planned(case), lead.run.case(case)) else {
            return;
        };
        let budget = self.config.infrastructure_budget;
        if let Some(why) = verdict_on_losses(&lead.run, planned, facts, budget) {
            self.close(run, case, Outcome::Lost, &why);
        }
    }

    pub(super) fn close(&mut self, run: &RunId, case: &CaseId, outcome: Outcome, reason: &str) {
        let event = RunEvent::CaseClosed {
            case: case.clone(),
            outcome,
            reason: reason.to_owned(),
        };
        self.decide(run, event, Urgency::Gathered);
    }
}

fn verdict_on_losses(
    run: &Run,
    planned: &PlannedCase,
    facts: &CaseFacts,
    budget: usize,
) -> Option<String> {
    let last = facts.losses.last()?;
    // A draining run closes what waits, for its own reason.
    if facts.state != CaseState::Waiting || run.draining().is_some() {
        return None;
    }
    let was_alone = run
        .attempt(last.attempt)
        .is_some_and(|attempt| attempt.cases.len() == 1);
    let (worker, why, n_losses) = (&last.worker, &last.why, facts.losses.len());
    if planned.on_worker_loss == OnWorkerLoss::Lost {
        Some(format!("worker_lost: {worker}: {why}"))
    } else if last.blames && was_alone && facts.n_blamed() > LOSSES_BEFORE_ALONE {
        Some(format!(
            "poisoned: lost {n_losses} times, at last alone on {worker}: {why}"
        ))
    } else if n_losses >= budget {
        Some(format!(
            "budget: lost {n_losses} times, at last with {worker}: {why}"
        ))
    } else {
        None
    }
}
