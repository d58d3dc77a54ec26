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

use domain::record::{CaseProof, CaseResult};

/// A probe has no lease that ends it: it ends by itself after so long.
pub const PROBE_LIMIT: Duration = Duration::from_secs(60);

/// Bytes of results that a worker has under way to its coordinator at most, or one that is larger.
pub const WINDOW: usize = 4 * 1024 * 1024;

/// Roughly what a result takes on the wire, in the spool and in memory: both machines count alike.
pub(crate) fn weight(result: &CaseResult, record: &[u8]) -> usize {
    let proof = match &result.proof {
        Some(CaseProof::Known { checks, .. }) => {
            let texts = checks.iter().map(|check| check.expression.len());
            texts.sum::<usize>() + 16 * checks.len()
        }
        Some(CaseProof::Unknown(why)) => why.len(),
        None => 0,
    };
    record.len() + result.reason.len() + result.fingerprint.len() + proof + 512
}
