//! Every figure of report.json computed once more from its cases, and found in the other formats.

use std::collections::{BTreeMap, BTreeSet};

use report::{Summary, json, junit, markdown, terminal};
use serde_json::Value;

use crate::scenarios;

const OUTCOMES: [&str; 7] = [
    "passed",
    "failed",
    "skipped",
    "unproven",
    "errored",
    "lost",
    "cancelled",
];

#[test]
fn every_figure_follows_from_the_cases() {
    for synthetic in [scenarios::all_green(), scenarios::one_of_each()] {
        let summary = synthetic.summary(None);
        let report = serde_json::from_str(&json::render(&summary).unwrap()).unwrap();
        check(&summary, &report);
    }
}

/// Recomputes what `report` says from its own cases, and looks the figures up in every format.
#[track_caller]
pub(crate) fn check(summary: &Summary, report: &Value) {
    let cases = report["cases"].as_array().unwrap();
    let all: Vec<&Value> = cases.iter().collect();
    check_totals(&report["totals"], &all);
    check_tests(&report["tests"], &all);
    for (list, field) in [
        ("tiers", "tier"),
        ("suites", "suite"),
        ("regions", "planned_region"),
    ] {
        for group in report[list].as_array().unwrap() {
            let of_group: Vec<_> = all
                .iter()
                .copied()
                .filter(|case| case[field] == group["name"])
                .collect();
            check_totals(&group["totals"], &of_group);
            check_tests(&group["tests"], &of_group);
            let time: f64 = of_group
                .iter()
                .map(|case| case["duration_ms"].as_f64().unwrap())
                .sum();
            assert!(
                (time - group["time_ms"].as_f64().unwrap()).abs() < 0.01 * (all.len() as f64 + 1.0)
            );
        }
    }
    check_groups(report, &all);
    check_value(&report["value"]);
    check_lists(report, &all);
    check_formats(summary, report);
}

/// Groups are told apart by their tier too.
#[track_caller]
fn check_groups(report: &Value, cases: &[&Value]) {
    for group in report["groups"].as_array().unwrap() {
        let name = match group["name"].as_str() {
            Some("no group") => &Value::Null,
            _ => &group["name"],
        };
        let of_group: Vec<_> = cases
            .iter()
            .copied()
            .filter(|case| case["group"] == *name && case["tier"] == group["tier"])
            .collect();
        assert!(!of_group.is_empty(), "{group}");
        check_totals(&group["totals"], &of_group);
        check_tests(&group["tests"], &of_group);
    }
    let listed: u64 = report["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["totals"]["planned"].as_u64().unwrap())
        .sum();
    let has_groups = cases.iter().any(|case| !case["group"].is_null());
    assert_eq!(listed, if has_groups { cases.len() as u64 } else { 0 });
}

#[track_caller]
fn check_totals(totals: &Value, cases: &[&Value]) {
    assert_eq!(totals["planned"], cases.len() as u64);
    for outcome in OUTCOMES {
        let found = cases
            .iter()
            .filter(|case| case["outcome"] == outcome)
            .count() as u64;
        assert_eq!(totals[outcome], found, "{outcome}");
    }
}

#[track_caller]
fn check_tests(tests: &Value, cases: &[&Value]) {
    let mut by_test: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for case in cases {
        let key = (
            case["suite"].as_str().unwrap(),
            case["test"].as_str().unwrap(),
        );
        by_test
            .entry(key)
            .or_default()
            .insert(case["outcome"].as_str().unwrap());
    }
    let count = |is: &dyn Fn(&BTreeSet<&str>) -> bool| {
        by_test.values().filter(|outcomes| is(outcomes)).count() as u64
    };
    assert_eq!(tests["planned"], by_test.len() as u64);
    assert_eq!(
        tests["failed"],
        count(&|outcomes| outcomes.contains("failed"))
    );
    assert_eq!(
        tests["passed"],
        count(&|outcomes| *outcomes == BTreeSet::from(["passed"]))
    );
    assert_eq!(
        tests["not_proven"],
        count(&|outcomes| !outcomes.contains("failed") && *outcomes != BTreeSet::from(["passed"]))
    );
}

#[track_caller]
fn check_value(value: &Value) {
    let sum = |state: &str| -> u64 {
        let lines = value["lines"].as_array().unwrap().iter();
        lines
            .filter(|line| line["state"] == state)
            .map(|line| line["mrr"].as_u64().unwrap())
            .sum()
    };
    for (field, state) in [
        ("verified", "verified"),
        ("failing", "failing"),
        ("not_verified", "not verified"),
    ] {
        assert_eq!(value[field], sum(state), "{state}");
    }
    let parts = ["verified", "failing", "not_verified"].map(|field| value[field].as_u64().unwrap());
    assert_eq!(value["total"], parts.iter().sum::<u64>());
}

#[track_caller]
fn check_lists(report: &Value, cases: &[&Value]) {
    let ids = |is: &dyn Fn(&Value) -> bool| -> BTreeSet<&str> {
        cases
            .iter()
            .filter(|case| is(case))
            .map(|case| case["id"].as_str().unwrap())
            .collect()
    };
    let listed = |list: &Value| -> BTreeSet<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect()
    };
    let flaky: BTreeSet<_> = listed(&report["flaky"]);
    assert_eq!(
        flaky.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        ids(&|case| case["flaky"] == true)
    );
    let in_failures: BTreeSet<String> = report["failures"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| listed(&one["cases"]))
        .collect();
    let wrong = ids(&|case| {
        !case["worker"].is_null()
            && ["failed", "errored", "unproven"]
                .iter()
                .any(|outcome| case["outcome"] == *outcome)
    });
    assert_eq!(
        in_failures
            .iter()
            .map(String::as_str)
            .collect::<BTreeSet<_>>(),
        wrong
    );
    let gaps: u64 = report["not_exercised"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["cases"].as_u64().unwrap())
        .sum();
    let not_proven = ids(&|case| {
        !["passed", "failed", "open"]
            .iter()
            .any(|outcome| case["outcome"] == *outcome)
    });
    assert_eq!(gaps, not_proven.len() as u64);
    for case in cases.iter().filter(|case| case["outcome"] == "passed") {
        assert!(
            case["evidence"]["exchanges"].as_u64() > Some(0)
                && case["evidence"]["checks"].as_u64() > Some(0)
        );
    }
    let leases = &report["grid"]["leases"];
    let parts = ["ended", "lost", "open"].map(|part| leases[part].as_u64().unwrap());
    assert_eq!(leases["granted"], parts.iter().sum::<u64>());
}

