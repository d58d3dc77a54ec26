//! The sections that count: by priority, by suite, regions side by side, and what is missing.

use domain::outcome::{Outcome, Totals};

use super::inline::{code, text};
use super::table::Table;
use super::{heading, limited};
use crate::escape;
use crate::figures::{duration, grouped};
use crate::summary::{Gap, Group, MatrixRow, Summary};

const COUNTED: [&str; 9] = [
    "tests passed",
    "planned",
    "passed",
    "failed",
    "skipped",
    "unproven",
    "errored",
    "lost",
    "cancelled",
];

pub(super) fn sections(out: &mut String, summary: &Summary) {
    heading(out, "By priority");
    groups(out, "priority", &summary.tiers);
    heading(out, "By suite");
    groups(out, "suite", &summary.suites);
    if !summary.groups.is_empty() {
        heading(out, "By group");
        groups(out, "group", &summary.groups);
    }
    heading(out, "By region");
    groups(out, "region", &summary.by_region);
    heading(out, "Regions side by side");
    matrix(out, summary);
}

/// Counts of cases, with the number of tests before and the durations behind.
fn groups(out: &mut String, name: &str, groups: &[Group]) {
    let head: Vec<_> = [name]
        .into_iter()
        .chain(COUNTED)
        .chain(["time", "longest"])
        .collect();
    limited(out, groups, Table::counts(&head), |table, group| {
        let tier = group
            .tier
            .map(|tier| format!(" ({tier})"))
            .unwrap_or_default();
        let mut cells = vec![
            format!("{}{tier}", text(&group.name)),
            format!(
                "{} of {}",
                grouped(group.tests.passed),
                grouped(group.tests.planned)
            ),
        ];
        cells.extend(counts(&group.totals));
        cells.extend([duration(group.time), duration(group.longest)]);
        table.row(cells);
    });
}

fn counts(totals: &Totals) -> Vec<String> {
    let outcomes = Outcome::ALL.map(|outcome| totals.of(outcome));
    [totals.planned]
        .into_iter()
        .chain(outcomes)
        .map(|number| number.to_string())
        .collect()
}

fn matrix(out: &mut String, summary: &Summary) {
    let regions: Vec<_> = summary
        .by_region
        .iter()
        .map(|group| group.name.clone())
        .collect();
    let names: Vec<_> = regions.iter().map(|region| text(region)).collect();
    let head: Vec<_> = ["test", "tier"]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    limited(out, &summary.matrix, Table::new(&head), |table, row| {
        let mut cells = vec![code(row.test.as_str()), row.tier.to_string()];
        cells.extend(regions.iter().map(|region| cell(row, region)));
        table.row(cells);
    });
}

/// `passed`, or `3 passed, 1 failed` where a test has several cases in a region.
fn cell(row: &MatrixRow, region: &str) -> String {
    let outcomes = row
        .regions
        .get(region)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let kinds = Outcome::ALL.map(Some).into_iter().chain([None]);
    let present: Vec<_> = kinds
        .map(|kind| {
            (
                kind,
                outcomes.iter().filter(|outcome| **outcome == kind).count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let parts = present.iter().map(|(kind, count)| match outcomes.len() {
        1 => word(*kind),
        _ => format!("{count} {}", word(*kind)),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn word(outcome: Option<Outcome>) -> String {
    match outcome {
        Some(Outcome::Passed) => "passed".to_owned(),
        Some(outcome) => format!("**{outcome}**"),
        None => "open".to_owned(),
    }
}

pub(super) fn not_exercised(out: &mut String, summary: &Summary) {
    heading(out, "Not exercised");
    if summary.gaps.is_empty() {
        out.push_str("Every planned case was executed to a pass or a failure.\n");
        return;
    }
    let table = Table::new(&["outcome", "reason", "cases", "tests"]);
    limited(out, &summary.gaps, table, |table, gap| {
        table.row([
            gap.outcome.to_string(),
            reason(gap),
            gap.cases.to_string(),
            tests(gap),
        ]);
    });
}

fn reason(gap: &Gap) -> String {
    match gap.detail.len() > gap.reason.len() {
        true => format!(
            "{}<br>{}",
            code(&gap.reason),
            text(&escape::clip(&gap.detail, super::VALUE))
        ),
        false => code(&gap.reason),
    }
}

fn tests(gap: &Gap) -> String {
    let names: Vec<_> = gap
        .tests
        .iter()
        .take(20)
        .map(|test| code(test.as_str()))
        .collect();
    match gap.tests.len().saturating_sub(20) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
