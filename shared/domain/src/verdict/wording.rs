//! How tests and causes are put into a reason: few names, whole numbers, plain words.

use std::collections::BTreeMap;

use super::standing::TestStanding;
use crate::outcome::Outcome;

/// How many names a sentence holds before it says how many more there are.
const NAMES: usize = 5;

/// `test_002, test_016 and 3 more`, in the order of suite and test.
pub(super) fn names(tests: &[&TestStanding]) -> String {
    let mut keys: Vec<_> = tests.iter().map(|test| (&test.suite, &test.test)).collect();
    keys.sort();
    let shown: Vec<_> = keys
        .iter()
        .take(NAMES)
        .map(|(_, test)| test.as_str())
        .collect();
    match keys.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `24 cases skipped (env_unreachable), 1 case lost (poisoned) in test_002`: the cases that proved
/// nothing, by outcome and reason, and the tests they belong to.
pub(super) fn causes(tests: &[&TestStanding]) -> String {
    let mut counts: BTreeMap<(Outcome, &str), u64> = BTreeMap::new();
    for (outcome, why) in tests.iter().flat_map(|test| &test.unproven) {
        *counts.entry((*outcome, why)).or_default() += 1;
    }
    let parts: Vec<_> = counts
        .iter()
        .map(|((outcome, why), count)| part(*outcome, why, *count))
        .collect();
    format!("{} in {}", parts.join(", "), names(tests))
}

/// `1 test`, `8 tests`.
pub(super) fn tests_count(count: usize) -> String {
    match count {
        1 => "1 test".to_owned(),
        more => format!("{more} tests"),
    }
}

fn part(outcome: Outcome, why: &str, count: u64) -> String {
    let cases = if count == 1 { "case" } else { "cases" };
    match why {
        "" => format!("{count} {cases} {outcome}"),
        why => format!("{count} {cases} {outcome} ({why})"),
    }
}