/// The conservation line and the counts of every group stand in the formats for people.
#[track_caller]
fn check_formats(summary: &Summary, report: &Value) {
    let totals = &report["totals"];
    let parts: Vec<_> = OUTCOMES
        .iter()
        .map(|outcome| format!("{} {outcome}", totals[outcome]))
        .collect();
    let line = format!("{} planned = {}", totals["planned"], parts.join(" + "));
    let page = markdown::render(summary);
    assert!(terminal::render(summary, false).contains(&line), "{line}");
    assert!(page.contains(&line), "{line}");
    for list in ["tiers", "suites", "groups", "regions"] {
        for group in report[list].as_array().unwrap() {
            let totals = &group["totals"];
            let counts = ["planned"]
                .iter()
                .chain(&OUTCOMES)
                .map(|one| totals[one].to_string());
            let cells = counts.collect::<Vec<_>>().join(" | ");
            let tests = &group["tests"];
            let row = format!("| {} of {} | {cells} |", tests["passed"], tests["planned"]);
            let name = group["name"].as_str().unwrap();
            let is_row =
                |line: &str| line.starts_with(&format!("| {name} ")) && line.contains(&row);
            assert!(page.lines().any(is_row), "{name}: {row}\n{page}");
        }
    }
    check_junit(summary, totals);
}

/// One test case per case; failures are failures, skips are skips, the rest that did not pass errors.
#[track_caller]
fn check_junit(summary: &Summary, totals: &Value) {
    let xml = junit::render(summary).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let count = |outcome: &str| usize::try_from(totals[outcome].as_u64().unwrap()).unwrap();
    let open = usize::try_from(summary.open).unwrap();
    let skipped: usize = report.test_suites.iter().map(|suite| suite.skipped).sum();
    assert_eq!(
        (report.tests, report.failures, skipped),
        (count("planned"), count("failed"), count("skipped"))
    );
    let errors = ["unproven", "errored", "lost", "cancelled"]
        .map(count)
        .iter()
        .sum::<usize>()
        + open;
    assert_eq!(report.errors, errors);
}
