//! The copy of a recording that readers get: redacted, cut, bounded.
//!
//! Pure. Texts are redacted whole and then cut, so that no part of a secret stays at an edge.

use domain::record::{Check, Exchange, ExchangeKind, Payload, Span, TryRecord};
use http::HeaderMap;

use crate::case::limited;
use crate::cover::Cover;
use crate::judge::Judged;
use crate::recording::{Exchanged, Observation, Place, Record, Recording, Seen, Sent};
use crate::socket::Entry;

/// Text of a body that is kept.
const BODY: usize = 16 * 1024;
/// Text of a body that is kept when a record has grown large.
const SMALL_BODY: usize = 256;
/// Text of all bodies after which further ones are kept small.
const ALL_BODIES: usize = 2 * 1024 * 1024;
/// Checks kept of one try besides those that did not hold, and saved values.
const LINES: usize = 1_000;
/// Exchanges kept of one try: the first half and the last half.
const EXCHANGES: usize = 1_000;

pub(crate) fn of(
    recording: &Recording,
    judged: &Judged,
    spans: Vec<Span>,
    cover: Cover<'_>,
) -> TryRecord {
    let mut writer = Writer {
        cover,
        left: ALL_BODIES,
    };
    TryRecord {
        exchanges: writer.exchanges(recording, recording),
        checks: kept_checks(&judged.checks),
        saved: judged.saved.iter().take(LINES).cloned().collect(),
        spans: spans.into_iter().map(|span| writer.span(span)).collect(),
        failure: judged.failure.clone(),
    }
}

/// The exchanges of a piece of a try; its sockets were opened in `openings`.
pub(crate) fn exchanges(
    piece: &Recording,
    openings: &Recording,
    cover: Cover<'_>,
) -> Vec<Exchange> {
    let left = ALL_BODIES;
    Writer { cover, left }.exchanges(piece, openings)
}

/// The first checks, and of the later ones those that did not hold.
fn kept_checks(checks: &[Check]) -> Vec<Check> {
    let is_kept = |(position, check): &(usize, &Check)| *position < LINES || !check.held;
    checks
        .iter()
        .enumerate()
        .filter(is_kept)
        .map(|(_, check)| check.clone())
        .take(2 * LINES)
        .collect()
}

/// One thing to be written.
enum Item<'a> {
    Exchanged(&'a Place, &'a Exchanged),
    Sent(&'a Place, &'a Sent),
    Received(&'a Place, &'a str, &'a Record),
    /// A connection that ended without our asking, or was not won back.
    Broken {
        place: &'a Place,
        url: &'a str,
        at_ms: f64,
        why: String,
    },
}

impl Item<'_> {
    fn at_ms(&self) -> f64 {
        match self {
            Self::Exchanged(_, exchanged) => exchanged.at_ms,
            Self::Sent(_, sent) => sent.at_ms,
            Self::Received(_, _, record) => record.at_ms,
            Self::Broken { at_ms, .. } => *at_ms,
        }
    }
}

struct Writer<'a> {
    cover: Cover<'a>,
    left: usize,
}

