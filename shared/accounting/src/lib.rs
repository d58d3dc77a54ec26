//! The two machines that lease work and count results, without sockets, clocks or disks.
//!
//! `coordinator::Coordinator` and `worker::Worker` each have one entry, `step(now, input)`, and
//! answer with outputs; shells move bytes. The same code runs the grid and its simulation
//! (`tests/it`). The protocol: who may lead, how leases end, when a result counts, how a run ends.

pub mod coordinator;
pub mod digest;
#[cfg(feature = "planted")]
pub mod planted;
pub mod worker;

use std::time::Duration;

/// A probe has no lease that ends it: it ends by itself after so long.
pub const PROBE_LIMIT: Duration = Duration::from_secs(60);
