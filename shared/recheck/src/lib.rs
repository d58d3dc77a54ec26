//! The second routine: a run's raw log and plan in, final table out, with all that does not add up.
//!
//! It shares no code with the fold that runs the grid, so that a mistake there is seen here: one
//! pass over the events with plain sets of names. `frames` reads the bytes of a log file, `pass`
//! goes over the events, `marks` reads what decides beside the outcomes. It never decides anything; it only disagrees.

mod frames;
mod marks;
mod pass;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use proto::v1::Plan;
use sha2::{Digest, Sha256};

pub use frames::{Broken, segments};

/// What the log and the plan say, read independently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rechecked {
    /// Case id → outcome, of every case that has one.
    pub table: BTreeMap<String, String>,
    /// SHA-256 of the table, in lower-case hexadecimal.
    pub hash: String,
    /// What decides the verdict beside the table, one line each: flaky cases, rejected results, and
    /// what was seen of the environment. Late results have no part in it.
    pub marks: BTreeSet<String>,
    /// Everything that does not add up, one sentence each; empty when all does.
    pub problems: Vec<String>,
    /// Events read.
    pub n_events: u64,
}

/// Reads the bytes of a run's log file, its first `up_to` segments, or all when `None`. `plan`
/// are the bytes of the plan's blob.
pub fn recheck_file(plan: &[u8], log: &[u8], up_to: Option<u64>) -> Rechecked {
    match segments(log, up_to) {
        Ok(segments) => recheck(plan, &segments, up_to),
        Err(broken) => Rechecked {
            problems: vec![format!("the log can't be read: {broken}")],
            ..Rechecked::default()
        },
    }
}

/// The same over segments, each the bytes of one append, in order.
pub fn recheck(plan: &[u8], segments: &[Vec<u8>], up_to: Option<u64>) -> Rechecked {
    let digest = hex::encode(Sha256::digest(plan));
    match Plan::decode(plan) {
        Ok(plan) => pass::over(&plan, &digest, segments, up_to),
        Err(error) => Rechecked {
            problems: vec![format!("the plan can't be read: {error}")],
            ..Rechecked::default()
        },
    }
}

/// One line per case, sorted by id: length of the id, colon, id, equals sign, outcome, line feed.
fn hash(table: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (case, outcome) in table {
        hasher.update(case.len().to_string());
        hasher.update(b":");
        hasher.update(case);
        hasher.update(b"=");
        hasher.update(outcome);
        hasher.update(b"\n");
    }
    hex::encode(hasher.finalize())
}
