//! The only place that reads a clock.
//!
//! `now` never steps and counts suspended time, so that a lease can't outlive a closed lid;
//! `wall_ms` is for readers of a log and never for order.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Instant;
use rustix::time::{ClockId, clock_gettime};

#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT: ClockId = ClockId::Boottime;
/// Elsewhere the monotonic clock is the nearest; on macOS it counts suspended time too.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT: ClockId = ClockId::Monotonic;

/// Nanoseconds since boot, suspend included.
pub fn now() -> Instant {
    let time = clock_gettime(BOOT);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    Instant(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

/// Unix time in milliseconds; 0 on a machine whose clock stands before 1970.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Sleeps until `deadline`. Timers of the runtime stand still while the machine is suspended, so
/// the clock is asked again each second.
pub async fn sleep_until(deadline: Instant) {
    loop {
        let left = deadline.since(now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(Duration::from_secs(1))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back() {
        let readings: Vec<_> = (0..1000).map(|_| now()).collect();
        assert!(readings.is_sorted());
        assert!(readings[0] > Instant::ZERO);
    }

    #[tokio::test]
    async fn a_sleep_ends_at_its_deadline_and_not_before() {
        let deadline = now() + Duration::from_millis(20);
        sleep_until(deadline).await;
        assert!(now() >= deadline);
    }
}
