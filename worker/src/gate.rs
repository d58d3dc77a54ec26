//! The lease gate: whether an attempt may still touch the target, by this machine's own clock.
//!
//! One atomic number per attempt. It closes by itself when its time has come, also when every
//! thread of the worker stands still: the next one that asks reads the clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{AttemptId, Instant, RunId};
use engine::LeaseGate;
use lifecycle::clock;

/// Open until an instant that renewals push on.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    until: AtomicU64,
}

impl Gate {
    fn open(&self, until: Instant) {
        self.until.store(until.0, Ordering::Release);
    }

    fn close(&self) {
        self.until.store(0, Ordering::Release);
    }
}

impl LeaseGate for Gate {
    fn is_open(&self) -> bool {
        clock::now().0 < self.until.load(Ordering::Acquire)
    }
}

/// The gates of all attempts that may still act.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    gates: BTreeMap<(RunId, AttemptId), Arc<Gate>>,
}

impl Gates {
    pub(crate) fn open(&mut self, run: RunId, attempt: AttemptId, until: Instant) {
        self.gates.entry((run, attempt)).or_default().open(until);
    }

    /// Closed for good; cases that still hold it see it closed.
    pub(crate) fn close(&mut self, run: RunId, attempt: AttemptId) {
        if let Some(gate) = self.gates.remove(&(run, attempt)) {
            gate.close();
        }
    }

    pub(crate) fn close_all(&mut self) {
        for gate in std::mem::take(&mut self.gates).into_values() {
            gate.close();
        }
    }

    /// The attempt's gate; a closed one when the attempt is unknown.
    pub(crate) fn of(&self, run: &RunId, attempt: AttemptId) -> Arc<Gate> {
        let gate = self.gates.get(&(run.clone(), attempt));
        gate.cloned().unwrap_or_default()
    }

    /// Forgets gates that have closed by the clock and that nobody holds.
    pub(crate) fn sweep(&mut self) {
        self.gates
            .retain(|_, gate| gate.is_open() || Arc::strong_count(gate) > 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_gate_closes_by_the_clock_without_being_told() {
        let mut gates = Gates::default();
        let run = RunId::from("r");
        gates.open(
            run.clone(),
            AttemptId(1),
            clock::now() + Duration::from_millis(30),
        );
        let gate = gates.of(&run, AttemptId(1));
        assert!(gate.is_open());
        while gate.is_open() {
            std::hint::spin_loop();
        }
        gates.open(
            run.clone(),
            AttemptId(1),
            clock::now() + Duration::from_secs(60),
        );
        assert!(gate.is_open(), "a renewal opens the gate that cases hold");
        gates.close(run.clone(), AttemptId(1));
        assert!(!gate.is_open());
        assert!(
            !gates.of(&run, AttemptId(2)).is_open(),
            "no lease, no traffic"
        );
    }
}
