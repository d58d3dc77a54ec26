//! The worker's share of the environment's caps: how many requests a second, how many users.
//!
//! Requests are spaced by a virtual schedule: each takes the next slot, and waits for it. A small
//! burst is let through, so that a case on an idle worker does not pay for the spacing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::engine::CapShare;

/// How far the schedule may run ahead of the clock.
const BURST: Duration = Duration::from_millis(100);

/// Holds the share; shared by all cases of an engine.
#[derive(Debug)]
pub struct Caps {
    spacing: Option<Duration>,
    next: Mutex<Option<Instant>>,
    users: Option<(Arc<Semaphore>, u32)>,
}

/// The share has fewer users than one case needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{needed} users are needed at once, and this worker's share is {share}; raise `caps.users` or use fewer workers"
)]
pub struct NoCapacity {
    pub needed: u32,
    pub share: u32,
}

impl Caps {
    pub fn new(share: CapShare) -> Self {
        let spacing = share
            .rps
            .filter(|rps| *rps > 0.0)
            .map(|rps| Duration::from_secs_f64(1.0 / rps));
        let users = share
            .users
            .map(|count| (Arc::new(Semaphore::new(count as usize)), count));
        Self {
            spacing,
            next: Mutex::new(None),
            users,
        }
    }

    /// Waits until one more request may leave.
    pub async fn request(&self) {
        let Some(spacing) = self.spacing else { return };
        let slot = self.take(spacing, Instant::now());
        if slot > Instant::now() {
            sleep_until(slot).await;
        }
    }

    fn take(&self, spacing: Duration, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let due = next.map_or(now, |next| next.max(now));
        *next = Some(due + spacing);
        due.checked_sub(BURST).unwrap_or(due)
    }

    /// Waits until this many users more may be simulated; dropping the permit gives them back.
    pub async fn users(&self, needed: u32) -> Result<Option<OwnedSemaphorePermit>, NoCapacity> {
        let Some((semaphore, share)) = &self.users else {
            return Ok(None);
        };
        let refused = NoCapacity {
            needed,
            share: *share,
        };
        if needed > *share {
            return Err(refused);
        }
        let permit = semaphore.clone().acquire_many_owned(needed).await;
        permit.map(Some).map_err(|_closed| refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced_to_the_share() {
        let caps = Caps::new(CapShare {
            rps: Some(100.0),
            users: None,
        });
        let started = Instant::now();
        for _ in 0..200 {
            caps.request().await;
        }
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(1800), "{took:?}");
        assert!(took <= Duration::from_millis(2100), "{took:?}");
    }

    #[tokio::test]
    async fn more_users_than_the_share_is_said_at_once() {
        let caps = Caps::new(CapShare {
            rps: None,
            users: Some(2),
        });
        assert!(caps.users(3).await.is_err());
        let held = caps.users(2).await.unwrap();
        assert!(
            tokio::time::timeout(Duration::from_millis(20), caps.users(1))
                .await
                .is_err()
        );
        drop(held);
        assert!(caps.users(1).await.is_ok());
    }
}
