//! One case from start to result.
//!
//! Whatever happens there is a result: the engine's own, or `errored` with the reason. A case that
//! does not end when it is told to is dropped, and so is one that outlives all its limits.

use std::sync::Arc;
use std::time::Duration;

use accounting::worker::CaseKey;
use domain::plan::PlannedCase;
use domain::record::{CaseRecord, CaseResult, Preflight};
use domain::{Evidence, Outcome, Region, RunId, WorkerId};
use engine::{Ended, LeaseGate, PROVES_WITHIN};
use lifecycle::{Stop, clock};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::context::{Context, Loaded};
use super::record;
use crate::gate::Gate;

/// A stopped case has so long to end by itself.
const STOPS_WITHIN: Duration = Duration::from_secs(5);
/// Fetching and loading a run, and then reading the fingerprint, may take so long each. Together
/// with the limits below it stays within the coordinator's `stall_slack`.
const PREPARES_WITHIN: Duration = Duration::from_secs(30);
/// On top of a case's own limits and those of its proof, which the engine keeps.
const SLACK: Duration = Duration::from_secs(30);

/// The environment's fingerprint before a shard, read once by whichever case comes first.
pub(super) type Fingerprint = Arc<OnceCell<String>>;

/// What a task came to.
#[derive(Debug)]
pub(super) enum Done {
    Case(CaseKey, Kept),
    Probe(RunId, Preflight),
}

/// A result and the bytes of the record that it names.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) result: Box<CaseResult>,
    pub(super) record: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) key: CaseKey,
    pub(super) context: Context,
    pub(super) fingerprint: Fingerprint,
    pub(super) gate: Arc<Gate>,
    pub(super) stop: Stop,
}

impl Job {
    pub(super) async fn run(self) -> Done {
        let kept = match self.execute().await {
            Ok(ended) => keep(ended),
            Err(why) => errored(&self.key, self.context.worker(), self.context.region(), why),
        };
        Done::Case(self.key, kept)
    }

    async fn execute(&self) -> Result<Ended, String> {
        let loaded = timeout(PREPARES_WITHIN, self.context.loaded(&self.stop)).await;
        let too_long = |_| Err(format!("it took longer than {PREPARES_WITHIN:?}"));
        let loaded = loaded.unwrap_or_else(too_long);
        let loaded = loaded.map_err(|why| format!("not_loaded: {why}"))?;
        let Some(case) = loaded.cases.get(&self.key.case) else {
            return Err("not_loaded: the plan does not have this case".to_owned());
        };
        let fingerprint = self.fingerprint(&loaded).await;
        let mut ended = self.limited(&loaded, case).await?;
        ended.result.fingerprint = fingerprint;
        Ok(ended)
    }

    /// What the environment says of itself now; a redeploy under a run shows by its change.
    async fn fingerprint(&self, loaded: &Loaded) -> String {
        let read = self.fingerprint.get_or_init(async || {
            let preflight = loaded
                .engine
                .preflight(self.gate.clone(), self.stop.clone());
            // Nothing known is nothing changed.
            let read = timeout(PREPARES_WITHIN, preflight).await;
            read.map(|read| read.fingerprint).unwrap_or_default()
        });
        read.await.clone()
    }

    async fn limited(&self, loaded: &Loaded, case: &PlannedCase) -> Result<Ended, String> {
        let job = engine::Job {
            case: case.id.clone(),
            suite: case.suite.clone(),
            test: case.test.clone(),
            row: case.row.clone(),
            attempt: self.key.attempt,
            retries: case.retries,
            retries_failed: loaded.retries_failed,
            prove: loaded.to_prove.contains(&case.id),
        };
        let proves = if job.prove {
            PROVES_WITHIN
        } else {
            Duration::ZERO
        };
        let limit = case.timeout * (case.retries + 1) + SLACK + proves;
        let gate: Arc<dyn LeaseGate> = self.gate.clone();
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(STOPS_WITHIN).await;
        };
        tokio::select! {
            ended = loaded.engine.run_case(job, gate, self.stop.clone()) => Ok(ended),
            () = stopped => Err("aborted: it was told to stop and did not".to_owned()),
            () = tokio::time::sleep(limit) => {
                Err(format!("stuck: it went on for {limit:?}, beyond all its limits"))
            }
        }
    }
}

fn keep(ended: Ended) -> Kept {
    let Ended { mut result, record } = ended;
    record::cut_reason(&mut result.reason);
    let bytes = match record == CaseRecord::default() {
        true => Vec::new(),
        false => record::encode(record),
    };
    result.record = (!bytes.is_empty()).then(|| wire::digest::of(&bytes));
    Kept {
        result: Box::new(result),
        record: bytes,
    }
}

/// A case that could not be executed here.
pub(super) fn errored(
    key: &CaseKey,
    worker: &WorkerId,
    region: &Region,
    mut reason: String,
) -> Kept {
    record::cut_reason(&mut reason);
    let result = CaseResult {
        case: key.case.clone(),
        outcome: Outcome::Errored,
        reason,
        evidence: Evidence::default(),
        duration: Duration::ZERO,
        started_at_ms: clock::wall_ms(),
        trace_id: String::new(),
        tries: 0,
        flaky: false,
        region: region.clone(),
        worker: worker.clone(),
        fingerprint: String::new(),
        record: None,
        proof: None,
    };
    Kept {
        result: Box::new(result),
        record: Vec::new(),
    }
}
