//! What turned red, and by which checks, as report.json says it. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::text;
use crate::Report;

/// How a case may go red: by an expectation over what was received, never by silence.
const BY_A_CHECK: [&str; 7] = [
    "check_failed",
    "status",
    "grammar",
    "silence",
    "expect",
    "missing",
    "no_match",
];

/// A test that did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Red {
    pub suite: String,
    pub test: String,
    pub outcome: String,
    /// Of the first case that says one.
    pub reason: String,
    /// Sorted by place, each once.
    pub fired: Vec<Check>,
}

/// A check that was false: where it is written, and its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    pub file: String,
    pub line: u64,
    pub expression: String,
}

impl Red {
    /// Failed, by a check of the test.
    pub fn is_by_a_check(&self) -> bool {
        let word = self.reason.split(':').next().unwrap_or_default();
        self.outcome == "failed" && BY_A_CHECK.contains(&word) && !self.fired.is_empty()
    }
}

/// Every test of which a case neither passed nor was skipped, in the report's order.
pub fn of(report: &Report) -> Vec<Red> {
    let mut red: Vec<Red> = Vec::new();
    for case in report.cases() {
        let is_green = case["outcome"] == "passed" || case["outcome"] == "skipped";
        let (suite, test) = (text(&case["suite"]), text(&case["test"]));
        let is_known = red.iter().any(|one| one.suite == suite && one.test == test);
        if is_green || is_known {
            continue;
        }
        let mut fired = fired(report, &suite, &test);
        fired.sort();
        fired.dedup();
        red.push(Red {
            suite,
            test,
            outcome: text(&case["outcome"]),
            reason: text(&case["reason"]),
            fired,
        });
    }
    red
}

/// What `requires` said when no case could run: the first error of each region.
pub fn refused(report: &Report) -> Option<String> {
    let is_refused = |case: &Value| text(&case["reason"]).starts_with("env_unreachable");
    let is_all = !report.cases().is_empty() && report.cases().iter().all(is_refused);
    let regions = report.0["preflight"].as_array().into_iter().flatten();
    let errors: BTreeMap<String, String> = regions
        .filter_map(|region| {
            let probes = region["probes"].as_array()?;
            let mut told = probes.iter().map(|probe| text(&probe["error"]));
            let error = told.rfind(|error| !error.is_empty())?;
            Some((text(&region["region"]), error))
        })
        .collect();
    let first = errors.into_values().next();
    is_all.then(|| first.unwrap_or_default())
}

fn fired(report: &Report, suite: &str, test: &str) -> Vec<Check> {
    let failures = report.0["failures"].as_array().into_iter().flatten();
    let of_test = failures.filter(|one| one["suite"] == suite && one["test"] == test);
    of_test.flat_map(of_failure).collect()
}

/// The false checks of a failure; else the step that met something else than it must.
fn of_failure(failure: &Value) -> Vec<Check> {
    let file = text(&failure["file"]);
    let checks = failure["checks"].as_array().into_iter().flatten();
    let fired = checks.map(|check| Check {
        file: file.clone(),
        line: check["line"].as_u64().unwrap_or_default(),
        expression: text(&check["expression"]),
    });
    let fired: Vec<Check> = fired.collect();
    if !fired.is_empty() {
        return fired;
    }
    vec![Check {
        file,
        line: failure["line"].as_u64().unwrap_or_default(),
        expression: text(&failure["reason"])
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned(),
    }]
}
