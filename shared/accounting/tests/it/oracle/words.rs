//! What leaves a coordinator: is it covered by what is durable?

use accounting::coordinator::{Answer, Request};
use domain::message::ToWorkerBody;
use domain::{AttemptId, RunId};

use crate::oracle::ledger::holds_canary;
use crate::oracle::{Broken, Invariant, Oracle};

impl Oracle {
    pub(crate) fn leaves(&self, body: &ToWorkerBody) -> Result<(), Broken> {
        let undurable = |what: String| Err(Invariant::AckedIsDurable.broken(what));
        match body {
            ToWorkerBody::Ack {
                run,
                attempt,
                through,
            } if self.acked(run, *attempt) < *through => undurable(format!(
                "result {through} of attempt {attempt} is acknowledged and not durable"
            )),
            ToWorkerBody::Expect { run, attempt, seq } if self.acked(run, *attempt) + 1 < *seq => {
                undurable(format!(
                    "results before {seq} of attempt {attempt} are said to be durable and are not"
                ))
            }
            ToWorkerBody::Lease {
                run,
                attempt,
                cases,
                ..
            } => {
                let names: Vec<u8> = cases
                    .iter()
                    .flat_map(|case| case.as_str().bytes())
                    .collect();
                if holds_canary(&names) {
                    return Err(
                        Invariant::RecordsStayInBlobs.broken("a lease holds recorded bytes")
                    );
                }
                match self.was_leased(run, *attempt) {
                    true => Ok(()),
                    false => undurable(format!("attempt {attempt} is granted and not durable")),
                }
            }
            ToWorkerBody::Fenced { run, attempt, why } if self.is_going_on(run, *attempt) => {
                undurable(format!(
                    "attempt {attempt} is fenced ({why}) and the log holds it open"
                ))
            }
            ToWorkerBody::AttemptOver { run, attempt } if self.is_going_on(run, *attempt) => {
                undurable(format!(
                    "attempt {attempt} is said to be over and the log holds it open"
                ))
            }
            ToWorkerBody::Cancel { run, attempt, .. } => {
                let fold = self.runs.get(run).and_then(|seen| seen.fold.as_ref());
                let is_stopping =
                    fold.is_some_and(|run| run.draining().is_some() || run.is_ended());
                let seen = self.runs.get(run);
                match is_stopping || seen.is_some_and(|seen| seen.in_vain.contains(attempt)) {
                    true => Ok(()),
                    false => undurable(format!(
                        "attempt {attempt} is cancelled and the log does not stop its run"
                    )),
                }
            }
            _ => Ok(()),
        }
    }

    /// A worker hears it: from now on no later leader may know less.
    pub(crate) fn heard(&mut self, body: &ToWorkerBody) {
        let told = match body {
            ToWorkerBody::Ack {
                run,
                attempt,
                through,
            } => Some((run, attempt, *through)),
            ToWorkerBody::Expect { run, attempt, seq } => Some((run, attempt, seq - 1)),
            _ => None,
        };
        if let Some((run, attempt, through)) = told
            && let Some(seen) = self.runs.get_mut(run)
        {
            let held = seen.told.entry(*attempt).or_default();
            *held = through.max(*held);
        }
    }

    /// A client hears an answer.
    pub(crate) fn answered(&self, request: &Request, answer: &Answer) -> Result<(), Broken> {
        let undurable = |what: String| Err(Invariant::AckedIsDurable.broken(what));
        match (request, answer) {
            (_, Answer::Submitted { run }) if !self.submitted.contains(run) => undurable(format!(
                "run {run} is said to be submitted and is not durable"
            )),
            (_, Answer::Cancelling { run }) => {
                let fold = self.runs.get(run).and_then(|seen| seen.fold.as_ref());
                let stops = fold.is_some_and(|run| {
                    run.stop().is_some() || run.draining().is_some() || run.is_ended()
                });
                match stops {
                    true => Ok(()),
                    false => undurable(format!("run {run} is said to stop and the log goes on")),
                }
            }
            _ => Ok(()),
        }
    }

    fn acked(&self, run: &RunId, attempt: AttemptId) -> u64 {
        let seen = self.runs.get(run);
        let acked = seen.and_then(|seen| seen.acked.get(&attempt));
        acked.copied().unwrap_or_default()
    }

    pub(super) fn was_leased(&self, run: &RunId, attempt: AttemptId) -> bool {
        let last = self.runs.get(run).and_then(|seen| seen.last_attempt);
        last.is_some_and(|last| attempt <= last)
    }

    /// The attempt is open and its run has no verdict.
    fn is_going_on(&self, run: &RunId, attempt: AttemptId) -> bool {
        let Some(seen) = self.runs.get(run) else {
            return false;
        };
        let is_ended = seen.fold.as_ref().is_none_or(|run| run.is_ended());
        seen.open.contains_key(&attempt) && !is_ended
    }
}
