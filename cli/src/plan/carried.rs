//! What a run may take over from the one it completes: proven outcomes, with every mark on them.
//!
//! A doubt that is not about a single open case can't be completed away: such a run is refused, and
//! what it showed stays with it.

use std::collections::BTreeSet;

use domain::record::CaseResult;
use domain::run::{EnvironmentDoubt, Run};
use domain::{CaseId, Outcome, verdict};

use crate::error::Error;

/// The results that count again, or why there are none to be had.
pub(super) fn take_over(run: &Run) -> Result<Vec<CaseResult>, Error> {
    if let Some(why) = unfit(run) {
        return Err(Error::Usage(format!(
            "{} can't be completed: {why}; run it anew with `muster run`",
            run.plan().run
        )));
    }
    let failed_late = failed_late(run);
    let proven = run.cases().filter_map(|(case, facts)| {
        let result = facts.result()?;
        let passed_before = result.outcome == Outcome::Passed && failed_late.contains(&case.id);
        (!result.outcome.is_not_proven()).then(|| CaseResult {
            flaky: facts.is_flaky() || passed_before,
            ..result.clone()
        })
    });
    Ok(proven.collect())
}

/// What would be forgotten if only the open cases were executed.
fn unfit(run: &Run) -> Option<String> {
    if let Some(rejected) = run.rejected().first() {
        let case = &rejected.result.case;
        return Some(format!(
            "a result of {case} was rejected ({})",
            rejected.why
        ));
    }
    // A result taken over names one region; those that the other legs met would be forgotten.
    let mut cases = run.cases();
    if let Some((case, _)) = cases.find(|(case, facts)| case.is_gang() && facts.result().is_some())
    {
        let case = &case.id;
        return Some(format!("{case} was executed in several regions at once"));
    }
    let is_other =
        |doubt: &EnvironmentDoubt| !matches!(doubt, EnvironmentDoubt::NotConfirmed { .. });
    if run.environment_doubts().iter().any(is_other) {
        return Some("its results are not all of one environment".to_owned());
    }
    if run.verdict().is_some_and(verdict::is_miscounted) {
        return Some("its two counts disagree".to_owned());
    }
    let forgotten = open_failure(run)?;
    Some(format!(
        "a failure of {forgotten} is known that its outcome does not show"
    ))
}

/// A case without a proven outcome of which a failure was kept, or came late.
fn open_failure(run: &Run) -> Option<&CaseId> {
    let failed_late = failed_late(run);
    let mut open = run.cases().filter(|(_, facts)| {
        let outcome = facts.outcome();
        outcome.is_none_or(Outcome::is_not_proven)
    });
    let forgotten = open.find(|(case, facts)| {
        let mut kept = facts.kept.iter();
        kept.any(|kept| kept.result.outcome == Outcome::Failed) || failed_late.contains(&case.id)
    });
    forgotten.map(|(case, _)| &case.id)
}

fn failed_late(run: &Run) -> BTreeSet<&CaseId> {
    let late = run.late().iter().map(|aside| &aside.result);
    late.filter(|result| result.outcome == Outcome::Failed)
        .map(|result| &result.case)
        .collect()
}

#[cfg(test)]
mod tests;
