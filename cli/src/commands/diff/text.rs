//! A difference on the terminal: the verdicts, then what matters most first.

use report::figures::{count, millis, moment};
use report::page::{Page, Style};

use super::compare::{Difference, Head, Meaning};

/// Lines under one heading; `--json` has them all.
const LINES: usize = 20;
/// Letters of a reason.
const WHY: usize = 120;

pub(super) fn of(difference: &Difference, colour: bool) -> String {
    let mut page = Page::new(colour);
    let [before, after] = &difference.runs;
    head(&mut page, "before", before);
    head(&mut page, "after ", after);
    if difference.is_nothing() {
        let same = number(difference.n_same);
        page.end().row(&format!(
            "Nothing changed: {} with the same outcomes, the same plan, no time beyond noise.",
            count(same, "case")
        ));
        return page.finish();
    }
    if !difference.totals.is_empty() {
        let totals = difference.totals.iter();
        let totals: Vec<_> = totals
            .map(|(outcome, was, is)| format!("{outcome} {was} → {is}"))
            .collect();
        page.row(&format!("totals  {}", totals.join(", ")));
    }
    cases(&mut page, difference);
    names(&mut page, "Only in the earlier run", &difference.gone);
    names(&mut page, "Only in the later run", &difference.new);
    times(&mut page, difference);
    names(&mut page, "Plan and environment", &difference.plan);
    let same = count(number(difference.n_same), "case");
    page.end().row(&format!("{same} ended alike."));
    page.finish()
}

fn head(page: &mut Page, label: &str, head: &Head) {
    let style = match head.verdict {
        "GO" | "PASSED" => Style::Good,
        "NO-GO" | "FAILED" => Style::Bad,
        _ => Style::Doubtful,
    };
    page.put(&format!("{label}  ")).styled(style, head.verdict);
    let cases = count(head.planned, "case");
    page.row(&format!(
        "  {} on {}, {}, {cases}",
        head.run,
        head.environment,
        moment(head.created_at_ms)
    ));
    if !head.reason.is_empty() {
        page.row(&format!("        {}", head.reason));
    }
}

fn cases(page: &mut Page, difference: &Difference) {
    let headings = [
        (Meaning::FailedAnew, "Failed anew", Style::Bad),
        (Meaning::NoLongerProven, "No longer proven", Style::Doubtful),
        (Meaning::Mended, "Failed before, not now", Style::Good),
        (Meaning::NowProven, "Proven now", Style::Good),
        (
            Meaning::OtherReason,
            "Not proven, for another reason",
            Style::Doubtful,
        ),
        (Meaning::Flakiness, "Flaky, or no longer", Style::Doubtful),
    ];
    for (meaning, heading, style) in headings {
        let of_it = difference
            .cases
            .iter()
            .filter(|case| case.meaning == meaning);
        let of_it: Vec<_> = of_it.collect();
        if of_it.is_empty() {
            continue;
        }
        page.end()
            .styled(style, heading)
            .row(&format!(" ({})", of_it.len()));
        for case in of_it.iter().take(LINES) {
            page.row(&format!(
                "  {}: {} → {}",
                case.case, case.before, case.after
            ));
            if !case.why.is_empty() {
                page.row(&format!("      {}", report::escape::clip(&case.why, WHY)));
            }
        }
        more(page, of_it.len());
    }
}

fn names(page: &mut Page, heading: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    page.end()
        .styled(Style::Strong, heading)
        .row(&format!(" ({})", names.len()));
    for name in names.iter().take(LINES) {
        page.row(&format!("  {name}"));
    }
    more(page, names.len());
}

fn times(page: &mut Page, difference: &Difference) {
    let times = &difference.times;
    page.end()
        .styled(Style::Strong, "P95 beyond noise")
        .row(&format!(
            " ({} of {} compared; {} with too few exchanges)",
            times.changed.len(),
            count(number(times.n_compared), "test"),
            times.n_too_few
        ));
    for one in times.changed.iter().take(LINES) {
        let change = one.change;
        page.row(&format!(
            "  {}: {} → {} ({} and {} exchanges)",
            one.test,
            millis(change.before_p95),
            millis(change.after_p95),
            change.n_before,
            change.n_after
        ));
    }
    more(page, times.changed.len());
}

fn more(page: &mut Page, all: usize) {
    if all > LINES {
        page.row(&format!("  … and {} more; --json has all", all - LINES));
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
