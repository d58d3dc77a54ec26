//! Each test's response times by region, beside the targets that its checks set; tests without a
//! target say so.

use super::page::{Page, Tone};
use super::{ROWS, VALUE, limited, more};
use crate::escape::clip;
use crate::figures::{count, limit, millis};
use crate::summary::{Summary, Target, TestTimes};

const HEAD: [&str; 5] = ["test and region", "P50", "P95", "P99", "longest"];

pub(super) fn by_test(page: &mut Page, summary: &Summary) {
    let same_test = |one: &TestTimes, next: &TestTimes| one.key() == next.key();
    let tests: Vec<&[TestTimes]> = summary.test_times.chunk_by(same_test).collect();
    let has_target = |lines: &&[TestTimes]| lines.iter().any(|line| line.is_met().is_some());
    let (with, without): (Vec<_>, Vec<_>) = tests.into_iter().partition(has_target);
    page.raw("<h3>Against targets</h3>\n");
    if with.is_empty() {
        page.raw("<p>No target: no check of an executed test allows a time at most.</p>\n");
    } else {
        let is_met = |lines: &&&[TestTimes]| lines.iter().all(|line| line.is_met() != Some(false));
        let met = with.iter().filter(is_met).count();
        page.raw("<p>").text(&format!(
            "{met} of {} that {} a target met it in every region. A target is a check that allows a time at most; it was judged with its test.",
            count(length(&with), "test"),
            if with.len() == 1 { "has" } else { "have" },
        ));
        page.raw("</p>\n");
        tests_of(page, "Response times against targets", &with);
    }
    if !without.is_empty() {
        page.raw("<details><summary>");
        page.text(&count(length(&without), "test"))
            .raw(" without a target</summary>\n");
        tests_of(page, "Response times without a target", &without);
        page.raw("</details>\n");
    }
}

fn length<Item>(items: &[Item]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

fn tests_of(page: &mut Page, label: &'static str, tests: &[&[TestTimes]]) {
    page.table(label, &HEAD);
    let left_out = limited(page, tests, ROWS, |page, lines| {
        let Some(first) = lines.first() else {
            return;
        };
        page.raw("<tr class=\"first\"><th scope=\"rowgroup\" colspan=\"5\">")
            .code(first.test.as_str());
        for expression in expressions(lines) {
            page.raw("<br><span class=\"dim\">target</span> ");
            page.code(&clip(expression, VALUE));
        }
        page.raw("</th></tr>\n");
        lines.iter().for_each(|line| region(page, line));
    });
    page.end_table();
    more(page, left_out);
}

fn expressions<'line>(lines: &'line [TestTimes]) -> Vec<&'line str> {
    let mut all: Vec<&'line str> = Vec::new();
    for target in lines.iter().flat_map(|line| &line.targets) {
        if !all.contains(&target.expression.as_str()) {
            all.push(&target.expression);
        }
    }
    all
}

fn region(page: &mut Page, line: &TestTimes) {
    page.within(
        "<tr class=\"inner\"><th scope=\"row\">",
        line.region.as_str(),
        "",
    );
    let exchanges = count(line.times.count, "exchange");
    page.within(" <span class=\"dim\">", &exchanges, "</span>");
    for target in &line.targets {
        page.raw("<br>");
        result(page, target);
    }
    page.raw("</th>");
    let times = line.times;
    for ms in [times.p50, times.p95, times.p99, times.max] {
        let shown = match times.count {
            0 => "not measured".to_owned(),
            _ => millis(ms),
        };
        page.within("<td class=\"num\">", &shown, "</td>");
    }
    page.raw("</tr>\n");
}

/// `✓ met within 3000 ms, 1 of 1`.
fn result(page: &mut Page, target: &Target) {
    match target.held == target.evaluated {
        true => page.badge(Tone::Good, "met"),
        false => page.badge(Tone::Bad, "missed"),
    };
    page.raw(" <span class=\"dim\">").text(&limit(target));
    page.raw("</span>");
}
