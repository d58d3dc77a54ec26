//! The sections that count: by priority, suite, group and region with the equation of each, what
//! is missing, and what revenue stands behind it.

use domain::value::ValueState;

use super::first_page::share;
use super::page::{Page, Tone};
use super::{ROWS, VALUE, limited, more};
use crate::escape::clip;
use crate::figures::{count, duration, equation, grouped, money, touched};
use crate::summary::{Gap, Group, Summary};

/// Names in a cell.
const NAMES: usize = 20;

/// Every case once: the whole, and each way of dividing it.
pub(super) fn section(page: &mut Page, summary: &Summary) {
    page.section("counts", "Every case counted once");
    let whole = equation(&summary.totals, summary.open);
    page.within("<p class=\"equation\">", &whole, "</p>\n");
    page.raw("<p class=\"dim\">The set of planned cases is the set of counted ones, in the whole run and in every line below.</p>\n");
    page.within("<p>", &touched(summary), "</p>\n");
    groups(page, "By priority", "priority", &summary.tiers);
    groups(page, "By suite", "suite", &summary.suites);
    if !summary.groups.is_empty() {
        groups(page, "By group", "group", &summary.groups);
    }
    groups(page, "By region", "region", &summary.by_region);
    page.raw("</section>\n");
}

fn groups(page: &mut Page, title: &'static str, name: &'static str, groups: &[Group]) {
    page.raw("<h3>").raw(title).raw("</h3>\n");
    page.table(title, &[name, "tests passed", "time", "longest"]);
    let left_out = limited(page, groups, ROWS, |page, group| {
        page.raw("<tr class=\"first\"><th scope=\"row\">")
            .text(&group.name);
        if let Some(tier) = group.tier {
            page.raw(" <span class=\"dim\">").show(tier).raw("</span>");
        }
        page.raw("</th><td class=\"num\">");
        page.text(&format!(
            "{} of {}",
            grouped(group.tests.passed),
            grouped(group.tests.planned)
        ));
        page.within("</td><td class=\"num\">", &duration(group.time), "</td>");
        page.within(
            "<td class=\"num\">",
            &duration(group.longest),
            "</td></tr>\n",
        );
        let open = group.totals.planned.saturating_sub(group.totals.settled());
        let equation = equation(&group.totals, open);
        page.within(
            "<tr class=\"second\"><td colspan=\"4\" class=\"equation\">",
            &equation,
            "</td></tr>\n",
        );
    });
    page.end_table();
    more(page, left_out);
}

/// What was neither shown to hold nor to fail, with its reason.
pub(super) fn not_exercised(page: &mut Page, summary: &Summary) {
    page.section("missing", "Not exercised");
    if summary.gaps.is_empty() {
        page.raw("<p class=\"calm\">Every planned case was executed to a pass or a failure.</p>\n");
    } else {
        page.raw("<ul class=\"cards\">\n");
        let left_out = limited(page, &summary.gaps, ROWS, card);
        page.raw("</ul>\n");
        more(page, left_out);
    }
    let unplanned = crate::first_screen::unplanned_tiers(summary);
    if !unplanned.is_empty() {
        let names: Vec<_> = unplanned.iter().map(|tier| tier.word()).collect();
        page.within("<p>No test is planned in ", &names.join(", "), ".</p>\n");
    }
    page.raw("</section>\n");
}

fn card(page: &mut Page, gap: &Gap) {
    page.raw("<li><p>")
        .badge(Tone::of(Some(gap.outcome)), gap.outcome.word());
    page.within(" <strong>", &count(gap.cases, "case"), "</strong> ");
    page.code(&gap.reason);
    let detail = gap.detail.strip_prefix(&gap.reason).unwrap_or(&gap.detail);
    let detail = detail.trim_start_matches([':', ' ']);
    page.raw("</p>\n");
    if !detail.is_empty() {
        page.within("<p>", &clip(detail, VALUE), "</p>\n");
    }
    page.raw("<p class=\"dim\">in ");
    page.codes(gap.tests.iter().map(|test| test.as_str()), NAMES);
    page.raw("</p></li>\n");
}

pub(super) fn value(page: &mut Page, summary: &Summary) {
    let value = &summary.value;
    if value.lines.is_empty() {
        return;
    }
    page.section("value", "Value");
    page.raw("<p class=\"dim\">Monthly recurring revenue, and the tests that stand behind it. It has no part in the verdict.</p>\n");
    let states = [
        ValueState::Verified,
        ValueState::Failing,
        ValueState::NotVerified,
    ];
    page.raw("<p class=\"equation\">")
        .text(&money(value.total(), &value.currency));
    page.raw(" a month");
    for (place, state) in states.into_iter().enumerate() {
        page.raw(if place == 0 { " = " } else { " + " });
        page.text(&format!(
            "{} {}",
            grouped(value.sum_of(state)),
            state.word()
        ));
    }
    page.raw("</p>\n<div class=\"bar\" aria-hidden=\"true\">");
    for state in states.into_iter().filter(|state| value.sum_of(*state) > 0) {
        page.raw("<i class=\"")
            .raw(tone(state).class())
            .raw("\" style=\"width:");
        page.percent(share(value.sum_of(state), value.total()))
            .raw("\"></i>");
    }
    page.raw("</div>\n");
    page.raw("<ul class=\"cards\">\n");
    let left_out = limited(page, &value.lines, ROWS, |page, line| {
        page.raw("<li><p>")
            .badge(tone(line.state), line.state.word());
        page.within(" <strong>", &line.name, "</strong> ");
        page.text(&money(line.mrr, &value.currency));
        page.within(" a month: ", &line.why, "</p>\n");
        let tests = u64::try_from(line.tests.len()).unwrap_or(u64::MAX);
        page.within("<details><summary>", &count(tests, "test"), "</summary><p>");
        page.codes(line.tests.iter().map(|test| test.as_str()), ROWS);
        page.raw("</p></details></li>\n");
    });
    page.raw("</ul>\n");
    more(page, left_out);
    page.raw("</section>\n");
}

fn tone(state: ValueState) -> Tone {
    match state {
        ValueState::Verified => Tone::Good,
        ValueState::Failing => Tone::Bad,
        ValueState::NotVerified => Tone::Quiet,
    }
}
