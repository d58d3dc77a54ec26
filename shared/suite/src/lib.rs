//! The suite language: as typed → valid, every problem at once.
//!
//! Reading order: `model` (what a checked suite is), `environment`, `problem`.

pub mod environment;
pub mod grammar;
pub mod model;
pub mod problem;

pub use environment::Environment;
pub use model::{Step, StepKind, Suite, Test};
pub use problem::Problem;
