//! The word of a run without a gate: every case must pass, and one that failed decides.

use super::standing::{TestStanding, standings};
use super::wording::{causes, names, tests_count};
use super::{Findings, soundness};
use crate::gate::VerdictWord;
use crate::plan::Plan;

pub(super) fn judge(plan: &Plan, findings: &Findings) -> (VerdictWord, Vec<String>) {
    let tests = standings(plan, findings);
    let of = tests.len();
    let defects = soundness::defects(plan, findings);
    let failed: Vec<_> = tests.iter().filter(|test| test.is_failed()).collect();
    let not_proven: Vec<_> = tests.iter().filter(|test| test.is_not_proven()).collect();
    let mut reasons = Vec::new();
    if !failed.is_empty() {
        reasons.push(format!(
            "{} failed (of {of}): {}",
            tests_count(failed.len()),
            names(&failed)
        ));
    }
    reasons.extend(defects);
    if !not_proven.is_empty() {
        let count = tests_count(not_proven.len());
        reasons.push(format!(
            "{count} not proven (of {of}): {}",
            causes(&not_proven)
        ));
    }
    let word = match (failed.is_empty(), reasons.is_empty()) {
        (false, _) => VerdictWord::Failed,
        (true, false) => VerdictWord::Incomplete,
        (true, true) => {
            reasons.push(passed_sentence(&tests));
            VerdictWord::Passed
        }
    };
    (word, reasons)
}

fn passed_sentence(tests: &[TestStanding]) -> String {
    let cases: u64 = tests.iter().map(|test| test.cases).sum();
    match (tests.len(), cases) {
        (1, 1) => "the one test passed".to_owned(),
        (1, cases) => format!("the one test passed in all its {cases} cases"),
        (of, cases) => format!("all {of} tests passed in all their {cases} cases"),
    }
}
