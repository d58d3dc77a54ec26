//! What a worker saw of a case: its result for the ledger, and its record for readers.
//!
//! A `CaseResult` is small and is what gets counted. A `CaseRecord` is the redacted copy of the
//! recording: a blob that the result names by digest. Secrets are gone before either is made.

use std::time::Duration;

use crate::ids::{CaseId, Digest, Region, WorkerId};
use crate::outcome::{Evidence, Outcome};

/// The result of one case, as counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    pub case: CaseId,
    pub outcome: Outcome,
    /// Machine-readable first word, then text: `check_failed: body.id == thread (line 31)`.
    /// Empty for `passed`. At most 300 bytes.
    pub reason: String,
    pub evidence: Evidence,
    pub duration: Duration,
    /// Unix time in milliseconds on the worker's wall clock; for readers, never for order.
    pub started_at_ms: u64,
    /// W3C trace id of the last try, 32 lower-case hexadecimal digits; empty if none began.
    pub trace_id: String,
    /// Tries made, from 1; 0 when none began.
    pub tries: u32,
    /// Its tries differ.
    pub flaky: bool,
    /// Region and worker that executed it.
    pub region: Region,
    pub worker: WorkerId,
    /// The environment's fingerprint as this worker saw it before the shard; empty if unknown.
    pub fingerprint: String,
    /// The record's blob; `None` when nothing was recorded.
    pub record: Option<Digest>,
    /// Which checks could be made false; `None` when nobody asked, or it did not pass.
    pub proof: Option<CaseProof>,
}

/// Which checks of a passed case an altered recording could make false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseProof {
    Known {
        checks: Vec<CheckProof>,
        /// Time sufficed to try everything.
        is_complete: bool,
    },
    /// Nothing can be said, and why.
    Unknown(String),
}

/// One check as written, and whether anything made it false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckProof {
    pub line: u32,
    pub expression: String,
    pub can_fail: bool,
}

/// All that is kept of a case for its readers, one entry per try.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseRecord {
    pub tries: Vec<TryRecord>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TryRecord {
    pub exchanges: Vec<Exchange>,
    pub checks: Vec<Check>,
    /// Names and values saved by the test, in order, redacted.
    pub saved: Vec<(String, String)>,
    pub spans: Vec<Span>,
    /// What ended the try early, if anything did: the full text behind `CaseResult::reason`.
    pub failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeKind {
    Http,
    /// A handshake, and then its messages, each an exchange of its own kind.
    WebSocket,
    Sent,
    Received,
    /// An answer read piece by piece: server-sent events or chunks.
    Stream,
}

/// One exchange with the target, or one attempt at it that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    pub kind: ExchangeKind,
    /// Place in the test: `steps[2].repeat[7].steps[0]`.
    pub step: String,
    /// Line of the step in its file, from 1.
    pub line: u32,
    pub user: String,
    pub method: String,
    pub url: String,
    /// The address actually connected to.
    pub peer: String,
    pub request_headers: Vec<(String, String)>,
    pub request_body: Payload,
    /// HTTP status, handshake status, or close code; `None` when nothing was answered.
    pub status: Option<u16>,
    pub response_headers: Vec<(String, String)>,
    pub response_body: Payload,
    /// Milliseconds on the case's clock.
    pub at_ms: f64,
    pub phases: Phases,
    /// Why no answer came, if none did.
    pub error: Option<String>,
    pub span_id: String,
}

/// A body as kept: text is cut at a limit, and what was cut is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    pub text: String,
    /// Bytes on the wire after decoding, before cutting.
    pub bytes: u64,
    pub is_cut: bool,
}

/// Milliseconds spent in each phase of an exchange; zero when the phase did not happen (a reused
/// connection has no dns, connect or tls).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phases {
    pub dns_ms: f64,
    pub connect_ms: f64,
    pub tls_ms: f64,
    pub send_ms: f64,
    /// From the last byte sent to the first byte received.
    pub waiting_ms: f64,
    pub receive_ms: f64,
}

impl Phases {
    pub fn total_ms(&self) -> f64 {
        self.dns_ms
            + self.connect_ms
            + self.tls_ms
            + self.send_ms
            + self.waiting_ms
            + self.receive_ms
    }
}

/// One evaluated expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub step: String,
    pub line: u32,
    /// As written in the suite.
    pub expression: String,
    pub held: bool,
    /// It read something received in this case, so it is evidence.
    pub is_evidence: bool,
    /// What the expression's parts were: `status` → `200`. Redacted.
    pub actual: Vec<(String, String)>,
    pub expected: String,
    /// Why it could not be evaluated, if it could not.
    pub error: Option<String>,
    pub soft: bool,
}

/// Whether a step is one of a login, a refresh, or the making of an account: its line is a line of
/// the environment's file, not of the suite's.
pub fn is_of_environment(step: &str) -> bool {
    step.starts_with("login[") || step.contains(".refresh.")
}

/// Why a try ended before its last step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub step: String,
    pub line: u32,
    pub message: String,
    pub expected: String,
    pub actual: String,
}

/// A span of the merged trace: run → test → step → exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    pub trace_id: String,
    pub span_id: String,
    /// Empty for the root.
    pub parent_id: String,
    pub name: String,
    /// Milliseconds on the case's clock.
    pub start_ms: f64,
    pub end_ms: f64,
    pub attributes: Vec<(String, String)>,
    pub is_error: bool,
}

/// What a region's `requires` met before the run, or again before a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preflight {
    pub green: bool,
    /// One entry per step of `requires` and per attempt at it.
    pub probes: Vec<Probe>,
    /// Digest over what the environment says of itself; empty when it said nothing.
    pub fingerprint: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    pub suite: String,
    pub url: String,
    pub address: String,
    pub status: Option<u16>,
    pub latency: Duration,
    pub attempts: u32,
    /// Empty when the probe was green.
    pub error: String,
}
