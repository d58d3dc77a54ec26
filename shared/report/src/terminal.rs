//! The report on a terminal: the first screen, and then what a person needs to mend what is wrong.

use domain::outcome::Outcome;

use crate::change;
use crate::escape::clip;
use crate::figures::duration;
use crate::first_screen::{self, FirstScreen};
use crate::page::{Page, Style};
use crate::summary::{Signature, Summary};

/// Signatures shown in full; the other formats have all of them.
const SIGNATURES: usize = 20;
/// Letters of a value before it is cut.
const VALUE: usize = 500;
/// Slow cases named.
const SLOWEST: usize = 3;

/// The report as text, coloured or plain.
pub fn render(summary: &Summary, is_coloured: bool) -> String {
    let mut page = Page::new(is_coloured);
    draw_first_screen(&mut page, summary);
    for signature in summary.signatures.iter().take(SIGNATURES) {
        page.end();
        draw_signature(&mut page, summary, signature);
    }
    let more = summary.signatures.len().saturating_sub(SIGNATURES);
    if more > 0 {
        page.heading(&format!(
            "and {more} more; all of them are in report.md and report.json"
        ));
    }
    draw_all_reasons(&mut page, summary);
    draw_changes(&mut page, summary);
    draw_gaps(&mut page, summary);
    draw_flaky(&mut page, summary);
    draw_slowest(&mut page, summary);
    page.finish()
}

fn draw_first_screen(page: &mut Page, summary: &Summary) {
    let screen = FirstScreen::of(summary);
    let word = summary.word();
    page.styled(screen.style, word);
    page.row(
        screen
            .headline
            .strip_prefix(word)
            .unwrap_or(&screen.headline),
    );
    for reason in &screen.reasons {
        page.row(&format!("  {reason}"));
    }
    page.end();
    for (subject, lines) in &screen.facts {
        for (place, line) in lines.iter().enumerate() {
            page.field(0, if place == 0 { subject } else { "" }, line);
        }
    }
}

fn draw_signature(page: &mut Page, summary: &Summary, signature: &Signature) {
    page.styled(style(signature.outcome), signature.outcome.word());
    page.put(" ").styled(Style::Strong, signature.test.as_str());
    let title = if signature.title.is_empty() {
        String::new()
    } else {
        format!("  {}", signature.title)
    };
    page.row(&format!(" in {}{title}", signature.regions.join(", ")));
    let cause = signature.cause.as_ref();
    let step = cause
        .map(|cause| cause.step.as_str())
        .filter(|step| !step.is_empty());
    let place = format!("{}:{}", signature.file, signature.line);
    page.field(
        2,
        "where",
        &step.map_or(place.clone(), |step| format!("{place}, {step}")),
    );
    page.field(2, "why", &clip(&signature.reason, VALUE));
    if let Some(cause) = cause {
        for (label, value) in cause.unsaid(&signature.reason) {
            page.field(2, label, &clip(value, VALUE));
        }
        for check in &cause.checks {
            page.field(
                2,
                "check",
                &format!("line {}: {}", check.line, check.expression),
            );
            page.field(2, "", &clip(&check.actual, VALUE));
        }
    }
    let example = signature
        .cases
        .first()
        .map(|case| case.as_str())
        .unwrap_or_default();
    if signature.cases.len() > 1 {
        page.field(
            2,
            "cases",
            &format!("{}, such as {example}", signature.cases.len()),
        );
    }
    if !signature.trace_id.is_empty() {
        page.field(2, "trace", &signature.trace_id);
    }
    page.field(
        2,
        "run again",
        &change::again(summary, signature.outcome, signature.test.as_str()),
    );
    page.field(2, "look closer", &change::look(summary, example));
}

pub(crate) fn style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Passed => Style::Good,
        Outcome::Failed => Style::Bad,
        _ => Style::Doubtful,
    }
}

/// The first screen shows the first few reasons; all of them stand here.
fn draw_all_reasons(page: &mut Page, summary: &Summary) {
    let shown = FirstScreen::of(summary).reasons.len();
    let reasons: Vec<_> = summary
        .verdict
        .iter()
        .flat_map(|verdict| verdict.reasons.iter().skip(1))
        .collect();
    if reasons.len() > shown {
        page.heading("All further reasons");
        reasons.iter().for_each(|reason| {
            page.row(&format!("  {reason}"));
        });
    }
}

/// All that would change the verdict, when the first screen shows but the first few.
fn draw_changes(page: &mut Page, summary: &Summary) {
    let changes = change::changes(summary);
    if changes.len() <= first_screen::PER_SUBJECT {
        return;
    }
    page.heading("To change it");
    for change in changes {
        page.row(&format!("  {}", change.what));
        if let Some(command) = change.command {
            page.row(&format!("    {command}"));
        }
    }
}

fn draw_gaps(page: &mut Page, summary: &Summary) {
    if summary.gaps.is_empty() {
        return;
    }
    page.heading("Not exercised");
    for gap in &summary.gaps {
        page.row(&format!("  {}", first_screen::gap(gap)));
        if gap.detail.len() > gap.reason.len() {
            page.row(&format!("    {}", clip(&gap.detail, VALUE)));
        }
    }
}

fn draw_flaky(page: &mut Page, summary: &Summary) {
    let flaky = summary.flaky();
    if flaky.is_empty() {
        return;
    }
    page.heading("Flaky");
    for case in flaky {
        page.row(&format!("  {}", case.id));
        for ending in case.endings() {
            page.row(&format!("    {}", clip(&ending, VALUE)));
        }
    }
}

fn draw_slowest(page: &mut Page, summary: &Summary) {
    let slowest = summary.slowest(SLOWEST);
    if slowest.is_empty() {
        return;
    }
    page.heading("Slowest");
    for case in slowest {
        page.row(&format!("  {:>12}  {}", duration(case.duration), case.id));
    }
}
