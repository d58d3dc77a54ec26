//! The nouns of the grid and the rules over them: no async, no I/O, no serialisation.
//!
//! Reading order: `ids`, `instant`, `outcome`, `plan`, `record` (what a worker saw of a case),
//! `message` (worker and coordinator speak), `event` (what a log holds), `run` (the fold), `queue`
//! (of runs), `schedule` (inside and between them), `proven` (how many checks can fail),
//! `trace` (server spans below what caused them).

pub mod event;
pub mod gate;
pub mod ids;
pub mod instant;
pub mod message;
pub mod outcome;
pub mod plan;
pub mod proven;
pub mod queue;
pub mod record;
pub mod run;
pub mod schedule;
pub mod trace;
pub mod value;
pub mod verdict;

pub use gate::{Gate, Tolerance, Verdict, VerdictWord};
pub use ids::{
    AttemptId, CaseId, Digest, Incarnation, Region, RunId, SessionId, SuiteName, Term, TestId,
    WorkerId,
};
pub use instant::Instant;
pub use outcome::{Evidence, Outcome, Totals};
pub use plan::{Plan, PlannedCase, PlannedRegion, Tier};
