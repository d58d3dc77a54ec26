//! Whether the checks of a case that just passed can fail, tried beside the cases that run: a few at
//! a time, on threads that no other case waits for, within a fixed time.
//!
//! What is tried is `prove`; nothing here reaches the target, and nothing secret leaves here: a
//! check's place, its text as written, and whether it can fail.

use std::sync::LazyLock;
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

const NO_TIME: &str = "there was no time to prove it";

/// Longest text of a check that is kept; a longer one is told apart by its digest.
const EXPRESSION: usize = 200;

/// With less time than this left, nothing is begun: it would say of every check that it can't fail.
const LEAST: Duration = Duration::from_millis(200);

/// Proofs that are made at the same time by all engines of this process: half of what the machine
/// can do at once.
static ROOM: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, usize::from);
    Semaphore::new((cores / 2).max(1))
});

/// Which checks of a case that passed can fail. Ends early when told to stop.
pub(super) async fn of(recorded: Recorded, stop: &CancellationToken) -> CaseProof {
    let until = Instant::now() + PROVES_WITHIN;
    let proven = tokio::select! {
        proven = timeout_at(until, proven(recorded, until, stop.clone())) => proven,
        () = stop.cancelled() => return unknown("it was stopped"),
    };
    proven.unwrap_or_else(|_| unknown(NO_TIME))
}

async fn proven(
    (case, recording, judged): Recorded,
    until: Instant,
    stop: CancellationToken,
) -> CaseProof {
    // Nobody closes it; without a permit the proof is made all the same.
    let permit = ROOM.acquire().await;
    let Some(time) = time_left(until, Instant::now()) else {
        return unknown(NO_TIME);
    };
    let limits = Limits {
        time,
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

/// What waiting for a turn has left; `None` when that is too little to try anything.
fn time_left(until: Instant, now: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(now).saturating_sub(MARGIN);
    (left >= LEAST).then_some(left)
}

fn unknown(why: &str) -> CaseProof {
    CaseProof::Unknown(limited(why.to_owned(), EXPRESSION))
}

/// What was found out; where time ran out before anything was tried, that is nothing.
fn known(proof: Proof) -> CaseProof {
    if !proof.is_complete && proof.mutations == 0 {
        return unknown(NO_TIME);
    }
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

    #[test]
    fn a_turn_that_comes_too_late_leaves_no_time() {
        let now = Instant::now();
        assert_eq!(
            time_left(now + PROVES_WITHIN, now),
            Some(PROVES_WITHIN - MARGIN)
        );
        assert_eq!(time_left(now + MARGIN + LEAST, now), Some(LEAST));
        assert_eq!(time_left(now + MARGIN + LEAST / 2, now), None);
        assert_eq!(time_left(now, now + MARGIN), None);
    }

    #[test]
    fn of_what_was_never_tried_nothing_is_known() {
        let written = Written {
            line: 4,
            expression: "status: 200".to_owned(),
        };
        let proof = |mutations, is_complete| Proof {
            checks: [(written.clone(), Tried::default())].into(),
            mutations,
            is_complete,
        };
        assert_eq!(known(proof(0, false)), unknown(NO_TIME));
        let is_known = |proof| matches!(known(proof), CaseProof::Known { .. });
        assert!(is_known(proof(1, false)) && is_known(proof(0, true)));
    }
}
