//! The trace of a try: one line per span, in the order of the tree, its bar on the try's time axis.

use domain::record::Span;

use super::page::{Page, Tone};
use crate::figures::millis;
use crate::waterfall::{Axis, in_tree_order};

/// Spans of a try; the rest is counted.
const SPANS: usize = 300;
/// Spans up to which all stand open; of more, only steps and what belongs to wrong ones.
const OPEN: usize = 30;
/// Run and test stand above the steps.
const STEPS: usize = 2;
/// Spans deeper than this stand at this depth: nothing is left out.
const DEPTH: usize = 10;

pub(super) fn draw(page: &mut Page, spans: &[Span]) {
    let Some(axis) = Axis::of(spans) else {
        return;
    };
    let order = in_tree_order(spans);
    page.raw("<h5>Trace</h5>\n");
    if order.len() <= OPEN {
        lines(page, &axis, &order);
        return;
    }
    let short = in_short(&order);
    lines(page, &axis, &short);
    if short.len() < order.len() {
        page.raw("<details><summary>All ").show(order.len());
        page.raw(" spans</summary>\n");
        lines(page, &axis, &order);
        page.raw("</details>\n");
    }
}

/// The steps, and below those that went wrong everything.
fn in_short<'span>(order: &[(usize, &'span Span)]) -> Vec<(usize, &'span Span)> {
    let mut wrong = false;
    let mut short = Vec::new();
    for (depth, span) in order {
        if *depth <= STEPS {
            wrong = *depth == STEPS && span.is_error;
        }
        if *depth <= STEPS || wrong {
            short.push((*depth, *span));
        }
    }
    short
}

fn lines(page: &mut Page, axis: &Axis, spans: &[(usize, &Span)]) {
    page.raw("<ol class=\"trace\">\n");
    let left_out = super::limited(page, spans, SPANS, |page, (depth, span)| {
        line(page, axis, *depth, span);
    });
    page.raw("</ol>\n");
    if left_out > 0 {
        page.raw("<p class=\"more\">and ").show(left_out);
        page.raw(" more; <code>muster show --trace</code> has them</p>\n");
    }
}

fn line(page: &mut Page, axis: &Axis, depth: usize, span: &Span) {
    let (from, to) = (axis.share(span.start_ms), axis.share(span.end_ms));
    let theirs = service(span);
    page.raw("<li style=\"--depth:").show(depth.min(DEPTH));
    page.raw("\"><span class=\"name\">");
    match theirs {
        Some(service) => {
            let prefix = format!("{service}: ");
            page.text(span.name.strip_prefix(&prefix).unwrap_or(&span.name));
            page.within(" <span class=\"service\">", service, "</span>");
        }
        None => {
            page.text(&span.name);
        }
    }
    if span.is_error {
        page.raw(" ").badge(Tone::Bad, "error");
    }
    page.raw("</span><span class=\"track\" aria-hidden=\"true\"><i");
    page.raw(match (span.is_error, theirs.is_some()) {
        (true, _) => " class=\"bad\"",
        (false, true) => " class=\"theirs\"",
        (false, false) => "",
    });
    page.raw(" style=\"left:").percent(from.min(0.995));
    page.raw(";width:").percent((to - from).max(0.0));
    page.raw("\"></i></span><span class=\"ms\">")
        .text(&millis(span.end_ms - span.start_ms));
    page.within(
        " <span class=\"dim\">at ",
        &millis(span.start_ms),
        "</span></span></li>\n",
    );
}

/// The service that a span came from, where it is not the test's own (OpenTelemetry semantic
/// conventions, `service.name`).
fn service(span: &Span) -> Option<&str> {
    let named = span
        .attributes
        .iter()
        .find(|(name, _)| name == "service.name");
    named
        .map(|(_, value)| value.as_str())
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, is_error: bool) -> Span {
        Span {
            name: name.to_owned(),
            is_error,
            ..Span::default()
        }
    }

    #[test]
    fn in_short_stand_the_steps_and_the_whole_of_wrong_ones() {
        let spans = [
            (0, span("run", true)),
            (1, span("test", true)),
            (2, span("good step", false)),
            (3, span("its exchange", false)),
            (2, span("wrong step", true)),
            (3, span("exchange", false)),
            (4, span("their database", false)),
            (2, span("last step", false)),
            (3, span("last exchange", false)),
        ];
        let order: Vec<_> = spans.iter().map(|(depth, span)| (*depth, span)).collect();
        let names: Vec<_> = in_short(&order)
            .into_iter()
            .map(|(_, span)| span.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "run",
                "test",
                "good step",
                "wrong step",
                "exchange",
                "their database",
                "last step"
            ]
        );
    }
}
