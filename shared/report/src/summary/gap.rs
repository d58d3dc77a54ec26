//! What the run did not show: cases neither passed nor failed, by outcome and reason.

use std::collections::BTreeMap;

use domain::ids::TestId;
use domain::outcome::Outcome;

use super::case_line::CaseLine;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub outcome: Outcome,
    /// Machine-readable first word of the reason: `env_unreachable`.
    pub reason: String,
    /// The reason of the first case, in full.
    pub detail: String,
    pub cases: u64,
    /// Each test once, in the plan's order.
    pub tests: Vec<TestId>,
}

/// Largest first.
pub(super) fn collect(cases: &[CaseLine]) -> Vec<Gap> {
    let mut gaps: BTreeMap<(Outcome, &str), Gap> = BTreeMap::new();
    for case in cases {
        let Some(outcome) = case.outcome.filter(|outcome| outcome.is_not_proven()) else {
            continue;
        };
        let gap = gaps
            .entry((outcome, case.reason_word()))
            .or_insert_with(|| Gap {
                outcome,
                reason: case.reason_word().to_owned(),
                detail: case.reason.clone(),
                cases: 0,
                tests: Vec::new(),
            });
        gap.cases += 1;
        if !gap.tests.contains(&case.test) {
            gap.tests.push(case.test.clone());
        }
    }
    let mut gaps: Vec<_> = gaps.into_values().collect();
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.cases));
    gaps
}
