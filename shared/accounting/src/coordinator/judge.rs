//! What becomes of a result: counted, kept beside, rejected or late; and as how much of it the ledger
//! takes.

use domain::event::RunEvent;
use domain::record::{CaseProof, CaseResult};
use domain::run::{Attempt, AttemptState, CaseState, EnvironmentChange, HeldLeg, LegState};
use domain::{AttemptId, Outcome, RunId};

use crate::coordinator::Coordinator;
use crate::coordinator::lead::StagedResult;

/// Bytes of a reason in the ledger; the whole text is in the record.
const LONGEST_REASON: usize = 300;

/// Checks of a proof in the ledger.
const MOST_PROVEN: usize = 200;

/// Bytes of all texts of a proof in the ledger.
const LONGEST_PROOF: usize = 16 * 1024;

impl Coordinator {
    /// What becomes of a result whose turn has come: counted, kept, rejected or late.
    pub(super) fn judge_result(
        &self,
        run: &RunId,
        id: AttemptId,
        staged: StagedResult,
    ) -> Option<RunEvent> {
        let StagedResult {
            seq,
            result,
            refused,
            ..
        } = staged;
        #[cfg(feature = "planted")]
        let result = self.with_evidence(result);
        let lead = self.runs.get(run)?;
        let attempt = lead.run.attempt(id)?;
        let (kept, rejected) = (kept(id, seq), rejected(id, seq));
        if lead.run.is_ended() {
            return Some(RunEvent::ResultLate {
                attempt: id,
                seq,
                result: bounded(result),
            });
        }
        if let Some(why) = refused.or_else(|| refusal(attempt, &result)) {
            return Some(rejected(result, &why));
        }
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::NoTokenCheck)
            && lead.run.state(&result.case).is_some_and(CaseState::is_open)
            && let Some(CaseState::Leased(holder)) = lead.run.state(&result.case)
        {
            let attempt = *holder;
            let seq = lead.run.attempt(attempt).map_or(0, |held| held.acked) + 1;
            let result = as_counted(result);
            return Some(RunEvent::CaseSettled {
                attempt,
                seq,
                result,
            });
        }
        if let AttemptState::Lost { why, .. } = &attempt.state {
            return Some(kept(result, &format!("its attempt was lost: {why}")));
        }
        if let Some(leg) = lead.run.leg(&result.case, id) {
            return Some(judge_leg(leg, seq, result));
        }
        match lead.run.state(&result.case)? {
            CaseState::Leased(holder) if *holder == id => Some(RunEvent::CaseSettled {
                attempt: id,
                seq,
                result: as_counted(result),
            }),
            CaseState::Settled {
                attempt,
                result: counted,
            } if *attempt == id => Some(match as_counted(result.clone()) == *counted {
                true => kept(result, "it repeats the counted result"),
                false => rejected(result, "another result of this attempt is counted"),
            }),
            state if state.is_open() => Some(kept(result, "its attempt had ended")),
            _ => Some(kept(result, "its case has an outcome already")),
        }
    }

    /// The environment is not the one that the region's preflight met; said once per region.
    pub(super) fn environment_change(&self, run: &RunId, event: &RunEvent) -> Option<RunEvent> {
        let (RunEvent::CaseSettled { result, .. } | RunEvent::LegSettled { result, .. }) = event
        else {
            return None;
        };
        let lead = self.runs.get(run)?;
        let mut changes = lead.run.environment_changes().iter();
        let is_said = changes.any(|change| change.region == result.region);
        let changed = lead.run.changed_since_preflight(result, false);
        let EnvironmentChange { region, from, to } = changed.filter(|_| !is_said)?;
        Some(RunEvent::EnvironmentChanged { region, from, to })
    }
}

/// What becomes of a result of a leg, while its leasing stands.
fn judge_leg(leg: &HeldLeg, seq: u64, result: CaseResult) -> RunEvent {
    let id = leg.attempt;
    match &leg.state {
        LegState::Open => RunEvent::LegSettled {
            attempt: id,
            seq,
            result: as_counted(result),
        },
        LegState::Settled {
            result: counted, ..
        } if as_counted(result.clone()) != *counted => {
            rejected(id, seq)(result, "another result of this leg is counted")
        }
        LegState::Settled { .. } => kept(id, seq)(result, "it repeats the counted result"),
        LegState::Over(_) => kept(id, seq)(result, "its attempt had ended"),
    }
}

/// Why a result can't be one of this attempt's.
fn refusal(attempt: &Attempt, result: &CaseResult) -> Option<String> {
    let is_its_own = attempt.cases.contains(&result.case)
        && result.worker == attempt.worker
        && result.region == attempt.region;
    (!is_its_own).then(|| "its case, worker or region is not the attempt's".to_owned())
}

fn kept(attempt: AttemptId, seq: u64) -> impl Fn(CaseResult, &str) -> RunEvent {
    move |result, why| RunEvent::ResultKept {
        attempt,
        seq,
        result: bounded(result),
        why: why.to_owned(),
    }
}

pub(super) fn rejected(attempt: AttemptId, seq: u64) -> impl Fn(CaseResult, &str) -> RunEvent {
    move |result, why| RunEvent::ResultRejected {
        attempt,
        seq,
        result: bounded(result),
        why: why.to_owned(),
    }
}

/// The result as it counts, whatever its worker says: without an exchange and a check on something
/// received nothing passed.
fn as_counted(mut result: CaseResult) -> CaseResult {
    let is_bare = result.evidence.exchanges == 0 || result.evidence.checks == 0;
    if result.outcome == Outcome::Passed && is_bare {
        result.outcome = Outcome::Unproven;
        result.reason =
            "no_evidence: its worker said passed without showing an exchange and a check"
                .to_owned();
    }
    bounded(result)
}

/// Counted or not, what stands in the ledger has short texts and no proof beyond all measure.
fn bounded(mut result: CaseResult) -> CaseResult {
    let texts = [
        &mut result.reason,
        &mut result.trace_id,
        &mut result.fingerprint,
    ];
    for text in texts {
        *text = short(text);
    }
    result.proof = result.proof.map(bounded_proof);
    result
}

/// The beginning of a text, as much of it as the ledger takes.
pub(super) fn short(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST_REASON)].to_owned()
}

fn bounded_proof(proof: CaseProof) -> CaseProof {
    let (checks, text) = match &proof {
        CaseProof::Known { checks, .. } => {
            let text = checks.iter().map(|check| check.expression.len()).sum();
            (checks.len(), text)
        }
        CaseProof::Unknown(why) => (0, why.len()),
    };
    if checks <= MOST_PROVEN && text <= LONGEST_PROOF {
        return proof;
    }
    CaseProof::Unknown(format!(
        "too large: {checks} checks with {text} bytes of text, at most {MOST_PROVEN} with {LONGEST_PROOF} are kept"
    ))
}

#[cfg(feature = "planted")]
impl Coordinator {
    /// The planted bug: what was not shown is made up.
    fn with_evidence(&self, mut result: CaseResult) -> CaseResult {
        if self.has_planted(crate::planted::Planted::ZeroSamplePass) {
            result.evidence.exchanges = result.evidence.exchanges.max(1);
            result.evidence.checks = result.evidence.checks.max(1);
        }
        result
    }
}
