//! How many workers are let in each second, and when the others may ask again.
//!
//! A hello is dear: it joins every run and settles what its worker held. When all workers of a
//! lost leader come at once, the log and the leases of those that are in come first.

use std::time::Duration;

use domain::Instant;

const WINDOW: Duration = Duration::from_secs(1);

/// Nobody is told to stay away for longer.
const LONGEST: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct Door {
    since: Instant,
    n_asked: u32,
}

impl Door {
    /// `None`: come in. Otherwise the time after which to ask again: those that are too many are
    /// spread evenly over the seconds that follow.
    pub(crate) fn ask(&mut self, now: Instant, per_second: u32) -> Option<Duration> {
        let per_second = per_second.max(1);
        if now.since(self.since) >= WINDOW {
            *self = Self {
                since: now,
                n_asked: 0,
            };
        }
        self.n_asked = self.n_asked.saturating_add(1);
        let n_before = self.n_asked.checked_sub(per_second + 1)?;
        let rest = WINDOW.saturating_sub(now.since(self.since));
        let spread = WINDOW / per_second;
        Some((rest + spread.saturating_mul(n_before)).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_too_many_are_spread_over_the_seconds_that_follow() {
        let mut door = Door::default();
        let now = Instant(5_000_000_000);
        let answers: Vec<Option<Duration>> = (0..6).map(|_| door.ask(now, 2)).collect();
        let after = |ms| Some(Duration::from_millis(ms));
        assert_eq!(
            answers,
            [
                None,
                None,
                after(1000),
                after(1500),
                after(2000),
                after(2500)
            ]
        );
        let next = now + Duration::from_secs(1);
        assert_eq!(door.ask(next, 2), None);
    }

    #[test]
    fn a_flood_sends_nobody_away_for_longer_than_a_minute() {
        let mut door = Door::default();
        let answers = (0..100_000).filter_map(|_| door.ask(Instant(9), 1));
        assert_eq!(answers.max(), Some(LONGEST));
    }
}
