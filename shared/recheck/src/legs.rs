//! Cases of several legs: who has which, what each brought, and what that comes to.

use proto::v1::{CaseResult, Outcome};

/// The legs of one leasing of a case.
pub(crate) struct Legs(Vec<Leg>);

struct Leg {
    attempt: u64,
    result: Option<CaseResult>,
    is_over: bool,
}

impl Legs {
    pub(crate) fn of(attempts: Vec<u64>) -> Self {
        let leg = |attempt| Leg {
            attempt,
            result: None,
            is_over: false,
        };
        Self(attempts.into_iter().map(leg).collect())
    }

    fn under_way(&mut self, attempt: u64) -> Option<&mut Leg> {
        let mut legs = self.0.iter_mut();
        legs.find(|leg| leg.attempt == attempt && leg.result.is_none() && !leg.is_over)
    }

    /// False where the attempt has none of these legs, or brought its result before.
    pub(crate) fn brings(&mut self, attempt: u64, result: CaseResult) -> bool {
        let leg = self.under_way(attempt);
        leg.map(|leg| leg.result = Some(result)).is_some()
    }

    /// The attempt is over: its leg brings no result any more. Says whether that is news.
    pub(crate) fn ends(&mut self, attempt: u64) -> bool {
        let leg = self.under_way(attempt);
        leg.map(|leg| leg.is_over = true).is_some()
    }

    pub(crate) fn are_over(&self) -> bool {
        self.0.iter().all(|leg| leg.is_over || leg.result.is_some())
    }

    /// Each leg brought its result.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.iter().all(|leg| leg.result.is_some())
    }

    pub(crate) fn results(&self) -> Vec<CaseResult> {
        self.0.iter().filter_map(|leg| leg.result.clone()).collect()
    }
}

/// The outcome of a case by those of its legs: never ended, then failed, then not judged, then not
/// shown; it passed where all did.
pub(crate) fn together(results: &[CaseResult]) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Cancelled => 7,
        Outcome::Lost => 6,
        Outcome::Failed => 5,
        Outcome::Errored => 4,
        Outcome::Unproven => 3,
        Outcome::Skipped => 2,
        Outcome::Passed => 1,
        Outcome::Unspecified => 0,
    };
    let outcomes = results.iter().map(CaseResult::outcome);
    outcomes.max_by_key(rank).unwrap_or_default()
}
