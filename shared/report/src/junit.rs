//! `junit.xml` for CI systems: a test suite per suite, a test case per case.
//!
//! A false check is a failure; whatever else kept a case from a pass is an error, so that no CI
//! takes it for green. A declared skip is skipped, with its reason as the message.

use domain::outcome::Outcome;
use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite,
};

use crate::escape;
use crate::figures::instant;
use crate::summary::{CaseLine, Cause, Summary};

#[derive(Debug, thiserror::Error)]
#[error("junit.xml could not be written: {0}; please report this with the run's folder")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The report as JUnit XML.
pub fn render(summary: &Summary) -> Result<String, JunitError> {
    let mut report = Report::new(text(&format!(
        "muster {} on {}",
        summary.run, summary.environment
    )));
    report.set_time(summary.elapsed);
    for group in &summary.suites {
        let mut suite = TestSuite::new(text(&group.name));
        suite.set_time(group.time);
        suite.add_property(property("run", summary.run.as_str()));
        suite.add_property(property("verdict", summary.word()));
        if let Some(tier) = group.tier {
            suite.add_property(property("tier", tier.word()));
        }
        let cases = summary
            .cases
            .iter()
            .filter(|case| case.suite.as_str() == group.name);
        suite.add_test_cases(cases.map(test_case));
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn text(of: &str) -> String {
    escape::block(of)
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, text(value))
}

fn test_case(case: &CaseLine) -> TestCase {
    let name = format!("{} @ {}", case.name(), case.planned_region);
    let mut junit = TestCase::new(text(&name), status(case));
    junit.set_classname(text(case.suite.as_str()));
    junit.set_time(case.duration);
    junit.set_assertions(usize::try_from(case.evidence.checks).unwrap_or(usize::MAX));
    let worker = case
        .worker
        .as_ref()
        .map(|worker| worker.as_str())
        .unwrap_or_default();
    let properties = [
        ("case", case.id.as_str()),
        ("region", case.place()),
        ("tier", case.tier.word()),
        (
            "outcome",
            case.outcome.map_or("open", |outcome| outcome.word()),
        ),
        ("worker", worker),
        ("trace", &case.trace_id),
    ];
    let known = properties
        .into_iter()
        .filter(|(_, value)| !value.is_empty());
    junit.add_properties(known.map(|(name, value)| property(name, value)));
    if case.worker.is_some() {
        let execution = [
            ("started", instant(case.started_at_ms)),
            ("attempts", case.attempts.to_string()),
            ("tries", case.tries.to_string()),
        ];
        junit.add_properties(execution.map(|(name, value)| property(name, &value)));
    }
    junit.extra.insert("file".into(), text(&case.file).into());
    junit
        .extra
        .insert("line".into(), case.line.to_string().into());
    junit
}

fn status(case: &CaseLine) -> TestCaseStatus {
    let mut status = match case.outcome {
        Some(Outcome::Passed) => TestCaseStatus::success(),
        Some(Outcome::Skipped) => TestCaseStatus::skipped(),
        Some(Outcome::Failed) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_type(text(match case.reason_word() {
        "" => case.outcome.map_or("open", |outcome| outcome.word()),
        word => word,
    }));
    status.set_message(text(match case.reason.as_str() {
        "" => "no outcome yet: the run goes on",
        reason => reason,
    }));
    if let Some(cause) = &case.cause {
        status.set_description(text(&description(case, cause)));
    }
    status.add_reruns(earlier_tries(case));
    status
}

/// Tries before the last that did not pass.
fn earlier_tries(case: &CaseLine) -> Vec<TestRerun> {
    let earlier = case.tried.iter().rev().skip(1).rev();
    let failures = earlier.filter_map(|one| one.failure.as_ref());
    failures
        .map(|failure| {
            let mut rerun = TestRerun::new(NonSuccessKind::Failure);
            rerun.set_type("try").set_message(text(failure));
            rerun
        })
        .collect()
}

fn description(case: &CaseLine, cause: &Cause) -> String {
    let mut lines = vec![format!(
        "{}:{} {}",
        case.file_of(&cause.step),
        cause.line,
        cause.step
    )];
    let fields = [
        ("", &cause.message),
        ("expected: ", &cause.expected),
        ("actual: ", &cause.actual),
    ];
    let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
    lines.extend(given.map(|(label, value)| format!("{label}{value}")));
    lines.extend(cause.checks.iter().map(|check| {
        format!(
            "line {}: {} did not hold: {}",
            check.line, check.expression, check.actual
        )
    }));
    lines.join("\n")
}
