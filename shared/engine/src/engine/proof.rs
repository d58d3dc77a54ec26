//! Whether the checks of a case that just passed can fail, tried beside the cases that run: a few at
//! a time, on threads that no other case waits for, within a fixed time.
//!
//! What is tried is `prove`; nothing here reaches the target, and nothing secret leaves here: a
//! check's place, its text as written, and whether it can fail.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use domain::record::{CaseProof, CheckProof};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Recorded;
use crate::case::limited;
use crate::prove::{Limits, Proof, Tried, Written, prove};

/// How long the proof of one case may take at most, with its turn waited for.
pub const PROVES_WITHIN: Duration = Duration::from_secs(20);

/// Kept free of `PROVES_WITHIN`, so that what is tried ends by itself.
const MARGIN: Duration = Duration::from_secs(2);

/// Longest text of a check that is kept; a longer one is told apart by its digest.
const EXPRESSION: usize = 200;

/// Proofs that are made at the same time on this machine: half of what it can do at once.
#[derive(Debug)]
pub(super) struct Proofs {
    room: Arc<Semaphore>,
}

impl Default for Proofs {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            room: Arc::new(Semaphore::new((cores / 2).max(1))),
        }
    }
}

impl Proofs {
    /// Which checks of a case that passed can fail. Ends early when told to stop.
    pub(super) async fn of(&self, recorded: Recorded, stop: &CancellationToken) -> CaseProof {
        let until = Instant::now() + PROVES_WITHIN;
        let proven = tokio::select! {
            proven = timeout_at(until, self.proven(recorded, until, stop.clone())) => proven,
            () = stop.cancelled() => return unknown("it was stopped"),
        };
        proven.unwrap_or_else(|_| unknown("there was no time to try it"))
    }

    async fn proven(
        &self,
        (case, recording, judged): Recorded,
        until: Instant,
        stop: CancellationToken,
    ) -> CaseProof {
        // Nobody closes it; without a permit the proof is made all the same.
        let permit = self.room.clone().acquire_owned().await;
        let limits = Limits {
            time: until.duration_since(Instant::now()).saturating_sub(MARGIN),
            ..Limits::default()
        };
        let proving = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            prove(&case, &recording, &judged, limits, &stop)
        });
        match proving.await {
            Ok(Ok(proof)) => known(proof),
            Ok(Err(why)) => unknown(&why.to_string()),
            Err(error) => unknown(&format!("{error}; this is a defect of muster")),
        }
    }
}

fn unknown(why: &str) -> CaseProof {
    CaseProof::Unknown(limited(why.to_owned(), EXPRESSION))
}

fn known(proof: Proof) -> CaseProof {
    let check = |(written, tried): (&Written, &Tried)| CheckProof {
        line: written.line,
        expression: told_apart(&written.expression),
        can_fail: tried.falsified_by.is_some(),
    };
    CaseProof::Known {
        checks: proof.checks.iter().map(check).collect(),
        is_complete: proof.is_complete,
    }
}

/// A check's text, cut so that two different ones stay different.
fn told_apart(expression: &str) -> String {
    if expression.len() <= EXPRESSION {
        return expression.to_owned();
    }
    let digest = hex::encode(Sha256::digest(expression));
    format!(
        "{} {}",
        limited(expression.to_owned(), EXPRESSION),
        &digest[..12]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_long_checks_stay_two() {
        let long = |end: &str| told_apart(&format!("{}{end}", "a && ".repeat(100)));
        assert_ne!(long("b"), long("c"));
        assert!(long("b").len() < EXPRESSION + 20);
        assert_eq!(told_apart("status: 200"), "status: 200");
    }
}
