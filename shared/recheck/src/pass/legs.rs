//! Cases of several legs: who has which, what each brought, and what that comes to.

use std::collections::BTreeSet;

use proto::v1::{CaseResult, LegSettled, LegsLeased, Outcome};

use crate::pass::{Pass, is_shown};

/// The legs of one leasing of a case.
pub(super) struct Legs(Vec<Leg>);

struct Leg {
    attempt: u64,
    result: Option<CaseResult>,
    is_over: bool,
}

impl Legs {
    fn of(attempts: Vec<u64>) -> Self {
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
    fn brings(&mut self, attempt: u64, result: CaseResult) -> bool {
        let leg = self.under_way(attempt);
        leg.map(|leg| leg.result = Some(result)).is_some()
    }

    /// The attempt is over: its leg brings no result any more. Says whether that is news.
    pub(super) fn ends(&mut self, attempt: u64) -> bool {
        let leg = self.under_way(attempt);
        leg.map(|leg| leg.is_over = true).is_some()
    }

    fn are_over(&self) -> bool {
        self.0.iter().all(|leg| leg.is_over || leg.result.is_some())
    }

    /// Each leg brought its result.
    fn is_whole(&self) -> bool {
        self.0.iter().all(|leg| leg.result.is_some())
    }

    pub(super) fn results(&self) -> Vec<CaseResult> {
        self.0.iter().filter_map(|leg| leg.result.clone()).collect()
    }
}

impl Pass {
    pub(super) fn legs_leased(&mut self, leased: LegsLeased) {
        let case = leased.case;
        let workers: BTreeSet<_> = leased.legs.iter().map(|leg| &leg.worker).collect();
        let is_each_once = self.gangs.get(&case) == Some(&leased.legs.len());
        if !is_each_once || workers.len() != leased.legs.len() || !self.is_free(&case) {
            self.say(format!(
                "the legs of case {case} are leased, and it is not free or these are not its legs"
            ));
        }
        let attempts: Vec<u64> = leased.legs.iter().map(|leg| leg.attempt).collect();
        for &attempt in &attempts {
            self.opened(attempt, vec![case.clone()]);
        }
        self.legs.insert(case, Legs::of(attempts));
    }

    pub(super) fn leg_settled(&mut self, settled: LegSettled) {
        let attempt = settled.attempt;
        self.next_seq(attempt, settled.seq);
        let Some(result) = settled.result else {
            return self.say(format!("attempt {attempt} settles a leg without a result"));
        };
        if !is_shown(&result) {
            let case = &result.case;
            self.say(format!("a leg of case {case} passed and nothing shows it"));
        }
        let case = result.case.clone();
        let legs = self.legs.get_mut(&case);
        let is_taken = legs.is_some_and(|legs| legs.brings(attempt, result));
        if self.over.contains(&attempt) || !is_taken {
            self.say(format!(
                "a leg of case {case} is settled by attempt {attempt}, which does not hold it"
            ));
        }
        self.gather(&case);
    }

    /// Nothing of the case's legs is under way any more: it has its outcome, or waits again.
    pub(super) fn gather(&mut self, case: &str) {
        let Some(legs) = self.legs.get(case).filter(|legs| legs.are_over()) else {
            return;
        };
        let results = legs.results();
        let is_whole = legs.is_whole();
        self.legs.remove(case);
        if is_whole {
            let outcome = together(&results);
            self.marks.gang(case, outcome, &results);
            self.end(case, outcome);
        } else {
            self.keep(&results);
        }
    }

    pub(super) fn keep(&mut self, results: &[CaseResult]) {
        for result in results {
            self.marks.kept(Some(result));
        }
    }
}

/// The outcome of a case by those of its legs: never ended, then failed, then not judged, then not
/// shown; it passed where all did.
fn together(results: &[CaseResult]) -> Outcome {
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
