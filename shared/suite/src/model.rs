//! A checked suite: valid by construction. Nobody behind this type checks anything again.
//!
//! Every expression is compiled, every template parsed, every name known. What is not said in the
//! file has its default filled in here. For how a file becomes this, see `read`.

use std::time::Duration;

use domain::plan::{OnWorkerLoss, Tier};
use domain::{SuiteName, TestId};
use expression::{Expression, Template, Value};

use crate::grammar::Grammar;

#[derive(Clone, Debug)]
pub struct Suite {
    pub name: SuiteName,
    pub file: String,
    pub tier: Tier,
    pub value: Option<String>,
    pub owner: Option<String>,
    pub description: Option<String>,
    /// Must be green in every region before its cases start.
    pub requires: Vec<Step>,
    /// Send W3C baggage with nonce, case and attempt on every request; default true.
    pub baggage: bool,
    pub tests: Vec<Test>,
}

#[derive(Clone, Debug)]
pub struct Test {
    pub id: TestId,
    pub title: String,
    pub group: Option<String>,
    pub tags: Vec<String>,
    pub line: u32,
    /// Named users in the order written; empty means one user of the first class, called `user`.
    pub users: Vec<TestUser>,
    pub regions: Placement,
    /// Keys are stable case ids; empty means one case without a row.
    pub rows: Vec<(String, Vec<(String, RowValue)>)>,
    /// For the whole try, set-up and teardown included; default 60 s.
    pub timeout: Duration,
    pub retries: u32,
    pub exclusive: bool,
    pub on_worker_loss: OnWorkerLoss,
    pub quarantine: Option<Quarantine>,
    pub setup: Vec<Step>,
    pub steps: Vec<Step>,
    pub teardown: Vec<Step>,
    pub after: Vec<Step>,
    pub expect: Vec<CheckLine>,
    /// SHA-256 over the normalised test, for `muster.lock`.
    pub hash: String,
}

/// A value of a row: a literal, or a template that reads user and environment.
pub type RowValue = ValueTemplate;

#[derive(Clone, Debug)]
pub struct TestUser {
    pub name: String,
    pub class: String,
    /// `Some(n)`: a pool, acted as by `name[expression]`.
    pub count: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    Any,
    All,
    Named(Vec<String>),
    Roles(Vec<(String, String)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    pub until: String,
    pub owner: String,
    pub why: String,
}

/// A boolean expression with its place in the file.
#[derive(Clone, Debug)]
pub struct CheckLine {
    pub expression: Expression,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Step {
    /// Author's label, else a short text made from the step (`GET /api/threads`).
    pub name: String,
    pub line: u32,
    pub acting: Acting,
    /// Role of a cross-region test.
    pub role: Option<String>,
    /// On whatever waits; default 10 s, capped by the test's timeout.
    pub within: Duration,
    pub checks: Vec<CheckLine>,
    pub save: Vec<(String, Expression)>,
    pub soft: bool,
    pub kind: StepKind,
}

/// As whom a step talks.
#[derive(Clone, Debug)]
pub enum Acting {
    /// Not said: the enclosing block's user, else the test's only user.
    Inherited,
    Nobody,
    User(String),
    /// `crowd[i]`
    Pool {
        name: String,
        index: Expression,
    },
}

#[derive(Clone, Debug)]
pub enum StepKind {
    Http(Request),
    WebSocket(Handshake),
    Send {
        socket: String,
        message: Message,
    },
    Receive(Receive),
    Collect(Collect),
    Silence {
        socket: String,
        matching: Option<Expression>,
        duration: Duration,
    },
    Close {
        socket: String,
        code: Option<u16>,
    },
    /// Reset the connection.
    Abandon {
        socket: String,
    },
    /// Server-sent events, or chunks; the list of records is saved under `into`.
    Stream {
        request: Request,
        into: Option<String>,
        until: Option<Expression>,
    },
    Repeat(Repeat),
    Parallel(Parallel),
    Poll {
        every: Duration,
        steps: Vec<Step>,
        into: Option<String>,
    },
    /// Only for pacing that the test itself is about.
    Wait {
        duration: Duration,
    },
    When {
        condition: Expression,
        steps: Vec<Step>,
    },
    Barrier {
        name: String,
    },
    /// Only checks and saves.
    CheckOnly,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: Target,
    pub query: Vec<(String, ValueTemplate)>,
    pub headers: Vec<(String, Template)>,
    pub body: Body,
    pub status: ExpectedStatus,
    /// Redirects are followed only when told.
    pub follow_redirects: bool,
}

/// Where a request goes: a path on a service, or a template that begins with a base address.
#[derive(Clone, Debug)]
pub struct Target {
    /// Index into `Environment::services` is found by this name; `None` is the default service.
    pub service: Option<String>,
    pub path: Template,
}

#[derive(Clone, Debug)]
pub enum Body {
    Empty,
    Json(JsonTemplate),
    Form(Vec<(String, ValueTemplate)>),
    Text(Template),
    Bytes(Template),
}

/// A JSON document with templates at its leaves; object keys are literal.
#[derive(Clone, Debug)]
pub enum JsonTemplate {
    Leaf(ValueTemplate),
    List(Vec<JsonTemplate>),
    Map(Vec<(String, JsonTemplate)>),
}

/// A literal, or text with `${…}`; exactly one `${…}` keeps the value's type.
#[derive(Clone, Debug)]
pub enum ValueTemplate {
    Literal(Value),
    Template(Template),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedStatus {
    /// Nothing written: 2xx for HTTP, 101 for a handshake. An expectation, not a check.
    Default,
    /// Written by the author; counts as a check.
    Listed { statuses: Vec<u16>, line: u32 },
    /// No answer at all: the connection is to be refused in this way. Counts as a check.
    Refused { refusal: Refusal, line: u32 },
}

/// How a connection is refused: by our client, which does not trust the certificate, or by the
/// target, at whose port nothing listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The certificate, for whatever reason.
    Certificate,
    CertificateExpired,
    CertificateUnknownIssuer,
    CertificateWrongHost,
    /// The TCP connection.
    Connection,
}

impl Refusal {
    pub const ALL: [Self; 5] = [
        Self::Certificate,
        Self::CertificateExpired,
        Self::CertificateUnknownIssuer,
        Self::CertificateWrongHost,
        Self::Connection,
    ];

