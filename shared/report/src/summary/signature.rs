//! Executed cases that did not pass, put together where they went wrong in the same way.

use std::collections::BTreeMap;

use domain::ids::{CaseId, SuiteName, TestId};
use domain::outcome::Outcome;
use domain::plan::Tier;

use super::case_line::CaseLine;
use super::cause::Cause;

/// One way in which a test went wrong, and every case in which it did so.
#[derive(Clone, Debug)]
pub struct Signature {
    pub outcome: Outcome,
    pub tier: Tier,
    pub suite: SuiteName,
    pub test: TestId,
    pub title: String,
    pub file: String,
    /// Line of what went wrong, else of the test.
    pub line: u32,
    /// Reason of the first case, in full.
    pub reason: String,
    /// Cause as the first case's record tells it; `None` when there is no record of it.
    pub cause: Option<Cause>,
    pub cases: Vec<CaseId>,
    /// Where the cases ran, each once, sorted.
    pub regions: Vec<String>,
    /// Trace of the first case.
    pub trace_id: String,
}

/// What makes two cases the same signature: all but region, row and values.
type Key<'line> = (
    u8,
    Tier,
    &'line SuiteName,
    &'line TestId,
    &'line str,
    &'line str,
    u32,
    Vec<&'line str>,
);

/// Failed ones first, then by tier, suite, test and place.
pub(super) fn collect(cases: &[CaseLine]) -> Vec<Signature> {
    let mut groups: BTreeMap<Key<'_>, Vec<&CaseLine>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.went_wrong()) {
        groups.entry(key(case)).or_default().push(case);
    }
    groups
        .into_values()
        .filter_map(|group| signature(&group))
        .collect()
}

fn key(case: &CaseLine) -> Key<'_> {
    let rank = match case.outcome {
        Some(Outcome::Failed) => 0,
        Some(Outcome::Errored) => 1,
        _ => 2,
    };
    let cause = case.cause.as_ref();
    let expressions = cause
        .iter()
        .flat_map(|cause| &cause.checks)
        .map(|check| check.expression.as_str());
    (
        rank,
        case.tier,
        &case.suite,
        &case.test,
        case.reason_word(),
        cause.map_or("", |cause| &cause.step),
        cause.map_or(0, |cause| cause.line),
        expressions.collect(),
    )
}

fn signature(cases: &[&CaseLine]) -> Option<Signature> {
    let first = cases.first()?;
    let mut regions: Vec<_> = cases.iter().map(|case| case.place().to_owned()).collect();
    regions.sort();
    regions.dedup();
    let cause = first.cause.as_ref().filter(|cause| cause.line > 0);
    let (file, line) = cause.map_or((first.file.as_str(), first.line), |cause| {
        (first.file_of(&cause.step), cause.line)
    });
    Some(Signature {
        outcome: first.outcome?,
        tier: first.tier,
        suite: first.suite.clone(),
        test: first.test.clone(),
        title: first.title.clone(),
        file: file.to_owned(),
        line,
        reason: first.reason.clone(),
        cause: first.cause.clone(),
        cases: cases.iter().map(|case| case.id.clone()).collect(),
        regions,
        trace_id: first.trace_id.clone(),
    })
}
