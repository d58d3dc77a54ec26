//! What went wrong, one block per signature: where, why, what was expected and met, how to go on.

use domain::outcome::Outcome;

use super::inline::{code, text};
use super::table::Table;
use super::{VALUE, heading};
use crate::change;
use crate::escape::clip;
use crate::summary::{Cause, Signature, Summary};

/// Signatures shown in full.
const SIGNATURES: usize = 100;
/// Cases of a signature named.
const CASES: usize = 10;

pub(super) fn section(out: &mut String, summary: &Summary) {
    heading(out, "Failures");
    if summary.signatures.is_empty() {
        out.push_str("No executed case went wrong.\n");
    }
    for signature in summary.signatures.iter().take(SIGNATURES) {
        block(out, summary, signature);
    }
    let more = summary.signatures.len().saturating_sub(SIGNATURES);
    if more > 0 {
        out.push_str(&format!("\nand {more} more, in `report.json`\n"));
    }
}

fn block(out: &mut String, summary: &Summary, signature: &Signature) {
    let (test, regions) = (signature.test.as_str(), signature.regions.join(", "));
    let mark = if signature.outcome == Outcome::Failed {
        "❌"
    } else {
        "⚠️"
    };
    let outcome = signature.outcome;
    out.push_str(&format!(
        "\n### {mark} {outcome}: {} in {}\n\n",
        code(test),
        text(&regions)
    ));
    if !signature.title.is_empty() {
        out.push_str(&format!("{}\n\n", text(&signature.title)));
    }
    let mut table = Table::new(&["", ""]);
    let cause = signature.cause.clone().unwrap_or_default();
    let place = code(&format!("{}:{}", signature.file, signature.line));
    let step = code(&cause.step);
    let place = [place, step].into_iter().filter(|part| !part.is_empty());
    table.row(["where".to_owned(), place.collect::<Vec<_>>().join(", ")]);
    table.row(["why".to_owned(), text(&clip(&signature.reason, VALUE))]);
    write_cause(&mut table, &cause, &signature.reason);
    table.row(["cases".to_owned(), cases(signature)]);
    if !signature.trace_id.is_empty() {
        table.row(["trace".to_owned(), code(&signature.trace_id)]);
    }
    let example = signature
        .cases
        .first()
        .map(|case| case.as_str())
        .unwrap_or_default();
    table.row([
        "run again".to_owned(),
        code(&change::again(summary, outcome, test)),
    ]);
    table.row([
        "look closer".to_owned(),
        code(&change::look(summary, example)),
    ]);
    table.write(out);
}

fn write_cause(table: &mut Table, cause: &Cause, reason: &str) {
    for (label, value) in cause.unsaid(reason) {
        table.row([label.to_owned(), code(&clip(value, VALUE))]);
    }
    for check in &cause.checks {
        let (expression, actual) = (code(&check.expression), code(&clip(&check.actual, VALUE)));
        table.row([
            format!("check, line {}", check.line),
            format!("{expression}<br>{actual}"),
        ]);
    }
}

fn cases(signature: &Signature) -> String {
    let named: Vec<_> = signature
        .cases
        .iter()
        .take(CASES)
        .map(|case| code(case.as_str()))
        .collect();
    match signature.cases.len().saturating_sub(CASES) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
