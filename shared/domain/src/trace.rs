//! Spans of the environment's own servers, and how they come to stand in a case's record.
//!
//! A run's traces begin with the run's mark, so that whoever takes spans in can tell whose they
//! are. Server clocks are not trusted: a server's spans are laid within the exchange that caused
//! them. Nothing is decided by spans; see `record::TryRecord` for the list they are joined to.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::RunId;
use crate::record::{Exchange, Span, TryRecord};

/// Attribute of a joined span: how far off its place on the case's clock may be.
pub const CLOCK: &str = "muster.clock";
/// Attribute of a joined span: which service said it.
pub const SERVICE: &str = "service.name";

/// What a server of the environment says it did, cleaned of all that may be secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerSpan {
    /// 32 lower-case hexadecimal digits.
    pub trace_id: String,
    /// 16 lower-case hexadecimal digits.
    pub span_id: String,
    /// As `span_id`; empty for a root.
    pub parent_id: String,
    pub name: String,
    pub service: String,
    /// Unix time in nanoseconds on the server's clock.
    pub start_ns: u64,
    pub end_ns: u64,
    pub attributes: Vec<(String, String)>,
    pub is_error: bool,
}

/// The first 16 hexadecimal digits of every trace of a run: FNV-1a of its id, then mixed (the
/// finaliser of SplitMix64), so that ids alike in most letters have marks alike in none.
pub fn mark(run: &RunId) -> String {
    let hash = run
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mixed = [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)]
        .into_iter()
        .fold(hash, |mixed: u64, (shift, factor): (u32, u64)| {
            (mixed ^ (mixed >> shift)).wrapping_mul(factor)
        });
    format!("{:016x}", (mixed ^ (mixed >> 31)).max(1))
}

/// Adds to a try the server spans of its trace, each below what caused it; says how many.
///
/// Spans that came twice are added once, those that claim an id of the try's own not at all.
pub fn join(tried: &mut TryRecord, theirs: &[ServerSpan]) -> usize {
    let Some(trace) = tried.spans.iter().map(|span| span.trace_id.clone()).next() else {
        return 0;
    };
    let before: BTreeMap<&str, f64> = tried
        .exchanges
        .iter()
        .map(|exchange| (exchange.span_id.as_str(), before_request(exchange)))
        .collect();
    let own: BTreeMap<&str, (f64, f64)> = tried
        .spans
        .iter()
        .map(|span| {
            let id = span.span_id.as_str();
            let connected_ms = span.start_ms + before.get(id).copied().unwrap_or(0.0);
            (id, (connected_ms.min(span.end_ms), span.end_ms))
        })
        .collect();
    let mut seen = BTreeSet::new();
    let theirs: Vec<&ServerSpan> = theirs
        .iter()
        .filter(|span| span.trace_id == trace && !own.contains_key(span.span_id.as_str()))
        .filter(|span| seen.insert(span.span_id.as_str()))
        .collect();
    let placed = Placement::of(&theirs, &own);
    let joined: Vec<Span> = theirs.iter().map(|span| placed.span(span)).collect();
    let count = joined.len();
    tried.spans.extend(joined);
    count
}

/// How a server's clock is read on the case's clock.
#[derive(Clone, Copy, Debug)]
struct Offset {
    /// Server time that is `at_ms` on the case's clock.
    at_ns: u64,
    at_ms: f64,
    /// Half of the time in which the server's work could lie elsewhere; `None`: not known at all.
    error_ms: Option<f64>,
}

/// Where each server span lies.
struct Placement<'a> {
    /// The exchange's span at the end of the way up, for each server span that reaches one.
    anchors: BTreeMap<&'a str, &'a str>,
    offsets: BTreeMap<&'a str, Offset>,
    /// For those that reach none.
    other: Offset,
}

