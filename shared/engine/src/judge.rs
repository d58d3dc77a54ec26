//! What observations mean: pure functions from what was seen to checks and faults.
//!
//! Nothing here waits, reads a clock or talks; the same observations give the same judgement, live
//! and in a replay. One question per file: expected status, a check line, a socket's log, sequence
//! counts, the outcome.

pub(crate) mod line;
pub(crate) mod log;
pub(crate) mod outcome;
pub(crate) mod status;
pub(crate) mod track;

use domain::Evidence;
use domain::Outcome;
use domain::record::{Check, Failure};

use crate::recording::Place;

/// What a try came to: made from its recording alone, texts redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub outcome: Outcome,
    /// First a machine-readable word; empty for `passed`. At most 300 bytes.
    pub reason: String,
    pub evidence: Evidence,
    pub checks: Vec<Check>,
    /// Names and values saved by the test, in order.
    pub saved: Vec<(String, String)>,
    pub failure: Option<Failure>,
}

/// Something that did not go as the test says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `check_failed`, `within`, `allow_list`, …
    pub(crate) word: &'static str,
    pub(crate) message: String,
    pub(crate) step: String,
    pub(crate) line: u32,
    pub(crate) expected: String,
    pub(crate) actual: String,
}

impl Fault {
    pub(crate) fn new(word: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Self {
            word,
            message: message.into(),
            step: place.path.to_string(),
            line: place.line,
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        self.expected = expected.into();
        self.actual = actual.into();
        self
    }

    pub(crate) fn reason(&self) -> String {
        if self.line == 0 {
            format!("{}: {}", self.word, self.message)
        } else {
            format!("{}: {} (line {})", self.word, self.message, self.line)
        }
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure {
            step: self.step.clone(),
            line: self.line,
            message: format!("{}: {}", self.word, self.message),
            expected: self.expected.clone(),
            actual: self.actual.clone(),
        }
    }
}

/// Why a sequence of steps ended before its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The target did not do what the test says.
    Failed(Box<Fault>),
    /// It could not be judged: a budget, a refusal of the grid, a limit of the engine.
    Errored(Box<Fault>),
    /// The worker may not go on.
    Aborted(Box<Fault>),
}

impl Stop {
    pub(crate) fn failed(fault: Fault) -> Self {
        Self::Failed(Box::new(fault))
    }

    pub(crate) fn errored(fault: Fault) -> Self {
        Self::Errored(Box::new(fault))
    }

    pub(crate) fn fault(&self) -> &Fault {
        match self {
            Self::Failed(fault) | Self::Errored(fault) | Self::Aborted(fault) => fault,
        }
    }
}

/// What steps leave behind for the judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Journal {
    pub(crate) checks: Vec<Check>,
    pub(crate) saved: Vec<(String, String)>,
    /// Faults of steps that are `soft`.
    pub(crate) soft: Vec<Fault>,
}

impl Journal {
    pub(crate) fn append(&mut self, mut other: Self) {
        self.checks.append(&mut other.checks);
        self.saved.append(&mut other.saved);
        self.soft.append(&mut other.soft);
    }
}

/// A check that is not an expression: a written status, a match, a silence, a grammar.
pub(crate) fn stated(
    place: &Place,
    line: u32,
    expression: String,
    held: bool,
    expected: String,
    actual: Vec<(String, String)>,
) -> Check {
    Check {
        step: place.path.to_string(),
        line,
        expression,
        held,
        is_evidence: true,
        actual,
        expected,
        error: None,
        soft: false,
    }
}

/// `word: broken` as a stop of the right kind.
pub(crate) fn stop_for(broken: &crate::transport::Broken, place: &Place, what: &str) -> Stop {
    use crate::transport::Broken;
    let message = match broken {
        Broken::Timeout(phase) => format!("{what}: the time was over {phase}"),
        other => format!("{what}: {other}"),
    };
    let fault = Box::new(Fault::new(broken.word(), place, message));
    match broken {
        Broken::AllowList(_)
        | Broken::Url(_)
        | Broken::NoCapacity
        | Broken::TryLimit(_)
        | Broken::LogFull(_) => Stop::Errored(fault),
        Broken::GateClosed => Stop::Aborted(fault),
        _ => Stop::Failed(fault),
    }
}
