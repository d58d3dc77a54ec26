//! The rules that turn a plan and what was found into one word and its reasons. Pure.
//!
//! A failure beyond tolerance says NO-GO and wins; anything that is not shown, polluted or without
//! a rule says INCONCLUSIVE; only what is left is GO. Next: `verdict/standing.rs` (tests, made of
//! cases), `verdict/gated.rs` (a gate's rules), `verdict/ungated.rs`, `verdict/soundness.rs`.

use crate::gate::VerdictWord;
use crate::ids::CaseId;
use crate::outcome::{Evidence, Outcome};
use crate::plan::Plan;
use crate::record::CaseProof;
use crate::run::{EnvironmentDoubt, Run};

mod date;
mod gated;
#[cfg(test)]
mod properties;
mod skips;
mod soundness;
mod standing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tier_count;
mod tolerance;
mod ungated;
mod wording;

pub use soundness::is_miscounted;
pub use standing::{TestStanding, standings};

/// All that the end of a run knows and the verdict needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// One entry per settled or closed case, in plan order. Order has no influence.
    pub cases: Vec<CaseFinding>,
    pub integrity: Vec<Integrity>,
}

impl Findings {
    /// What the fold of a run log says: each case that has an outcome, and what polluted the run.
    /// A disagreement of the second routine is not in a log; the caller adds it.
    pub fn of(run: &Run) -> Self {
        let cases = run.cases().filter_map(|(planned, facts)| {
            Some(CaseFinding {
                case: planned.id.clone(),
                outcome: facts.outcome()?,
                reason: facts.reason().to_owned(),
                flaky: facts.is_flaky(),
                evidence: facts
                    .result()
                    .map(|result| result.evidence)
                    .unwrap_or_default(),
                proof: facts.result().and_then(|result| result.proof.clone()),
            })
        });
        let rejected = run
            .rejected()
            .iter()
            .map(|aside| Integrity::ResultRejected {
                case: aside.result.case.clone(),
                why: aside.why.clone(),
            });
        let doubts = run.environment_doubts().into_iter();
        let doubts = doubts.map(Integrity::Environment);
        Self {
            cases: cases.collect(),
            integrity: rejected.chain(doubts).collect(),
        }
    }
}

/// How one case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFinding {
    pub case: CaseId,
    pub outcome: Outcome,
    /// Machine-readable first word, then text; empty for `passed`.
    pub reason: String,
    /// Its tries differ, or a kept result of a fenced attempt failed where the counted one passed.
    pub flaky: bool,
    /// What the counted result showed; the default for an outcome that the coordinator decided.
    pub evidence: Evidence,
    /// Which of its checks can fail, where the gate asks.
    pub proof: Option<CaseProof>,
}

/// What keeps a run from supporting any claim, however good its outcomes look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Two results for one key, with different content.
    ResultRejected { case: CaseId, why: String },
    /// Not all that is counted was seen of one environment.
    Environment(EnvironmentDoubt),
    /// The second routine read another table out of the raw log.
    RecheckDisagrees { why: String },
    /// The table's cases are not the plan's cases.
    ConservationBroken { why: String },
}

/// The verdict's word, and why: sentences without a final stop, the deciding one first.
///
/// Depends on the sets in `plan` and `findings`, never on their order.
pub fn judge(plan: &Plan, findings: &Findings) -> (VerdictWord, Vec<String>) {
    match &plan.gate {
        Some(gate) => gated::judge(plan, gate, findings),
        None => ungated::judge(plan, findings),
    }
}
