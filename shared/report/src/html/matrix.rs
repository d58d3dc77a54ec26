//! Regions side by side: each test's outcomes in each planned region, suite by suite.

use std::collections::BTreeMap;

use domain::outcome::Outcome;

use super::failure;
use super::page::{Page, Tone};
use crate::figures::count;
use crate::summary::{MatrixRow, Summary};

/// Tests up to which every suite stands open.
const OPEN: usize = 60;
/// Regions that stand side by side on a phone, below the test's name.
const FEW: usize = 3;

pub(super) fn section(page: &mut Page, summary: &Summary) {
    page.section("matrix", "Tests and regions");
    let regions: Vec<_> = summary
        .by_region
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    let mut suites: Vec<(&str, Vec<&MatrixRow>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &summary.matrix {
        let place = *places.entry(row.suite.as_str()).or_insert_with(|| {
            suites.push((row.suite.as_str(), Vec::new()));
            suites.len() - 1
        });
        if let Some((_, rows)) = suites.get_mut(place) {
            rows.push(row);
        }
    }
    if suites.is_empty() {
        page.raw("<p>The plan has no case.</p>\n");
    }
    let is_short = summary.matrix.len() <= OPEN;
    for (suite, rows) in suites {
        let is_open = is_short || rows.iter().any(|row| !is_green(row));
        page.raw(if is_open {
            "<details open><summary>"
        } else {
            "<details><summary>"
        });
        let green = rows.iter().filter(|row| is_green(row)).count();
        page.within("<h3>", suite, "</h3> ");
        let tests = count(u64::try_from(rows.len()).unwrap_or(u64::MAX), "test");
        page.text(&format!("{green} of {tests} passed everywhere"));
        page.raw("</summary>\n");
        table(page, summary, &regions, rows);
        page.raw("</details>\n");
    }
    page.raw("</section>\n");
}

fn is_green(row: &MatrixRow) -> bool {
    let mut outcomes = row.regions.values().flatten();
    outcomes.all(|outcome| *outcome == Some(Outcome::Passed))
}

/// In the plan's order; where not all rows fit, those to look at come first.
fn table(page: &mut Page, summary: &Summary, regions: &[&str], mut rows: Vec<&MatrixRow>) {
    if rows.len() > super::ROWS {
        rows.sort_by_key(|row| is_green(row));
    }
    page.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Outcomes of tests by region\">\n");
    page.raw(match regions.len() {
        0..=FEW => "<table class=\"matrix stack\">\n",
        _ => "<table class=\"matrix\">\n",
    });
    page.raw("<thead><tr><th scope=\"col\">test</th>");
    for region in regions {
        page.within("<th scope=\"col\" class=\"col\">", region, "</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    let left_out = super::limited(page, &rows, super::ROWS, |page, row| {
        page.raw("<tr><th scope=\"row\">").code(row.test.as_str());
        page.raw("</th>");
        for region in regions {
            page.raw("<td>");
            cell(page, summary, row, region);
            page.raw("</td>");
        }
        page.raw("</tr>\n");
    });
    page.end_table();
    super::more(page, left_out);
}

/// `✓ passed`, or `✓ 3 passed ✕ 1 failed` where a test has several cases in a region.
fn cell(page: &mut Page, summary: &Summary, row: &MatrixRow, region: &str) {
    let outcomes = row
        .regions
        .get(region)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for kind in Outcome::ALL.map(Some).into_iter().chain([None]) {
        let number = outcomes.iter().filter(|outcome| **outcome == kind).count();
        if number == 0 {
            continue;
        }
        let word = kind.map_or("open", Outcome::word);
        let word = match outcomes.len() {
            1 => word.to_owned(),
            _ => format!("{number} {word}"),
        };
        let anchor = kind.and_then(|outcome| failure::anchor(summary, row, outcome));
        if let Some(anchor) = &anchor {
            page.within("<a href=\"#", anchor, "\">");
        }
        page.badge(Tone::of(kind), &word);
        page.raw(if anchor.is_some() { "</a> " } else { " " });
    }
}
