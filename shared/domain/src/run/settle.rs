//! Results and outcomes: what counts, what is kept beside it, and what only a decision may end.

use crate::ids::{AttemptId, CaseId};
use crate::outcome::Outcome;
use crate::plan::PlannedCase;
use crate::record::CaseResult;
use crate::run::apply::Applied;
use crate::run::legs::keep_legs;
use crate::run::{Attempt, CaseState, Illegal, Kept, Run};

/// Results of an attempt are dense from 1, whatever becomes of them.
pub(super) fn check_seq(run: &Run, id: AttemptId, seq: u64) -> Result<&Attempt, Illegal> {
    let attempt = run.attempts.get(&id).ok_or(Illegal::UnknownAttempt(id))?;
    match seq == attempt.acked + 1 {
        true => Ok(attempt),
        false => Err(Illegal::SeqGap {
            attempt: id,
            expected: attempt.acked + 1,
            got: seq,
        }),
    }
}

pub(super) fn advance(run: &mut Run, id: AttemptId, seq: u64) -> Applied {
    check_seq(run, id, seq)?;
    let attempt = run.attempts.get_mut(&id);
    attempt.ok_or(Illegal::UnknownAttempt(id))?.acked = seq;
    Ok(())
}

/// No pass without evidence, wherever the result comes from.
pub(super) fn check_evidence(result: &CaseResult) -> Applied {
    let evidence = &result.evidence;
    let is_bare = evidence.exchanges == 0 || evidence.checks == 0;
    match result.outcome == Outcome::Passed && is_bare {
        true => Err(Illegal::PassWithoutEvidence(result.case.clone())),
        false => Ok(()),
    }
}

pub(super) fn settle(run: &mut Run, id: AttemptId, seq: u64, result: &CaseResult) -> Applied {
    let attempt = check_seq(run, id, seq)?;
    if !attempt.is_open() {
        return Err(Illegal::AttemptOver(id));
    }
    check_evidence(result)?;
    let case = &result.case;
    if run.planned(case).is_some_and(PlannedCase::is_gang) {
        return Err(Illegal::SeveralLegs(case.clone()));
    }
    match run.state(case) {
        None => return Err(Illegal::UnknownCase(case.clone())),
        Some(CaseState::Leased(holder)) if *holder == id => {}
        Some(state) if !state.is_open() => return Err(Illegal::SettledTwice(case.clone())),
        Some(_) => {
            return Err(Illegal::NotUnderAttempt {
                case: case.clone(),
                attempt: id,
            });
        }
    }
    advance(run, id, seq)?;
    let result = result.clone();
    set_terminal(
        run,
        &case.clone(),
        CaseState::Settled {
            attempt: id,
            result,
        },
    )
}

pub(super) fn carry(run: &mut Run, case: &CaseId) -> Applied {
    let facts = run.facts_mut(case)?;
    let is_untouched = facts.state == CaseState::Waiting && facts.losses.is_empty();
    match run.carried_result(case).cloned() {
        Some(result) if is_untouched => {
            check_evidence(&result)?;
            set_terminal(run, case, CaseState::Carried(result))
        }
        _ => Err(Illegal::NotCarried(case.clone())),
    }
}

pub(super) fn close(run: &mut Run, case: &CaseId, outcome: Outcome, reason: &str) -> Applied {
    let is_draining = run.draining.is_some();
    let executed = [Outcome::Passed, Outcome::Failed, Outcome::Unproven];
    if executed.contains(&outcome) {
        let case = case.clone();
        return Err(Illegal::NotForClosing { case, outcome });
    }
    match &run.facts_mut(case)?.state {
        CaseState::Waiting => {}
        CaseState::Leased(_) if is_draining => {}
        CaseState::Leased(_) => return Err(Illegal::ClosedWhileLeased(case.clone())),
        _ => return Err(Illegal::SettledTwice(case.clone())),
    }
    let reason = reason.to_owned();
    set_terminal(run, case, CaseState::Closed { outcome, reason })?;
    keep_legs(run, case, "the case was closed")
}

/// The one place where a case gets its outcome.
pub(super) fn set_terminal(run: &mut Run, case: &CaseId, state: CaseState) -> Applied {
    let holders = run.attempts_of(case);
    run.set_state(case, state)?;
    for holder in holders {
        if let Some(attempt) = run.attempts.get_mut(&holder) {
            attempt.open.remove(case);
        }
    }
    Ok(())
}

/// Kept are results of attempts that are over, and repetitions of what is settled already.
pub(super) fn keep(
    run: &mut Run,
    id: AttemptId,
    seq: u64,
    result: &CaseResult,
    why: &str,
) -> Applied {
    let attempt = check_seq(run, id, seq)?;
    let is_fenced = !attempt.is_open();
    let facts = run.facts_mut(&result.case)?;
    if !is_fenced && facts.state.is_open() {
        return Err(Illegal::AttemptOpen(id));
    }
    facts.kept.push(Kept {
        attempt: id,
        seq,
        result: result.clone(),
        why: why.to_owned(),
    });
    advance(run, id, seq)
}
