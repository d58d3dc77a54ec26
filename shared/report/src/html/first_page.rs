//! What is seen first: the verdict, the figures at a glance, the first screen, and where to go on.

use domain::outcome::Outcome;
use domain::value::ValueState;

use super::page::{Page, Tone};
use crate::figures::{count, duration, grouped, moment, money};
use crate::first_screen::{self, FirstScreen};
use crate::page::Style;
use crate::summary::Summary;

/// The verdict across the whole width, and of what it is the verdict.
pub(super) fn banner(page: &mut Page, summary: &Summary, screen: &FirstScreen) {
    let (class, glyph) = match screen.style {
        Style::Good => ("<header class=\"banner good\">", "✓"),
        Style::Bad => ("<header class=\"banner bad\">", "✕"),
        _ => ("<header class=\"banner doubt\">", "?"),
    };
    page.raw(class).raw("\n<div class=\"wide\">\n");
    let place = match &summary.gate {
        Some(gate) => format!("{} · gate {gate}", summary.environment),
        None => format!("{} · no gate", summary.environment),
    };
    page.within("<p class=\"over\">", &place, "</p>\n");
    page.raw("<h1><span class=\"word\"><span aria-hidden=\"true\">")
        .raw(glyph)
        .raw("</span> ");
    page.text(summary.word()).raw("</span> ");
    page.within("<span class=\"why\">", screen.reason(), "</span></h1>\n");
    for reason in &screen.reasons {
        page.within("<p class=\"further\">", reason, "</p>\n");
    }
    let when = format!(
        "{} · took {} · run {}",
        moment(summary.created_at_ms),
        duration(summary.elapsed),
        summary.run
    );
    page.within("<p class=\"under\">", &when, "</p>\n");
    page.raw("</div>\n</header>\n");
}

/// The figures that one looks for before reading.
pub(super) fn tiles(page: &mut Page, summary: &Summary) {
    page.raw("<ul class=\"tiles\" aria-label=\"At a glance\">\n");
    let tests = &summary.tests;
    tile(
        page,
        "tests passed",
        &grouped(tests.passed),
        &format!("of {}", grouped(tests.planned)),
    );
    let cases = |number: u64| {
        let planned = count(summary.totals.planned, "case");
        format!("{} of {planned}", grouped(number))
    };
    let failed = cases(summary.totals.failed);
    tile(page, "tests failed", &grouped(tests.failed), &failed);
    let not_proven = cases(summary.totals.not_proven() + summary.open);
    tile(
        page,
        "tests not proven",
        &grouped(tests.not_proven),
        &not_proven,
    );
    if !summary.value.lines.is_empty() {
        let currency = &summary.value.currency;
        tile(
            page,
            "value verified",
            &grouped(summary.value.sum_of(ValueState::Verified)),
            &format!("of {} a month", money(summary.value.total(), currency)),
        );
    }
    page.raw("</ul>\n");
    bar(page, summary);
}

fn tile(page: &mut Page, label: &'static str, figure: &str, below: &str) {
    page.raw("<li><span class=\"label\">")
        .raw(label)
        .raw("</span> ");
    page.within("<span class=\"figure\">", figure, "</span> ");
    page.within("<span class=\"below\">", below, "</span></li>\n");
}

/// All cases on one bar; its figures are in the first screen's equation.
fn bar(page: &mut Page, summary: &Summary) {
    let total = summary.totals.settled() + summary.open;
    if total == 0 {
        return;
    }
    page.raw("<div class=\"bar\" aria-hidden=\"true\">");
    let kinds = Outcome::ALL.map(Some).into_iter().chain([None]);
    for kind in kinds {
        let number = kind.map_or(summary.open, |outcome| summary.totals.of(outcome));
        if number > 0 {
            page.raw("<i class=\"")
                .raw(Tone::of(kind).class())
                .raw("\" style=\"width:");
            page.percent(share(number, total)).raw("\"></i>");
        }
    }
    page.raw("</div>\n");
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the width of a bar needs no more digits than a float has"
)]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}

/// The first screen, in the words of every other format.
pub(super) fn facts(page: &mut Page, screen: &FirstScreen) {
    page.raw("<section id=\"first\" aria-label=\"First screen\">\n<dl class=\"facts\">\n");
    for (subject, lines) in &screen.facts {
        page.raw("<div><dt>").raw(subject).raw("</dt><dd>");
        for line in lines {
            page.raw("<p>");
            fact(page, line);
            page.raw("</p>");
        }
        page.raw("</dd></div>\n");
    }
    page.raw("</dl>\n</section>\n");
}

/// A command at the end of a line looks like one.
fn fact(page: &mut Page, line: &str) {
    match line.split_once(": muster ") {
        Some((what, command)) => {
            page.text(what).raw(": ").code(&format!("muster {command}"));
        }
        None => {
            page.text(line);
        }
    }
}

/// All reasons, when the first screen could not hold them.
pub(super) fn reasons(page: &mut Page, summary: &Summary, screen: &FirstScreen) {
    let reasons: Vec<_> = summary
        .verdict
        .iter()
        .flat_map(|verdict| &verdict.reasons)
        .collect();
    if reasons.len() <= screen.reasons.len() + 1 {
        return;
    }
    page.raw("<section id=\"reasons\">\n<details><summary><h2>All ")
        .show(reasons.len());
    page.raw(" reasons</h2></summary>\n<ul>\n");
    let left_out = super::limited(page, &reasons, super::ROWS, |page, reason| {
        page.within("<li>", reason, "</li>\n");
    });
    page.raw("</ul>\n");
    super::more(page, left_out);
    page.raw("</details>\n</section>\n");
}

/// Links to the sections below.
pub(super) fn contents(page: &mut Page, summary: &Summary) {
    let number = |length: usize| count(u64::try_from(length).unwrap_or(u64::MAX), "line");
    let flaky = summary.flaky().len();
    page.raw("<nav aria-label=\"Sections\"><ul>\n");
    let links: [(&'static str, &'static str, Option<usize>); 11] = [
        ("#failures", "Failures", Some(summary.signatures.len())),
        ("#matrix", "Tests and regions", None),
        ("#missing", "Not exercised", Some(summary.gaps.len())),
        ("#flaky", "Flaky", (flaky > 0).then_some(flaky)),
        ("#proven", "Checks that can fail", None),
        ("#counts", "Counts", None),
        ("#times", "Response times", None),
        ("#value", "Value", None),
        ("#environment", "Environment", None),
        ("#workers", "Workers", None),
        ("#closing", "Conclusion", None),
    ];
    for (target, name, length) in links {
        let is_there = match target {
            "#flaky" => flaky > 0,
            "#proven" => summary.proven.is_some(),
            "#value" => !summary.value.lines.is_empty(),
            _ => true,
        };
        if !is_there {
            continue;
        }
        page.raw("<li><a href=\"").raw(target).raw("\">").raw(name);
        if let Some(length) = length {
            page.raw(" <span class=\"n\" title=\"")
                .text(&number(length))
                .raw("\">")
                .show(length)
                .raw("</span>");
        }
        page.raw("</a></li>\n");
    }
    page.raw("</ul></nav>\n");
}

/// How the first 12 digits of a fingerprint are shown.
pub(super) fn revision(page: &mut Page, fingerprint: &str) {
    match fingerprint {
        "" => page.text(&first_screen::fingerprint("")),
        known => page.code(&first_screen::fingerprint(known)),
    };
}
