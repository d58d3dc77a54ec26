//! Gates and verdicts as data; `verdict` holds the rules.

use std::fmt;

use crate::ids::{Digest, SuiteName, TestId};
use crate::plan::Tier;

/// How much of a tier may be in a state that is not `passed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// At most this many tests.
    Tests(u32),
    /// Fewer than this percentage of the tier's tests (`< 5 %`).
    BelowPercent(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierGate {
    pub tier: Tier,
    pub failed: Tolerance,
    pub not_proven: Tolerance,
    pub flaky: Tolerance,
}

/// A skip that the gate's file accepts by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToleratedSkip {
    /// `None` fits the one test of the plan that has this id; of several it fits none.
    pub suite: Option<SuiteName>,
    pub test: TestId,
    pub owner: String,
    /// `2026-12-31`, the last day it holds.
    pub until: String,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    pub name: String,
    pub tiers: Vec<TierGate>,
    pub tolerated_skips: Vec<ToleratedSkip>,
    /// Retries also serve `failed`; otherwise, in a gated run, only `errored`.
    pub retries_failed: bool,
    /// At least this percentage of the checks must be shown able to fail; `None` asks for nothing.
    pub proven_checks: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VerdictWord {
    /// With a gate.
    Go,
    NoGo,
    Inconclusive,
    /// Without a gate.
    Passed,
    Failed,
    Incomplete,
}

impl VerdictWord {
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::NoGo => "NO-GO",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Passed => "PASSED",
            Self::Failed => "FAILED",
            Self::Incomplete => "INCOMPLETE",
        }
    }
}

impl fmt::Display for VerdictWord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}

/// The verdict as logged: never recomputed by a newer binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub word: VerdictWord,
    /// Sentences, the deciding one first.
    pub reasons: Vec<String>,
    /// Hash of the final table (case id and outcome, sorted), agreed on by both routines.
    pub table_hash: Digest,
}
