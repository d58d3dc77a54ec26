//! The case's clock, and who may end a try before its own end.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::dialer::milliseconds;
use crate::engine::LeaseGate;

/// The case's clock: milliseconds since the try began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) base: Instant,
    pub(crate) started_at_ms: i64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            base: Instant::now(),
            started_at_ms: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX),
        }
    }

    pub(crate) fn at_ms(&self) -> f64 {
        milliseconds(self.base.elapsed())
    }

    pub(crate) fn of(&self, instant: Instant) -> f64 {
        milliseconds(instant.saturating_duration_since(self.base))
    }

    pub(super) fn now_ms(&self) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a try lasts minutes, its milliseconds fit"
        )]
        let elapsed = self.at_ms() as i64;
        self.started_at_ms.saturating_add(elapsed)
    }
}

/// Who may end a try before its own end.
#[derive(Debug)]
pub(crate) struct Cancel {
    pub(crate) stop: CancellationToken,
    pub(crate) gate: Arc<dyn LeaseGate>,
}

/// How often a case that waits looks at its gate.
const GATE_INTERVAL: Duration = Duration::from_millis(200);

impl Cancel {
    /// Returns when the case was stopped, or its lease ended.
    pub(super) async fn cancelled(&self) -> &'static str {
        loop {
            if !self.gate.is_open() {
                return "lease_gate: the lease of this worker ended";
            }
            if tokio::time::timeout(GATE_INTERVAL, self.stop.cancelled())
                .await
                .is_ok()
            {
                return "aborted: the case was stopped";
            }
        }
    }
}
