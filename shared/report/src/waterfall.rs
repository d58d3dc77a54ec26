//! The trace of a try as text: one line per span, its bar on the try's own time axis.

use std::collections::{BTreeMap, BTreeSet};

use domain::record::{Span, TryRecord};

use crate::escape::clip;
use crate::figures::millis;
use crate::page::{Page, Style};

/// Columns of the names and of the bars.
const NAMES: usize = 44;
const BARS: usize = 40;
/// Spans deeper than this stand at this depth: nothing is left out.
const DEPTH: usize = 12;

/// One try. A span whose parent was not kept stands as a root.
pub fn render(tried: &TryRecord, is_coloured: bool) -> String {
    let mut page = Page::new(is_coloured);
    draw(&mut page, tried);
    page.finish()
}

pub(crate) fn draw(page: &mut Page, tried: &TryRecord) {
    let spans = in_tree_order(&tried.spans);
    let Some(axis) = Axis::of(&tried.spans) else {
        page.row("no spans were kept of this try");
        return;
    };
    let trace = tried
        .spans
        .iter()
        .map(|span| span.trace_id.as_str())
        .find(|id| !id.is_empty());
    if let Some(trace) = trace {
        page.row(&format!("trace {trace}"));
    }
    for (depth, span) in spans {
        let name = clip(
            &format!("{}{}", "  ".repeat(depth.min(DEPTH)), span.name),
            NAMES,
        );
        page.put(&format!("{name:<NAMES$} "));
        let style = if span.is_error {
            Style::Bad
        } else {
            Style::Good
        };
        page.styled(style, &axis.bar(span));
        let mark = if span.is_error { "  ✗" } else { "" };
        page.row(&format!(
            " {:>10}  at {}{mark}",
            millis(span.end_ms - span.start_ms),
            millis(span.start_ms)
        ));
    }
}

/// The time that all spans together take.
pub(crate) struct Axis {
    start: f64,
    length: f64,
}

impl Axis {
    pub(crate) fn of(spans: &[Span]) -> Option<Self> {
        let start = spans
            .iter()
            .map(|span| span.start_ms)
            .min_by(f64::total_cmp)?;
        let end = spans
            .iter()
            .map(|span| span.end_ms)
            .max_by(f64::total_cmp)?;
        Some(Self {
            start,
            length: (end - start).max(f64::MIN_POSITIVE),
        })
    }

    /// At least one column wide, within the columns of the bars.
    fn bar(&self, span: &Span) -> String {
        let from = self.column(span.start_ms).min(BARS - 1);
        let to = self.column(span.end_ms).max(from + 1);
        format!(
            "{}{}{}",
            "·".repeat(from),
            "█".repeat(to - from),
            "·".repeat(BARS - to)
        )
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a column is within 0 and BARS, and a cast of a float saturates"
    )]
    fn column(&self, at: f64) -> usize {
        (self.share(at) * BARS as f64).round() as usize
    }

    /// Where on the axis a time lies, from 0 to 1.
    pub(crate) fn share(&self, at: f64) -> f64 {
        ((at - self.start) / self.length).clamp(0.0, 1.0)
    }
}

/// Depth first, siblings by start; each span exactly once, whatever its parents say.
pub(crate) fn in_tree_order(spans: &[Span]) -> Vec<(usize, &Span)> {
    let known: BTreeSet<_> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        let is_root = !known.contains(span.parent_id.as_str()) || span.parent_id == span.span_id;
        let parent = if is_root { "" } else { span.parent_id.as_str() };
        children.entry(parent).or_default().push(span);
    }
    for siblings in children.values_mut() {
        siblings.sort_by(|one, other| one.start_ms.total_cmp(&other.start_ms));
    }
    let mut order = Vec::new();
    let mut waiting: Vec<_> = children
        .remove("")
        .unwrap_or_default()
        .into_iter()
        .rev()
        .map(|span| (0, span))
        .collect();
    while let Some((depth, span)) = waiting.pop() {
        order.push((depth, span));
        let below = children.remove(span.span_id.as_str()).unwrap_or_default();
        waiting.extend(below.into_iter().rev().map(|span| (depth + 1, span)));
    }
    // Spans that are each other's parents are reached from no root.
    order.extend(children.into_values().flatten().map(|span| (0, span)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: &str, start_ms: f64, end_ms: f64) -> Span {
        Span {
            trace_id: "t".to_owned(),
            span_id: id.to_owned(),
            parent_id: parent.to_owned(),
            name: format!("span {id}"),
            start_ms,
            end_ms,
            ..Span::default()
        }
    }

    #[test]
    fn every_span_is_drawn_once_even_if_its_parents_run_in_a_circle() {
        let spans = [
            span("a", "", 0.0, 10.0),
            span("c", "b", 4.0, 5.0),
            span("b", "a", 2.0, 8.0),
            span("x", "y", 1.0, 2.0),
            span("y", "x", 1.0, 2.0),
            span("orphan", "gone", 9.0, 9.0),
        ];
        let order: Vec<_> = in_tree_order(&spans)
            .into_iter()
            .map(|(depth, span)| (depth, span.span_id.as_str()))
            .collect();
        assert_eq!(
            order,
            [
                (0, "a"),
                (1, "b"),
                (2, "c"),
                (0, "orphan"),
                (0, "y"),
                (0, "x")
            ]
        );
    }

    #[test]
    fn a_bar_has_its_width_whatever_the_span() {
        let axis = Axis::of(&[span("a", "", 0.0, 10.0)]).unwrap();
        for (start, end) in [
            (0.0, 10.0),
            (10.0, 10.0),
            (0.0, 0.0),
            (3.0, 2.0),
            (f64::NAN, 5.0),
        ] {
            assert_eq!(
                axis.bar(&span("b", "", start, end)).chars().count(),
                BARS,
                "{start}..{end}"
            );
        }
        assert!(Axis::of(&[]).is_none());
    }
}
