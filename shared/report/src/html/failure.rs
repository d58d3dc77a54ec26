//! What went wrong, one article per signature: where, why, what to type, and the evidence of its
//! first cases: every exchange, every check with its actual values, and the trace.

use domain::outcome::Outcome;
use domain::record::{CaseRecord, TryRecord};

use super::page::{Page, Tone};
use super::{VALUE, exchange, waterfall};
use crate::change;
use crate::escape::clip;
use crate::figures::{count, duration, moment};
use crate::summary::{CaseLine, Cause, MatrixRow, Records, Signature, Summary};

/// Signatures shown in full.
const SIGNATURES: usize = 100;
/// Cases of a signature whose evidence is shown, and those named.
const SHOWN: usize = 3;
const NAMED: usize = 300;
/// The page's length in bytes from which on evidence stays out, so that browsers keep up.
const ENOUGH: usize = 6_000_000;

pub(super) fn section(page: &mut Page, summary: &Summary, records: Records<'_>) {
    page.section("failures", "Failures");
    if summary.signatures.is_empty() {
        page.raw("<p class=\"calm\">No executed case went wrong.</p>\n");
    }
    let numbered: Vec<_> = summary.signatures.iter().enumerate().collect();
    let left_out = super::limited(page, &numbered, SIGNATURES, |page, (place, signature)| {
        article(page, summary, records, *place, signature);
    });
    super::more(page, left_out);
    page.raw("</section>\n");
}

/// Where a test's cases of this outcome are explained.
pub(super) fn anchor(summary: &Summary, row: &MatrixRow, outcome: Outcome) -> Option<String> {
    let is_of = |signature: &Signature| {
        signature.outcome == outcome && signature.test == row.test && signature.suite == row.suite
    };
    let place = summary.signatures.iter().position(is_of)?;
    (place < SIGNATURES).then(|| name(place))
}

fn name(place: usize) -> String {
    format!("failure-{}", place + 1)
}

fn article(
    page: &mut Page,
    summary: &Summary,
    records: Records<'_>,
    place: usize,
    signature: &Signature,
) {
    let outcome = signature.outcome;
    page.within(
        "<article class=\"failure\" id=\"",
        &name(place),
        "\">\n<h3>",
    );
    page.badge(Tone::of(Some(outcome)), outcome.word())
        .raw(" ")
        .code(signature.test.as_str());
    page.raw("</h3>\n<p class=\"title\">")
        .text(&signature.title);
    let regions = format!("in {}", signature.regions.join(", "));
    page.within(" <span class=\"dim\">", &regions, "</span></p>\n");
    page.raw("<dl class=\"facts\">\n");
    why(page, signature);
    pair(page, "where", |page| {
        page.code(&format!("{}:{}", signature.file, signature.line));
        if let Some(cause) = signature.cause.as_ref().filter(|one| !one.step.is_empty()) {
            page.raw(", ").code(&cause.step);
        }
    });
    pair(page, "cases", |page| cases(page, signature));
    let example = signature.cases.first().map(|case| case.as_str());
    pair(page, "run again", |page| {
        page.code(&change::again(summary, outcome, signature.test.as_str()));
    });
    pair(page, "look closer", |page| {
        page.code(&change::look(summary, example.unwrap_or_default()));
    });
    page.raw("</dl>\n");
    for (place, case) in signature.cases.iter().take(SHOWN).enumerate() {
        if let Some(case) = summary.case(case) {
            evidence(page, records, case, place == 0);
        }
    }
    page.raw("</article>\n");
}

fn pair(page: &mut Page, label: &'static str, draw: impl FnOnce(&mut Page)) {
    page.raw("<div><dt>").raw(label).raw("</dt><dd>");
    draw(page);
    page.raw("</dd></div>\n");
}

fn why(page: &mut Page, signature: &Signature) {
    pair(page, "why", |page| {
        page.within("<strong>", &clip(&signature.reason, VALUE), "</strong>");
    });
    let none = Cause::default();
    let cause = signature.cause.as_ref().unwrap_or(&none);
    for (label, value) in cause.unsaid(&signature.reason) {
        pair(page, label, |page| {
            page.code(&clip(value, VALUE));
        });
    }
    for check in &cause.checks {
        pair(page, "check", |page| {
            page.code(&check.expression);
            page.raw(" <span class=\"dim\">line ").show(check.line);
            page.raw("</span><br>").badge(Tone::Bad, "it was");
            page.raw(" ").code(&clip(&check.actual, VALUE));
        });
    }
}

fn cases(page: &mut Page, signature: &Signature) {
    page.raw("<ul class=\"cases\">");
    let left_out = super::limited(page, &signature.cases, NAMED, |page, case| {
        page.raw("<li>").code(case.as_str()).raw("</li>");
    });
    page.raw("</ul>");
    super::more(page, left_out);
}

/// One case's tries, folded away but for the first case of a signature.
fn evidence(page: &mut Page, records: Records<'_>, case: &CaseLine, is_open: bool) {
    page.raw(if is_open {
        "<details class=\"evidence\" open><summary>"
    } else {
        "<details class=\"evidence\"><summary>"
    });
    page.raw("Evidence from ")
        .code(case.place())
        .raw(" <span class=\"dim\">");
    page.text(&ran(case)).raw("</span></summary>\n");
    let record = case.record.as_ref().and_then(records);
    match record {
        _ if page.len() > ENOUGH => {
            page.raw(
                "<p>Left out, as this page is long enough: <code>muster show</code> has it.</p>\n",
            );
        }
        Some(record) => tries(page, &record),
        None => {
            page.raw(
                "<p>Nothing was recorded of this case, or its record could not be read.</p>\n",
            );
        }
    }
    page.raw("</details>\n");
}

fn ran(case: &CaseLine) -> String {
    let worker = case.worker.as_ref().map(|worker| worker.as_str());
    let trace = match case.trace_id.as_str() {
        "" => String::new(),
        id => format!(", trace {id}"),
    };
    format!(
        "{}, worker {}, {}, {}{trace}",
        case.name(),
        worker.unwrap_or("unknown"),
        moment(case.started_at_ms),
        duration(case.duration)
    )
}

fn tries(page: &mut Page, record: &CaseRecord) {
    let last = record.tries.len();
    for (place, tried) in record.tries.iter().enumerate() {
        page.raw("<h4>");
        if last > 1 {
            page.text(&format!("Try {} of {last}: ", place + 1));
        }
        one_try(page, tried);
    }
}

fn one_try(page: &mut Page, tried: &TryRecord) {
    let exchanges = u64::try_from(tried.exchanges.len()).unwrap_or(u64::MAX);
    let false_checks = tried.checks.iter().filter(|check| !check.held).count();
    let checks = u64::try_from(tried.checks.len()).unwrap_or(u64::MAX);
    let checked = match checks {
        0 => "nothing was checked".to_owned(),
        checks => format!("{}, {false_checks} false", count(checks, "check")),
    };
    page.text(&format!("{}, {checked}", count(exchanges, "exchange")));
    page.raw("</h4>\n");
    exchange::list(page, tried);
    if !tried.saved.is_empty() {
        page.raw(
            "<details class=\"saved\"><summary>Saved by the test</summary><dl class=\"pairs\">\n",
        );
        let left_out = super::limited(page, &tried.saved, super::ROWS, |page, (name, value)| {
            page.within("<div><dt>", name, "</dt><dd>");
            page.code(&clip(value, VALUE)).raw("</dd></div>\n");
        });
        page.raw("</dl>\n");
        super::more(page, left_out);
        page.raw("</details>\n");
    }
    waterfall::draw(page, &tried.spans);
}
