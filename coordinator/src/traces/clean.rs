//! What of a span is kept: known attributes, cut short, without whatever may be a secret.
//!
//! The coordinator can't know the values that a worker holds secret, so it keeps by a list of
//! attributes and not all but a list. Queries, headers, statements and free text are left out;
//! parts of a path that look like anything but words are masked. Ids are W3C Trace Context's,
//! names of attributes OpenTelemetry's semantic conventions.

use domain::trace::ServerSpan;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

/// Attributes that are kept; their values are few words or numbers.
const KEPT: [&str; 36] = [
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "http.method",
    "http.status_code",
    "url.scheme",
    "url.path",
    "server.address",
    "server.port",
    "network.protocol.name",
    "network.protocol.version",
    "error.type",
    "rpc.system",
    "rpc.service",
    "rpc.method",
    "rpc.grpc.status_code",
    "rpc.response.status_code",
    "db.system",
    "db.system.name",
    "db.namespace",
    "db.operation",
    "db.operation.name",
    "db.collection.name",
    "db.response.status_code",
    "messaging.system",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.destination.name",
    "gen_ai.operation.name",
    "gen_ai.agent.name",
    "gen_ai.request.model",
    "gen_ai.tool.name",
    "code.function.name",
    "faas.name",
    "cloud.region",
    "thread.name",
];
/// Attributes of one span, letters of a value and of a name.
const ATTRIBUTES: usize = 24;
const VALUE: usize = 120;
const NAME: usize = 120;
/// Letters of a part that is taken for a word.
const WORD: usize = 40;
/// Digits of such a word: `v2`, `sha256`.
const DIGITS: usize = 4;

/// Who says a batch of spans.
#[derive(Debug)]
pub struct Source {
    service: String,
}

impl Source {
    pub fn of(resource: &ResourceSpans) -> Self {
        let attributes = resource.resource.iter().flat_map(|one| &one.attributes);
        let service = attributes
            .filter(|pair| pair.key == "service.name")
            .find_map(text);
        Self {
            service: masked(&service.unwrap_or_default(), NAME),
        }
    }

    /// The span as it is kept; nothing when its ids are none.
    pub fn clean(&self, span: &Span) -> Option<ServerSpan> {
        let parent_id = match span.parent_span_id.as_slice() {
            [] => String::new(),
            parent => id::<8>(parent)?,
        };
        let kept = span.attributes.iter().filter_map(attribute);
        let is_error = span
            .status
            .as_ref()
            .is_some_and(|status| status.code == StatusCode::Error as i32);
        Some(ServerSpan {
            trace_id: id::<16>(&span.trace_id)?,
            span_id: id::<8>(&span.span_id)?,
            parent_id,
            name: masked(&span.name, NAME),
            service: self.service.clone(),
            start_ns: span.start_time_unix_nano,
            end_ns: span.end_time_unix_nano.max(span.start_time_unix_nano),
            attributes: kept.take(ATTRIBUTES).collect(),
            is_error,
        })
    }
}

fn id<const BYTES: usize>(bytes: &[u8]) -> Option<String> {
    let is_id = bytes.len() == BYTES && bytes.iter().any(|byte| *byte != 0);
    is_id.then(|| wire::hex::to_text(bytes))
}

fn attribute(pair: &KeyValue) -> Option<(String, String)> {
    if !KEPT.contains(&pair.key.as_str()) {
        return None;
    }
    Some((pair.key.clone(), masked(&text(pair)?, VALUE)))
}

/// A value that is one word or number; lists and bytes are not kept.
fn text(pair: &KeyValue) -> Option<String> {
    match pair.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::BoolValue(value) => Some(value.to_string()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::DoubleValue(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Text without query or fragment, each part that is no word masked, at most `longest` letters.
fn masked(text: &str, longest: usize) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let mut out = String::new();
    for part in text.split_inclusive(['/', ' ']) {
        let word = part.trim_end_matches(['/', ' ']);
        out.push_str(if is_plain(word) { word } else { "{…}" });
        out.push_str(&part[word.len()..]);
        if out.len() >= longest {
            break;
        }
    }
    out.truncate(out.floor_char_boundary(longest));
    out
}

/// A word, a number, or the name of a parameter; no token, address of a person, or key.
fn is_plain(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_number = digits == part.len() && digits <= 9;
    let is_known = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.:{}*<>".contains(&letter);
    is_number || (part.len() <= WORD && digits <= DIGITS && part.bytes().all(is_known))
}

#[cfg(test)]
mod tests;
