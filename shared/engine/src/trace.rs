//! One trace per try: run → test → step → exchange, and the headers that carry it to the target.
//!
//! `traceparent` follows W3C Trace Context, `baggage` W3C Baggage. Spans have a lane of their own:
//! nothing is decided by them.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use domain::RunId;
use domain::record::Span;

use crate::seed::Seed;

/// Most spans kept of one try.
const KEPT: usize = 5_000;

/// The spans of one try.
#[derive(Debug)]
pub(crate) struct Spans {
    pub(crate) trace_id: String,
    seed: Seed,
    spans: Mutex<Vec<Open>>,
}

#[derive(Debug)]
struct Open {
    span: Span,
    is_open: bool,
}

/// A span that was begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun {
    pub(crate) span_id: String,
    /// `None` when too many were kept already.
    index: Option<usize>,
}

impl Spans {
    /// The trace begins with the run's mark, by which the grid knows the servers' spans of it.
    pub(crate) fn new(run: &RunId, seed: Seed) -> Self {
        Self {
            trace_id: domain::trace::mark(run) + &seed.hex("trace", 16),
            seed,
            spans: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn begin(&self, parent_id: &str, name: &str, start_ms: f64) -> Begun {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let number = spans.len();
        if number >= KEPT {
            return Begun {
                span_id: self.seed.hex("span/rest", 16),
                index: None,
            };
        }
        let span_id = self.seed.hex(&format!("span/{number}"), 16);
        let span = Span {
            trace_id: self.trace_id.clone(),
            span_id: span_id.clone(),
            parent_id: parent_id.to_owned(),
            name: name.to_owned(),
            start_ms,
            end_ms: start_ms,
            ..Span::default()
        };
        spans.push(Open {
            span,
            is_open: true,
        });
        Begun {
            span_id,
            index: Some(number),
        }
    }

    pub(crate) fn end(
        &self,
        begun: &Begun,
        end_ms: f64,
        attributes: Vec<(String, String)>,
        is_error: bool,
    ) {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = begun.index.and_then(|index| spans.get_mut(index)) {
            open.span.end_ms = end_ms;
            open.span.attributes = attributes;
            open.span.is_error = is_error;
            open.is_open = false;
        }
    }

    /// All spans; one that never ended was cut off now, and is an error.
    pub(crate) fn take(&self, now_ms: f64) -> Vec<Span> {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = std::mem::take(&mut *spans).into_iter().map(|mut open| {
            if open.is_open {
                open.span.end_ms = now_ms;
                open.span.is_error = true;
            }
            open.span
        });
        ended.collect()
    }

    /// The value of `traceparent` for an exchange; always sampled, because all spans are kept.
    pub(crate) fn parent_header(&self, span_id: &str) -> String {
        format!("00-{}-{span_id}-01", self.trace_id)
    }
}

/// The value of `baggage`: what the platform may key its receipts by.
pub(crate) fn baggage(nonce: &str, case: &str, attempt: u64) -> String {
    format!(
        "muster.nonce={nonce},muster.case={},muster.attempt={attempt}",
        encoded(case)
    )
}

/// Percent-encodes all that a baggage value may not hold as it is.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let is_open = byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\' | b'%');
        if is_open {
            out.push(char::from(byte));
        } else {
            // Writing to a text can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baggage_carries_any_case_id() {
        let text = baggage("n1", "p1::tést[a,b;c d]@us", 7);
        assert_eq!(
            text,
            "muster.nonce=n1,muster.case=p1::t%C3%A9st[a%2Cb%3Bc%20d]@us,muster.attempt=7"
        );
    }

    #[test]
    fn a_span_that_was_cut_off_is_an_error() {
        let spans = Spans::new(&RunId::from("r"), Seed::new("r", "c", 1, 1));
        let (first, second) = (spans.begin("", "one", 0.0), spans.begin("", "two", 0.0));
        spans.end(&first, 1.0, Vec::new(), false);
        let header = spans.parent_header(&second.span_id);
        assert_eq!(header.len(), 55);
        assert!(header.starts_with("00-") && header.ends_with("-01"));
        let taken = spans.take(5.0);
        assert_ne!(taken[0].span_id, taken[1].span_id);
        assert_eq!([taken[0].is_error, taken[1].is_error], [false, true]);
    }
}
