//! Outcomes, the evidence behind them, and the conservation equation.

use std::fmt;
use std::ops::AddAssign;

/// How a case ended: exactly one per case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Every check held, and at least one of them read something received.
    Passed,
    /// A check was false, or the target did not do what was asked of it.
    Failed,
    /// Not executed, for a declared reason.
    Skipped,
    /// Executed without evidence that the target was exercised.
    Unproven,
    /// Could not be judged: set-up, login, budgets, refusals of the grid itself.
    Errored,
    /// The worker went away and the budget for trying again is spent.
    Lost,
    /// Ended by a deadline, an abort, or `--max-fail`.
    Cancelled,
}

impl Outcome {
    pub const ALL: [Self; 7] = [
        Self::Passed,
        Self::Failed,
        Self::Skipped,
        Self::Unproven,
        Self::Errored,
        Self::Lost,
        Self::Cancelled,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unproven => "unproven",
            Self::Errored => "errored",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
        }
    }

    /// Neither passed nor failed: nothing was shown about the target.
    pub fn is_not_proven(self) -> bool {
        !matches!(self, Self::Passed | Self::Failed)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// What shows that a case touched the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Requests answered, handshakes answered, and messages received.
    pub exchanges: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// Checks evaluated that read something received in the case.
    pub checks: u64,
}

impl AddAssign for Evidence {
    fn add_assign(&mut self, other: Self) {
        self.exchanges += other.exchanges;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.checks += other.checks;
    }
}

/// Counts by outcome. `planned` is counted from the plan, never from the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub planned: u64,
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
    pub unproven: u64,
    pub errored: u64,
    pub lost: u64,
    pub cancelled: u64,
}

impl Totals {
    pub fn count(&mut self, outcome: Outcome) {
        *self.slot(outcome) += 1;
    }

    pub fn of(&self, outcome: Outcome) -> u64 {
        let mut copy = *self;
        *copy.slot(outcome)
    }

    pub fn settled(&self) -> u64 {
        Outcome::ALL.iter().map(|&outcome| self.of(outcome)).sum()
    }

    pub fn not_proven(&self) -> u64 {
        self.settled() - self.passed - self.failed
    }

    /// planned = passed + failed + skipped + unproven + errored + lost + cancelled.
    pub fn is_conserved(&self) -> bool {
        self.planned == self.settled()
    }

    fn slot(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Unproven => &mut self.unproven,
            Outcome::Errored => &mut self.errored,
            Outcome::Lost => &mut self.lost,
            Outcome::Cancelled => &mut self.cancelled,
        }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.planned += other.planned;
        for outcome in Outcome::ALL {
            *self.slot(outcome) += other.of(outcome);
        }
    }
}
