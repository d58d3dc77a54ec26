//! A host's clocks: one that never steps and runs a little fast or slow, and a wall clock that is
//! off and may be set.

use domain::Instant;

const MILLION: u64 = 1_000_000;
/// What the wall clock shows when the world begins.
const WALL_MS: u64 = 1_700_000_000_000;

/// Both clocks of a host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Nanoseconds since boot when the world began.
    offset: u64,
    /// Nanoseconds by which it gains in a million; negative when it loses.
    gains: i64,
    /// The wall clock is ahead of the world's by this.
    wall_off_ms: i64,
}

impl Clock {
    pub(crate) fn new(offset: u64, gains: i64, wall_off_ms: i64) -> Self {
        Self {
            offset,
            gains,
            wall_off_ms,
        }
    }

    fn rate(self) -> u64 {
        MILLION.saturating_add_signed(self.gains)
    }

    pub(crate) fn at(self, now: u64) -> Instant {
        Instant(self.offset + now / MILLION * self.rate() + now % MILLION * self.rate() / MILLION)
    }

    /// When the world's time is such that this clock shows `at`, or a little later.
    pub(crate) fn when(self, at: Instant) -> u64 {
        let passed = at.0.saturating_sub(self.offset);
        let (whole, rest) = (passed / self.rate(), passed % self.rate());
        whole * MILLION + (rest * MILLION).div_ceil(self.rate()) + 1
    }

    pub(crate) fn wall_ms(self, now: u64) -> u64 {
        (WALL_MS + now / MILLION).saturating_add_signed(self.wall_off_ms)
    }

    pub(crate) fn step_wall(&mut self, by_ms: i64) {
        self.wall_off_ms += by_ms;
    }

    pub(crate) fn is_off(self) -> bool {
        self.gains.unsigned_abs() > 20_000
    }
}

#[test]
fn a_clock_is_read_backwards_and_forwards_alike() {
    for gains in [-50_000, -7, 0, 31, 50_000] {
        let clock = Clock::new(12_345, gains, 0);
        for now in [0, 1, 999_999, 1_000_001, 77_123_456_789, 1_200_000_000_000] {
            let again = clock.when(clock.at(now));
            assert!((now..now + 5).contains(&again), "{gains} {now} {again}");
            assert!(clock.at(again) >= clock.at(now));
        }
    }
}
