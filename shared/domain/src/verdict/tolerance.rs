//! How many tests a tolerance allows, as a whole number.

use crate::gate::Tolerance;

impl Tolerance {
    /// The largest count that is within this tolerance, of `of` tests; never more than `of`.
    ///
    /// Below 5 % of 20 tests is 0, because 1 is exactly 5 %; of 21 it is 1. None at all is always
    /// within tolerance.
    pub fn allowed(self, of: u64) -> u64 {
        match self {
            Self::Tests(count) => u64::from(count).min(of),
            Self::BelowPercent(percent) => {
                let hundredths = u128::from(percent) * u128::from(of);
                let below = hundredths.div_ceil(100).saturating_sub(1);
                u64::try_from(below).unwrap_or(u64::MAX).min(of)
            }
        }
    }
}