impl<'a> Placement<'a> {
    fn of(theirs: &[&'a ServerSpan], own: &BTreeMap<&'a str, (f64, f64)>) -> Self {
        let parents: BTreeMap<&str, &str> = theirs
            .iter()
            .map(|span| (span.span_id.as_str(), span.parent_id.as_str()))
            .collect();
        let anchors: BTreeMap<&str, &str> = theirs
            .iter()
            .filter_map(|span| Some((span.span_id.as_str(), anchor(span, &parents, own)?)))
            .collect();
        let mut envelopes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for span in theirs {
            let parent = span.parent_id.as_str();
            if own.contains_key(parent) {
                let (start, end) = envelopes
                    .entry(parent)
                    .or_insert((span.start_ns, span.end_ns));
                *start = span.start_ns.min(*start);
                *end = span.end_ns.max(*end);
            }
        }
        let offsets: BTreeMap<&str, Offset> = envelopes
            .into_iter()
            .filter_map(|(parent, envelope)| Some((parent, within(*own.get(parent)?, envelope))))
            .collect();
        let first_ns = theirs.iter().map(|span| span.start_ns).min().unwrap_or(0);
        let known = offsets.values().next().copied();
        let other = known.unwrap_or(Offset {
            at_ns: first_ns,
            at_ms: 0.0,
            error_ms: None,
        });
        Self {
            anchors,
            offsets,
            other: Offset {
                error_ms: None,
                ..other
            },
        }
    }

    fn span(&self, theirs: &ServerSpan) -> Span {
        let anchor = self.anchors.get(theirs.span_id.as_str());
        let offset = anchor
            .and_then(|anchor| self.offsets.get(anchor))
            .unwrap_or(&self.other);
        let clock = match offset.error_ms {
            Some(error) => format!("within its exchange, ±{error:.1} ms"),
            None => "of the server, not aligned".to_owned(),
        };
        let service = match theirs.service.is_empty() {
            true => "server",
            false => theirs.service.as_str(),
        };
        let mut attributes = vec![(SERVICE.to_owned(), service.to_owned())];
        attributes.extend(theirs.attributes.iter().cloned());
        attributes.push((CLOCK.to_owned(), clock));
        Span {
            trace_id: theirs.trace_id.clone(),
            span_id: theirs.span_id.clone(),
            parent_id: theirs.parent_id.clone(),
            name: format!("{service}: {}", theirs.name),
            start_ms: offset.read(theirs.start_ns),
            end_ms: offset.read(theirs.end_ns.max(theirs.start_ns)),
            attributes,
            is_error: theirs.is_error,
        }
    }
}

impl Offset {
    fn read(&self, ns: u64) -> f64 {
        self.at_ms + millis(i128::from(ns) - i128::from(self.at_ns))
    }
}

/// The span of the try that a server span's way up ends at.
fn anchor<'a>(
    span: &'a ServerSpan,
    parents: &BTreeMap<&'a str, &'a str>,
    own: &BTreeMap<&'a str, (f64, f64)>,
) -> Option<&'a str> {
    let mut at = span.parent_id.as_str();
    // Parents may run in a circle: no way up is longer than all there are.
    for _ in 0..=parents.len() {
        if let Some((&anchor, _)) = own.get_key_value(at) {
            return Some(anchor);
        }
        at = parents.get(at)?;
    }
    None
}

/// Lays what a server did in the middle of the exchange; the rest is the way there and back.
fn within((start_ms, end_ms): (f64, f64), (start_ns, end_ns): (u64, u64)) -> Offset {
    let worked = millis(i128::from(end_ns) - i128::from(start_ns));
    let slack = ((end_ms - start_ms) - worked).max(0.0) / 2.0;
    Offset {
        at_ns: start_ns,
        at_ms: start_ms + slack,
        error_ms: Some(slack),
    }
}

/// Milliseconds of an exchange in which no server could have had the request yet.
fn before_request(exchange: &Exchange) -> f64 {
    exchange.phases.dns_ms + exchange.phases.connect_ms + exchange.phases.tls_ms
}

fn millis(ns: i128) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests;
