//! What is known of one case: its state, what it lost on the way, and what was kept beside it.

use crate::ids::{AttemptId, WorkerId};
use crate::outcome::Outcome;
use crate::record::CaseResult;
use crate::run::legs::{HeldLeg, LegState};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CaseState {
    #[default]
    Waiting,
    /// Of a case with several legs, the attempt of its first.
    Leased(AttemptId),
    /// Executed and counted.
    Settled {
        attempt: AttemptId,
        result: CaseResult,
    },
    /// Counted by the result that the run it completes had.
    Carried(CaseResult),
    /// Ended by a decision of the coordinator, not by an execution.
    Closed { outcome: Outcome, reason: String },
}

/// A leasing of the case that ended without its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub attempt: AttemptId,
    pub worker: WorkerId,
    pub why: String,
    /// The case itself may be the cause; false where the platform explains the loss.
    pub blames: bool,
}

/// A result that is kept and never counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub attempt: AttemptId,
    pub seq: u64,
    pub result: CaseResult,
    pub why: String,
}

/// Losses that may be a case's own doing, after which it runs alone and on another worker.
pub const LOSSES_BEFORE_ALONE: usize = 2;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts {
    pub state: CaseState,
    pub losses: Vec<Loss>,
    pub kept: Vec<Kept>,
    /// Of a case with several legs: how they were leased last, in the order of the plan. Empty
    /// while it waits.
    pub legs: Vec<HeldLeg>,
}

impl CaseState {
    /// `None` while the case is open.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Waiting | Self::Leased(_) => None,
            Self::Settled { result, .. } | Self::Carried(result) => Some(result.outcome),
            Self::Closed { outcome, .. } => Some(*outcome),
        }
    }

    pub fn is_open(&self) -> bool {
        self.outcome().is_none()
    }
}

impl CaseFacts {
    pub fn outcome(&self) -> Option<Outcome> {
        self.state.outcome()
    }

    /// Why the outcome is what it is; empty for passed, and while the case is open.
    pub fn reason(&self) -> &str {
        match &self.state {
            CaseState::Waiting | CaseState::Leased(_) => "",
            CaseState::Settled { result, .. } | CaseState::Carried(result) => &result.reason,
            CaseState::Closed { reason, .. } => reason,
        }
    }

    /// The counted result, executed here or carried; `None` for a closed case.
    pub fn result(&self) -> Option<&CaseResult> {
        match &self.state {
            CaseState::Settled { result, .. } | CaseState::Carried(result) => Some(result),
            _ => None,
        }
    }

    /// Every result that the outcome rests on: one of each leg, or the only one.
    pub fn counted(&self) -> impl Iterator<Item = &CaseResult> {
        let whole = self.result().filter(|_| self.legs.is_empty());
        let is_settled = matches!(self.state, CaseState::Settled { .. });
        let legs = self.legs.iter().filter(move |_| is_settled);
        let legs = legs.filter_map(|leg| match &leg.state {
            LegState::Settled { result, .. } => Some(result),
            _ => None,
        });
        whole.into_iter().chain(legs)
    }

    pub fn is_carried(&self) -> bool {
        matches!(self.state, CaseState::Carried(_))
    }

    /// Its tries differ, or a kept result says passed where the counted one says failed, or the
    /// other way round. A leg that passed says nothing against a case that failed.
    pub fn is_flaky(&self) -> bool {
        let Some(counted) = self.result() else {
            return false;
        };
        let differs = |kept: &Kept| {
            let (kept, counted) = (kept.result.outcome, counted.outcome);
            let is_part = kept == Outcome::Passed && !self.legs.is_empty();
            !kept.is_not_proven() && !counted.is_not_proven() && kept != counted && !is_part
        };
        counted.flaky || self.kept.iter().any(differs)
    }

    /// Losses that may be the case's own doing.
    pub fn n_blamed(&self) -> usize {
        self.losses.iter().filter(|loss| loss.blames).count()
    }

    /// It was lost so often that whoever has it has nothing else.
    pub fn must_be_alone(&self) -> bool {
        self.n_blamed() >= LOSSES_BEFORE_ALONE
    }
}
