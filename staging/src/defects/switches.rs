//! Which defects are on: one bit each, readable from every handler without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Defect;

/// The switches of one platform.
#[derive(Debug, Default)]
pub struct Switches {
    bits: AtomicU64,
}

impl Switches {
    /// Switches with exactly these on.
    pub fn with(on: &[Defect]) -> Self {
        let switches = Self::default();
        on.iter().for_each(|defect| switches.turn_on(*defect));
        switches
    }

    /// Whether this one is on.
    pub fn is_on(&self, defect: Defect) -> bool {
        self.bits.load(Ordering::Acquire) & bit(defect) != 0
    }

    /// Turns this one on.
    pub fn turn_on(&self, defect: Defect) {
        self.bits.fetch_or(bit(defect), Ordering::AcqRel);
    }

    /// Turns this one off.
    pub fn turn_off(&self, defect: Defect) {
        self.bits.fetch_and(!bit(defect), Ordering::AcqRel);
    }
}

fn bit(defect: Defect) -> u64 {
    1 << (defect as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_changes_nothing_but_itself() {
        let switches = Switches::with(&[Defect::NeverLimits]);
        switches.turn_on(Defect::HealthLies);
        switches.turn_off(Defect::NeverLimits);
        let on: Vec<_> = Defect::ALL
            .into_iter()
            .filter(|d| switches.is_on(*d))
            .collect();
        assert_eq!(on, [Defect::HealthLies]);
    }
}
