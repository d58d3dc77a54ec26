//! The lease as the engine sees it: one atomic, asked before every connect, request and send.
//!
//! A gate closes by the clock alone; nobody has to be awake to close it.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::Instant;
use engine::LeaseGate;

/// Open until an instant on this machine's CLOCK_BOOTTIME.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    until: AtomicU64,
}

impl Gate {
    pub(crate) fn open_until(&self, until: Instant) {
        self.until.store(until.0, Ordering::Release);
    }

    pub(crate) fn close(&self) {
        self.open_until(Instant::ZERO);
    }
}

impl LeaseGate for Gate {
    fn is_open(&self) -> bool {
        lifecycle::clock::now().0 < self.until.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_gate_is_shut_before_its_lease_and_after() {
        let gate = Gate::default();
        assert!(!gate.is_open());
        gate.open_until(lifecycle::clock::now() + Duration::from_secs(60));
        assert!(gate.is_open());
        gate.close();
        assert!(!gate.is_open());
        gate.open_until(lifecycle::clock::now());
        assert!(!gate.is_open());
    }
}
