//! `report.md`: the report as a CI job shows it, in GitHub-flavoured Markdown.
//!
//! It stays below the megabyte that a job summary may have (`markdown/fit.rs`): lists are cut and
//! say so, and `report.json` has everything. Escaping is in `markdown/inline.rs`, tables in `markdown/table.rs`.

use crate::change::Change;
use crate::conclusions;
use crate::escape;
use crate::figures::{duration, equation};
use crate::first_screen::FirstScreen;
use crate::summary::Summary;

mod counts;
mod evidence;
mod failures;
mod fit;
mod health;
mod inline;
mod table;

use inline::{code, text};
use table::Table;

/// Rows of a long table.
const ROWS: usize = 300;
/// Letters of a value.
const VALUE: usize = 500;

/// The report as Markdown.
pub fn render(summary: &Summary) -> String {
    let mut out = String::new();
    first_screen(&mut out, summary);
    reasons(&mut out, summary);
    counts::sections(&mut out, summary);
    failures::section(&mut out, summary);
    counts::not_exercised(&mut out, summary);
    evidence::sections(&mut out, summary);
    health::sections(&mut out, summary);
    closing(&mut out, summary);
    fit::within(escape::block(&out), fit::LIMIT)
}

fn heading(out: &mut String, title: &str) {
    out.push_str(&format!("\n## {title}\n\n"));
}

fn list(out: &mut String, items: impl IntoIterator<Item = String>) {
    for item in items {
        out.push_str(&format!("- {item}\n"));
    }
}

/// A table's first rows, and how many more there are.
fn limited<Item>(
    out: &mut String,
    items: &[Item],
    mut table: Table,
    mut row: impl FnMut(&mut Table, &Item),
) {
    items
        .iter()
        .take(ROWS)
        .for_each(|item| row(&mut table, item));
    table.write(out);
    let more = items.len().saturating_sub(ROWS);
    if more > 0 {
        out.push_str(&format!("\nand {more} more, in `report.json`\n"));
    }
}

fn first_screen(out: &mut String, summary: &Summary) {
    let screen = FirstScreen::of(summary);
    out.push_str(&format!("# {}\n\n", text(&screen.headline)));
    for reason in &screen.reasons {
        out.push_str(&format!("{}<br>\n", text(reason)));
    }
    let mut table = Table::new(&["", ""]);
    for (subject, lines) in &screen.facts {
        let lines: Vec<_> = lines.iter().map(|line| text(line)).collect();
        table.row([format!("**{subject}**"), lines.join("<br>")]);
    }
    out.push('\n');
    table.write(out);
}

/// All reasons, when the first screen could not hold them.
fn reasons(out: &mut String, summary: &Summary) {
    let reasons: Vec<_> = summary
        .verdict
        .iter()
        .flat_map(|verdict| &verdict.reasons)
        .collect();
    if reasons.len() > FirstScreen::of(summary).reasons.len() + 1 {
        heading(out, "Reasons");
        list(out, reasons.into_iter().map(|reason| text(reason)));
    }
}

fn closing(out: &mut String, summary: &Summary) {
    heading(out, "Known issues");
    list(out, or_none(conclusions::known_issues(summary), "none"));
    heading(out, "Risks");
    list(
        out,
        or_none(conclusions::risks(summary), "none that the data shows"),
    );
    heading(out, "Recommendations");
    let recommendations = conclusions::recommendations(summary);
    match recommendations.is_empty() {
        true => list(out, ["none".to_owned()]),
        false => list(out, recommendations.iter().map(recommendation)),
    }
    heading(out, "Conclusion");
    out.push_str(&format!("{}\n\n", text(&conclusions::conclusion(summary))));
    let equation = equation(&summary.totals, summary.open);
    out.push_str(&format!(
        "{} · {} · made by {}\n",
        text(&equation),
        duration(summary.elapsed),
        text(&summary.made_by)
    ));
}

fn or_none(sentences: Vec<String>, none: &str) -> Vec<String> {
    match sentences.is_empty() {
        true => vec![none.to_owned()],
        false => sentences
            .iter()
            .take(ROWS)
            .map(|sentence| text(sentence))
            .collect(),
    }
}

fn recommendation(change: &Change) -> String {
    match &change.command {
        Some(command) => format!("{}: {}", text(&change.what), code(command)),
        None => text(&change.what),
    }
}
