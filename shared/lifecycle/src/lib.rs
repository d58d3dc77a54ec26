//! How a process of the grid starts, is watched over, and stops.
//!
//! Every task has a name and an owner (`tasks`), every wait can be stopped (`Stop`), every reading
//! of a clock comes from `clock`. Nothing here knows what the tasks do.
//!
//! Reading order: `tasks`, `signals`, `clock`, `telemetry`.

pub mod clock;
pub mod signals;
pub mod tasks;
pub mod telemetry;

pub use tasks::{Exit, OnExit, Tasks, Unfinished};

/// Tells tasks to stop; cheap to clone, and a child stops with its parent.
pub type Stop = tokio_util::sync::CancellationToken;
