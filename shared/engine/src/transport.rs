//! The port between the interpreter and the network: requests, handshakes, and what came of them.
//!
//! An adapter serves one try: it holds the try's connections and its lease gate, and dropping it
//! closes everything. It never follows redirects, never decides whether an answer is right, and
//! never waits longer than the deadline it is given. `network` is the real adapter, `canned` the
//! one that unit tests of the interpreter use.

#[cfg(test)]
pub(crate) mod canned;
mod http;
mod idle;
pub(crate) mod network;
pub(crate) mod websocket;

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use ::http::{HeaderMap, Method};
use async_trait::async_trait;
use bytes::Bytes;
use domain::record::Phases;
use tokio::time::Instant;
use url::Url;

use crate::dialer::DialError;
pub use crate::dialer::stream::Traffic;
use crate::dialer::tls::{Distrust, Session};

/// Largest body that is read, in bytes after decoding.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// Most JSON values that one answer or message may hold: as many as one evaluation could visit.
pub const VALUES_LIMIT: usize = 200_000;
/// Most memory, in bytes, that all answers and messages of one try may take together.
pub const TRY_LIMIT: usize = 256 * 1024 * 1024;
/// Largest WebSocket message that is read, in bytes.
pub const MESSAGE_LIMIT: usize = 1024 * 1024;
/// Most header lines of an answer.
pub const HEADER_LIMIT: usize = 256;

/// One request, or the request of a handshake; everything is rendered.
#[derive(Clone, Debug)]
pub struct Call {
    /// Users share no connection; `""` is nobody.
    pub user: Arc<str>,
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub deadline: Instant,
}

/// The beginning of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    pub status: u16,
    pub headers: HeaderMap,
    pub peer: String,
    /// All but `receive_ms`, which only the reader of the body knows.
    pub phases: Phases,
    pub first_byte: Instant,
    /// Of a connection with TLS.
    pub session: Option<Arc<Session>>,
}

/// An answer whose body is still to be read.
#[derive(Debug)]
pub struct Answering {
    pub head: Head,
    pub body: Box<dyn BodyReader>,
}

/// Reads a body piece by piece, as it arrives. After `None` the connection serves the next call.
#[async_trait]
pub trait BodyReader: Send + Debug {
    /// The next piece, before `deadline`.
    async fn next(&mut self, deadline: Instant) -> Result<Option<Bytes>, Broken>;
    /// Bytes on the connection for this exchange, up to now.
    fn traffic(&self) -> Traffic;
}

/// What came of a handshake that was answered.
#[derive(Debug)]
pub enum Opening {
    Socket {
        head: Head,
        traffic: Traffic,
        wire: Box<dyn Wire>,
    },
    Refused {
        head: Head,
        traffic: Traffic,
        body: Bytes,
    },
}

/// One frame of a WebSocket; pings are answered below this port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Binary(Bytes),
    Close { code: u16, reason: String },
}

/// An open WebSocket, owned by one task.
#[async_trait]
pub trait Wire: Send + Debug {
    /// The next frame; `None` when the connection is over in an orderly way. Dropping the future
    /// loses nothing.
    async fn next(&mut self) -> Option<Result<Frame, Broken>>;
    async fn send(&mut self, frame: Frame) -> Result<(), Broken>;
    /// Makes the coming drop a reset.
    fn abandon(&mut self);
}

/// An exchange that got no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Unanswered {
    pub broken: Broken,
    pub peer: String,
    pub phases: Phases,
    pub traffic: Traffic,
}

impl Unanswered {
    pub(crate) fn new(broken: Broken) -> Self {
        Self {
            broken,
            peer: String::new(),
            phases: Phases::default(),
            traffic: Traffic::default(),
        }
    }
}

/// Sends what the interpreter rendered, and reads what comes back.
#[async_trait]
pub trait Transport: Send + Sync + Debug {
    async fn request(&self, call: &Call) -> Result<Answering, Unanswered>;
    async fn open(&self, call: &Call) -> Result<Opening, Unanswered>;
    /// Whether another message may be sent on a connection that is open already.
    fn may_send(&self) -> bool;
    /// Waits until one may be sent under the caps: a message takes from the share as a request does.
    async fn admit_message(&self, deadline: Instant) -> Result<(), Broken>;
}

/// Why an exchange broke. The first word of its text in a reason is `word`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("{0}")]
    AllowList(String),
    #[error("the lease gate is closed")]
    GateClosed,
    #[error("no slot under `caps.rps` came free in time")]
    NoCapacity,
    #[error("{0}")]
    Url(String),
    #[error("{0}")]
    Dns(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Tls(String),
    /// Our client does not trust what the peer sent.
    #[error("{why}")]
    Certificate { distrust: Distrust, why: String },
    /// The deadline passed; the phase says what was awaited.
    #[error("the time was over {0}")]
    Timeout(&'static str),
    #[error("{0}")]
    Reset(String),
    #[error("{0}")]
    Closed(String),
    #[error("{0}")]
    Protocol(String),
    #[error(
        "the body is larger than {0} bytes, the most that is read of one answer; ask for less, or end a `stream` earlier with `until`"
    )]
    BodyLimit(usize),
    #[error(
        "the body holds more than {0} JSON values, the most that is read of one answer; ask for less"
    )]
    ValuesLimit(usize),
    #[error(
        "what this try received takes more than {0} bytes together; let it ask for less, or make it several tests"
    )]
    TryLimit(usize),
    #[error("a message is larger than {0} bytes, the most that is taken; let the target split it")]
    MessageLimit(usize),
    /// A socket received more than its log holds.
    #[error("{0}")]
    LogFull(String),
}

impl Broken {
    /// The machine-readable word of a reason.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AllowList(_) | Self::Url(_) => "allow_list",
            Self::GateClosed => "lease_gate",
            Self::NoCapacity => "no_capacity",
            Self::Dns(_) => "dns",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Tls(_) | Self::Certificate { .. } => "tls",
            Self::Timeout(_) => "within",
            Self::Reset(_) => "reset",
            Self::Closed(_) => "closed",
            Self::Protocol(_) => "protocol",
            Self::BodyLimit(_) | Self::ValuesLimit(_) => "body_limit",
            Self::TryLimit(_) | Self::LogFull(_) => "receive_log_full",
            Self::MessageLimit(_) => "message_limit",
        }
    }
}

impl From<DialError> for Broken {
    fn from(error: DialError) -> Self {
        let text = error.to_string();
        match error {
            DialError::Url(_) => Self::Url(text),
            DialError::AllowList { .. } => Self::AllowList(text),
            DialError::GateClosed => Self::GateClosed,
            DialError::Resolve { .. } => Self::Dns(text),
            DialError::Refused { .. } => Self::Refused(text),
            DialError::Connect { .. } => Self::Unreachable(text),
            DialError::Tls { .. } => Self::Tls(text),
            DialError::Certificate { distrust, .. } => Self::Certificate {
                distrust,
                why: text,
            },
            DialError::Timeout { phase } => Self::Timeout(match phase {
                "dns" => "while the name was resolved",
                "tls" => "during the TLS handshake",
                _ => "while connecting",
            }),
        }
    }
}

pub(crate) fn unanswered_at(
    broken: Broken,
    peer: SocketAddr,
    phases: Phases,
    traffic: Traffic,
) -> Unanswered {
    Unanswered {
        broken,
        peer: peer.to_string(),
        phases,
        traffic,
    }
}
