//! What changed since an earlier gated run: by test, not by case.

use std::collections::BTreeSet;

use domain::ids::{RunId, SuiteName, TestId};
use domain::outcome::Outcome;

use super::case_line::CaseLine;
use crate::json::Previous;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    pub previous: RunId,
    /// Failed now, and not then.
    pub new_failures: Vec<(SuiteName, TestId)>,
    /// Failed then, and every case passed now.
    pub fixed: Vec<(SuiteName, TestId)>,
}

pub(super) fn compare(previous: &Previous, cases: &[CaseLine]) -> Comparison {
    let key = |case: &CaseLine| (case.suite.clone(), case.test.clone());
    let failed: BTreeSet<_> = cases
        .iter()
        .filter(|case| case.is(Outcome::Failed))
        .map(key)
        .collect();
    let not_passed: BTreeSet<_> = cases
        .iter()
        .filter(|case| !case.is(Outcome::Passed))
        .map(key)
        .collect();
    let planned: BTreeSet<_> = cases.iter().map(key).collect();
    let is_fixed =
        |test: &&(SuiteName, TestId)| planned.contains(*test) && !not_passed.contains(*test);
    Comparison {
        previous: previous.run.clone(),
        new_failures: failed.difference(&previous.failed).cloned().collect(),
        fixed: previous.failed.iter().filter(is_fixed).cloned().collect(),
    }
}
