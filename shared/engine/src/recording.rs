//! What was observed in one try: the only thing that checks may read of the world.
//!
//! Observations are appended in the order they were made, each under the path of the place in the
//! test that made it. A recording holds secrets and never leaves the worker; the redacted copy is
//! made by `record`. How one is written and read back is `tape`.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::record::{ExchangeKind, Phases};
use expression::names::Names;
use expression::{Marks, Value};
use http::HeaderMap;

use crate::dialer::tls::Session;
use crate::seed::Seed;
use crate::socket::Entry;
use crate::transport::{Broken, Traffic, VALUES_LIMIT};
use crate::weight;

/// All observations of one try, and what its randomness was grown from.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(crate) seed: Seed,
    /// Unix time in milliseconds when the try's clock started.
    pub(crate) started_at_ms: i64,
    pub(crate) observations: Vec<Observation>,
    /// What each socket received, by the path of the step that opened it.
    pub(crate) sockets: Vec<(Arc<str>, Vec<Entry>)>,
}

impl Recording {
    pub(crate) fn empty(seed: Seed) -> Self {
        Self {
            seed,
            started_at_ms: 0,
            observations: Vec::new(),
            sockets: Vec::new(),
        }
    }
}

/// Something seen at a place in the test.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) place: Place,
    pub(crate) seen: Seen,
}

/// A place in the execution of a test: a step, in the iterations around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// `steps[2].repeat[7].steps[0]`, unique in a try.
    pub(crate) path: Arc<str>,
    /// Line of the step in its file.
    pub(crate) line: u32,
    pub(crate) user: Arc<str>,
    pub(crate) span_id: String,
}

/// One observation.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// A request or handshake, answered or not.
    Exchanged(Arc<Exchanged>),
    /// A message that was sent, or could not be.
    Sent(Arc<Sent>),
    /// Waiting on a socket's log ended when it had this many entries.
    Waited {
        /// Path of the step that opened it.
        socket: Arc<str>,
        entries: usize,
        at_ms: f64,
    },
    /// The clock and the sockets' logs at the moment something was evaluated.
    Moment(Arc<Moment>),
    /// A pause or a barrier was passed.
    Passed,
    /// The time of a block was over while the step at this path ran.
    Expired { during: Arc<str> },
    /// The worker ended the try.
    Cancelled { why: Arc<str> },
    /// The user's credentials were due to be refreshed.
    RefreshDue,
    /// A connection was closed or abandoned by the test.
    Closed,
}

/// What an evaluation can see of the world besides its scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moment {
    /// Milliseconds on the case's clock.
    pub(crate) at_ms: f64,
    /// Unix time in milliseconds.
    pub(crate) now_ms: i64,
    /// Entries in the log of each socket, by the path of the step that opened it.
    pub(crate) logs: Vec<(Arc<str>, usize)>,
}

/// A message of ours on a socket.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) socket: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) at_ms: f64,
    pub(crate) elapsed_ms: f64,
    pub(crate) broken: Option<Broken>,
}

/// A request with what came back, or why nothing did.
#[derive(Debug)]
pub(crate) struct Exchanged {
    pub(crate) kind: ExchangeKind,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) request_headers: HeaderMap,
    pub(crate) request_body: Bytes,
    pub(crate) response: Option<Response>,
    /// Why it ended before its end; a response may have begun.
    pub(crate) broken: Option<Broken>,
    pub(crate) peer: String,
    pub(crate) phases: Phases,
    pub(crate) traffic: Traffic,
    pub(crate) span_id: String,
    pub(crate) at_ms: f64,
    pub(crate) elapsed_ms: f64,
}

/// An answer as read; its values are made when an expression first reads them.
#[derive(Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Of a connection with TLS.
    pub(crate) session: Option<Arc<Session>>,
    /// The pieces of an answer that was read as a stream.
    pub(crate) records: Vec<Arc<Record>>,
    pub(crate) values: Values,
}

#[derive(Debug, Default)]
pub(crate) struct Values {
    body: OnceLock<Value>,
    text: OnceLock<Value>,
    headers: OnceLock<Value>,
}