impl Writer<'_> {
    fn exchanges(&mut self, recording: &Recording, openings: &Recording) -> Vec<Exchange> {
        let mut items: Vec<Item<'_>> = recording.observations.iter().filter_map(item).collect();
        for (path, entries) in &recording.sockets {
            let Some((place, opened)) = opened(openings, path) else {
                continue;
            };
            items.extend(
                entries
                    .iter()
                    .filter_map(|entry| log_item(entry, place, &opened.url)),
            );
        }
        items.sort_by(|one, other| one.at_ms().total_cmp(&other.at_ms()));
        if items.len() > EXCHANGES {
            items.drain(EXCHANGES / 2..items.len() - EXCHANGES / 2);
        }
        items
            .iter()
            .map(|item| self.exchange(item, openings))
            .collect()
    }

    fn exchange(&mut self, item: &Item<'_>, recording: &Recording) -> Exchange {
        match item {
            Item::Exchanged(place, exchanged) => self.exchanged(place, exchanged),
            Item::Sent(place, sent) => {
                let url =
                    opened(recording, &sent.socket).map_or("", |(_, opened)| opened.url.as_str());
                Exchange {
                    request_body: self.payload(&sent.payload),
                    error: sent
                        .broken
                        .as_ref()
                        .map(|broken| self.text(&broken.to_string())),
                    ..self.blank(ExchangeKind::Sent, place, url, sent.at_ms)
                }
            }
            Item::Broken {
                place,
                url,
                at_ms,
                why,
            } => Exchange {
                error: Some(self.text(why)),
                ..self.blank(ExchangeKind::WebSocket, place, url, *at_ms)
            },
            Item::Received(place, url, record) => {
                let status = (&*record.kind == "close")
                    .then(|| close_code(record))
                    .flatten();
                Exchange {
                    response_body: self.payload(&record.bytes),
                    status,
                    ..self.blank(ExchangeKind::Received, place, url, record.at_ms)
                }
            }
        }
    }

    fn exchanged(&mut self, place: &Place, exchanged: &Exchanged) -> Exchange {
        let response = exchanged.response.as_ref();
        Exchange {
            method: exchanged.method.clone(),
            peer: exchanged.peer.clone(),
            request_headers: self.headers(&exchanged.request_headers),
            request_body: self.payload(&exchanged.request_body),
            status: response.map(|response| response.status),
            response_headers: response
                .map(|response| self.headers(&response.headers))
                .unwrap_or_default(),
            response_body: response
                .map(|response| self.payload(&response.body))
                .unwrap_or_default(),
            phases: exchanged.phases,
            error: exchanged
                .broken
                .as_ref()
                .map(|broken| self.text(&broken.to_string())),
            span_id: exchanged.span_id.clone(),
            ..self.blank(exchanged.kind, place, &exchanged.url, exchanged.at_ms)
        }
    }

    fn blank(&self, kind: ExchangeKind, place: &Place, url: &str, at_ms: f64) -> Exchange {
        Exchange {
            kind,
            step: place.path.to_string(),
            line: place.line,
            user: place.user.to_string(),
            method: String::new(),
            url: self.text(url),
            peer: String::new(),
            request_headers: Vec::new(),
            request_body: Payload::default(),
            status: None,
            response_headers: Vec::new(),
            response_body: Payload::default(),
            at_ms,
            phases: domain::record::Phases::default(),
            error: None,
            span_id: place.span_id.clone(),
        }
    }

    fn payload(&mut self, bytes: &[u8]) -> Payload {
        let text = self.cover.text(&String::from_utf8_lossy(bytes));
        let limit = if self.left == 0 { SMALL_BODY } else { BODY };
        let is_cut = text.len() > limit;
        let text = limited(text, limit);
        self.left = self.left.saturating_sub(text.len());
        Payload {
            text,
            bytes: bytes.len() as u64,
            is_cut,
        }
    }

    fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let covered = self.cover.header(name.as_str(), &value);
            (name.to_string(), limited(covered, SMALL_BODY * 8))
        };
        headers.iter().map(text).collect()
    }

    fn span(&self, span: Span) -> Span {
        let attributes = span
            .attributes
            .into_iter()
            .map(|(name, value)| (name, self.text(&value)))
            .collect();
        Span {
            name: self.text(&span.name),
            attributes,
            ..span
        }
    }

    fn text(&self, text: &str) -> String {
        self.cover.said(text)
    }
}

fn log_item<'a>(entry: &'a Entry, place: &'a Place, url: &'a str) -> Option<Item<'a>> {
    match entry {
        Entry::Received(record) => Some(Item::Received(place, url, record)),
        Entry::Interrupted { at_ms, why } => Some(Item::Broken {
            place,
            url,
            at_ms: *at_ms,
            why: format!("interrupted: {why}"),
        }),
        Entry::GaveUp { at_ms, why } => Some(Item::Broken {
            place,
            url,
            at_ms: *at_ms,
            why: why.to_string(),
        }),
        Entry::Recovered { .. } | Entry::Ended | Entry::Full => None,
    }
}

fn item(observation: &Observation) -> Option<Item<'_>> {
    match &observation.seen {
        Seen::Exchanged(exchanged) => Some(Item::Exchanged(&observation.place, exchanged)),
        Seen::Sent(sent) => Some(Item::Sent(&observation.place, sent)),
        _ => None,
    }
}

/// The handshake that opened a socket.
fn opened<'r>(recording: &'r Recording, path: &str) -> Option<(&'r Place, &'r Exchanged)> {
    recording
        .observations
        .iter()
        .find_map(|observation| match &observation.seen {
            Seen::Exchanged(exchanged) if *observation.place.path == *path => {
                Some((&observation.place, &**exchanged))
            }
            _ => None,
        })
}

fn close_code(record: &Record) -> Option<u16> {
    let json: serde_json::Value = serde_json::from_slice(&record.bytes).ok()?;
    u16::try_from(json.get("code")?.as_u64()?).ok()
}