    /// As written in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateUnknownIssuer => "certificate_unknown_issuer",
            Self::CertificateWrongHost => "certificate_wrong_host",
            Self::Connection => "connection",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Handshake {
    pub socket: String,
    pub target: Target,
    pub query: Vec<(String, ValueTemplate)>,
    pub headers: Vec<(String, Template)>,
    pub subprotocols: Vec<Template>,
    pub status: ExpectedStatus,
    pub track: Option<Track>,
    pub reconnect: Option<Reconnect>,
}

/// What is counted on a socket: `SOCKET.lost`, `.duplicated`, `.out_of_order`.
#[derive(Clone, Debug)]
pub struct Track {
    pub sequence: Expression,
    pub per: Option<Expression>,
}

/// When the connection ends without our asking, open it again within the time.
#[derive(Clone, Debug)]
pub struct Reconnect {
    pub within: Duration,
    pub backoff: Duration,
    pub jitter: bool,
    /// Sent as one JSON message after each new handshake.
    pub resume: Option<JsonTemplate>,
}

#[derive(Clone, Debug)]
pub enum Message {
    Json(JsonTemplate),
    Text(Template),
    Bytes(Template),
}

/// The next message that matches.
#[derive(Clone, Debug)]
pub struct Receive {
    pub socket: String,
    pub matching: Option<Expression>,
}

/// All that match, until one does; counts as a check, like `receive`.
#[derive(Clone, Debug)]
pub struct Collect {
    pub socket: String,
    pub matching: Option<Expression>,
    pub until: Expression,
    pub into: Option<String>,
    pub grammar: Option<Grammar>,
}

#[derive(Clone, Debug)]
pub struct Repeat {
    pub times: Expression,
    pub index: Option<String>,
    pub into: Option<String>,
    pub each: Vec<(String, Expression)>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Parallel {
    pub branches: Branches,
    pub index: Option<String>,
    pub into: Option<String>,
    pub each: Vec<(String, Expression)>,
    pub during: Option<During>,
}

#[derive(Clone, Debug)]
pub enum Branches {
    /// The same steps, this many times at once.
    Count {
        count: Expression,
        steps: Vec<Step>,
    },
    Named(Vec<(String, Vec<Step>)>),
}

/// Sampling while the branches run.
#[derive(Clone, Debug)]
pub struct During {
    pub every: Duration,
    pub into: Option<String>,
    pub each: Vec<(String, Expression)>,
    pub steps: Vec<Step>,
}