impl Response {
    /// The body as JSON, `null` when it is none.
    pub(crate) fn body(&self, names: &Names) -> Value {
        self.values
            .body
            .get_or_init(|| json_value(&self.body, names))
            .clone()
    }

    /// Whether anything read the body as JSON yet.
    #[cfg(test)]
    pub(crate) fn is_parsed(&self) -> bool {
        self.values.body.get().is_some()
    }

    pub(crate) fn text(&self) -> Value {
        self.values
            .text
            .get_or_init(|| Value::text(&*String::from_utf8_lossy(&self.body)).received())
            .clone()
    }

    /// `version` and `peer_sha256`; nothing without TLS, so that reading them is a missing field.
    pub(crate) fn tls(&self) -> Value {
        let members = self.session.iter().flat_map(|session| {
            [
                ("version", session.version.as_str()),
                ("peer_sha256", session.peer_sha256.as_str()),
            ]
        });
        let members = members.map(|(name, text)| (name, Value::text(text).received()));
        Value::map(members.collect::<Vec<_>>()).with_own_marks(Marks::RECEIVED)
    }

    /// Header names in lower case; a header that came twice has its values joined by `, `.
    pub(crate) fn headers(&self, names: &Names) -> Value {
        self.values
            .headers
            .get_or_init(|| headers_value(&self.headers, names))
            .clone()
    }
}

fn headers_value(headers: &HeaderMap, names: &Names) -> Value {
    let entries = headers.keys().map(|name| {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let value = Value::text(values.join(", ")).received();
        (
            name.as_str(),
            if names.is_secret(name.as_str()) {
                value.tainted()
            } else {
                value
            },
        )
    });
    Value::map(entries.collect::<Vec<_>>()).with_own_marks(Marks::RECEIVED)
}

/// JSON as a received value, secret under secret names. More of it than an evaluation could visit
/// is not read: the exchange or message that brought it has failed for that.
pub(crate) fn json_value(bytes: &[u8], names: &Names) -> Value {
    if weight::values(bytes) > VALUES_LIMIT {
        return Value::null().received();
    }
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(json) => {
            Value::from_json(&json, Marks::RECEIVED).taint_fields(|name| names.is_secret(name))
        }
        Err(_) => Value::null().received(),
    }
}

/// One thing received: a message of a socket, a server-sent event, a line, or a chunk.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) at_ms: f64,
    /// `text`, `binary` or `close` on a socket; the event's name, `line` or `chunk` in a stream.
    pub(crate) kind: Arc<str>,
    pub(crate) bytes: Bytes,
    json: OnceLock<Value>,
    whole: OnceLock<Value>,
}

impl Record {
    pub(crate) fn new(at_ms: f64, kind: impl Into<Arc<str>>, bytes: Bytes) -> Self {
        Self {
            at_ms,
            kind: kind.into(),
            bytes,
            json: OnceLock::new(),
            whole: OnceLock::new(),
        }
    }

    /// Its JSON, `null` when it is none: what `message` means in an expression.
    pub(crate) fn json(&self, names: &Names) -> Value {
        self.json
            .get_or_init(|| json_value(&self.bytes, names))
            .clone()
    }

    /// `{ at_ms, kind, text, bytes, json }`: what `frame` means in an expression.
    pub(crate) fn whole(&self, names: &Names) -> Value {
        self.whole.get_or_init(|| self.make_whole(names)).clone()
    }

    pub(crate) fn text(&self) -> Value {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Value::text(text).received(),
            Err(_) => Value::null().received(),
        }
    }

    fn make_whole(&self, names: &Names) -> Value {
        let entries = [
            ("at_ms", Value::double(self.at_ms).received()),
            ("kind", Value::text(&*self.kind).received()),
            ("text", self.text()),
            ("bytes", Value::bytes(&*self.bytes).received()),
            ("json", self.json(names)),
        ];
        Value::map(entries).with_own_marks(Marks::RECEIVED)
    }
}
