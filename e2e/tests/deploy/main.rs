//! What deploy/ and `cargo xtask cluster` promise: the cluster that anyone can start, how processes
//! tell an orchestrator of themselves and leave when they are asked to, the chart, the image.

mod chart;
mod drain;
mod image;
mod local_cluster;
mod probes;
#[path = "../one_process/target.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "shared with other tests, which use the rest of it; its helpers panic with what is wrong"
)]
mod target;
mod waiting;
