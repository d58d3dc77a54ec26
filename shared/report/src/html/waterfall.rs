//! The trace of a try: one line per span, in the order of the tree, its bar on the try's time axis.

use domain::record::Span;

use super::page::{Page, Tone};
use crate::figures::millis;
use crate::waterfall::{Axis, in_tree_order};

/// Spans of a try; the rest is counted.
const SPANS: usize = 250;
/// Spans deeper than this stand at this depth: nothing is left out.
const DEPTH: usize = 10;

pub(super) fn draw(page: &mut Page, spans: &[Span]) {
    let Some(axis) = Axis::of(spans) else {
        return;
    };
    let order = in_tree_order(spans);
    page.raw("<h5>Trace</h5>\n<ol class=\"trace\">\n");
    let left_out = super::limited(page, &order, SPANS, |page, (depth, span)| {
        line(page, &axis, *depth, span);
    });
    page.raw("</ol>\n");
    super::more(page, left_out);
}

fn line(page: &mut Page, axis: &Axis, depth: usize, span: &Span) {
    let (from, to) = (axis.share(span.start_ms), axis.share(span.end_ms));
    page.raw("<li style=\"--depth:").show(depth.min(DEPTH));
    page.raw("\"><span class=\"name\">").text(&span.name);
    if let Some(service) = service(span) {
        page.within(" <span class=\"service\">", service, "</span>");
    }
    if span.is_error {
        page.raw(" ").badge(Tone::Bad, "error");
    }
    page.raw("</span><span class=\"track\" aria-hidden=\"true\"><i");
    page.raw(match (span.is_error, service(span).is_some()) {
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
