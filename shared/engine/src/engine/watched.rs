//! One try of a case for somebody who watches it: the same walk, dialer, allow-list, caps and
//! redaction as in a run, and each step told when it has ended.

use std::sync::Arc;

use domain::record::TryRecord;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Ended, Engine, Job, LeaseGate, Tries, unsupported};
use crate::case::{self, Watch};
use crate::tape::Cancel;
use crate::transport::network::Network;

impl Engine {
    /// Runs one try and tells `watcher` of each step; `None` when there is no such test. What is
    /// told is for a terminal: a text may turn out to be a secret only after it was told.
    pub async fn watch_case(
        &self,
        job: &Job,
        gate: Arc<dyn LeaseGate>,
        stop: CancellationToken,
        watcher: mpsc::UnboundedSender<TryRecord>,
    ) -> Option<Ended> {
        let test = (job.suite.clone(), job.test.clone());
        let prepared = self.inner.tests.get(&test)?;
        let started = Instant::now();
        let mut tries = Tries::default();
        match unsupported(&prepared.test) {
            Some(judged) => tries.last = Some(judged),
            None => {
                let (dialer, caps) = (self.inner.dialer.clone(), self.inner.caps.clone());
                let transport = Arc::new(Network::new(dialer, caps, gate.clone()));
                let cancel = Cancel { stop, gate };
                let case = self.of_job(job, prepared, 1);
                tries.add(
                    case::run_watched(case, transport, cancel, Some(Watch::new(watcher))).await,
                );
            }
        }
        Some(self.ended(job.case.clone(), tries, started.elapsed()))
    }
}
