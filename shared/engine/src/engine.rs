//! The door to the engine: what it is given, what it is asked, what it answers.
//!
//! An `Engine` serves one run on one worker and is cheap to clone; everything that is the same for
//! all cases of the run (TLS, allow-list, parsed addresses, caps) is made once here. It never
//! fails a call: whatever goes wrong while a case runs is an outcome. One try is `case`.

use std::fmt;
use std::sync::Arc;

use domain::record::{CaseRecord, CaseResult, Preflight};
use domain::{AttemptId, CaseId, Region, RunId, SuiteName, TestId, WorkerId};
use suite::environment::Environment;
use suite::model::Suite;
use tokio_util::sync::CancellationToken;

/// Whether this worker still holds the lease under which it acts; asked before every connect,
/// request and send. Must be cheap: an atomic read, not a lock.
pub trait LeaseGate: Send + Sync + fmt::Debug {
    fn is_open(&self) -> bool;
}

/// A gate that is always open, for work that no lease covers.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGate;

impl LeaseGate for OpenGate {
    fn is_open(&self) -> bool {
        true
    }
}

/// This worker's part of the environment's caps; `None` means no cap.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CapShare {
    /// Requests, handshakes and connects per second.
    pub rps: Option<f64>,
    /// Users at one time.
    pub users: Option<u32>,
}

/// Everything an engine needs to know; `EngineConfig::new` fills in the rest.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    pub environment: Arc<Environment>,
    pub suites: Vec<Arc<Suite>>,
    pub run: RunId,
    pub region: Region,
    pub worker: WorkerId,
    /// Key of the run under which secrets are digested for display; never leaves the workers.
    pub redaction_key: [u8; 32],
    pub share: CapShare,
}

impl EngineConfig {
    pub fn new(
        environment: Arc<Environment>,
        suites: Vec<Arc<Suite>>,
        run: RunId,
        region: Region,
        worker: WorkerId,
        redaction_key: [u8; 32],
    ) -> Self {
        Self { environment, suites, run, region, worker, redaction_key, share: CapShare::default() }
    }
}

/// Why an engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("service `{name}` has the address `{url}`, which is not a URL: {why}; write it like https://api.example")]
    Service { name: String, url: String, why: String },
    #[error("the certificates in `{path}` can't be used: {why}; give PEM with at least one CERTIFICATE")]
    Certificates { path: String, why: String },
}

/// One case to run.
#[derive(Clone, Debug)]
pub struct Job {
    pub case: CaseId,
    pub suite: SuiteName,
    pub test: TestId,
    pub row: Option<String>,
    pub attempt: AttemptId,
    /// Tries after the first, for `errored`; for `failed` too when `retries_failed`.
    pub retries: u32,
    pub retries_failed: bool,
}

/// How a case ended, and what is kept of it. `result.record` is `None` and `result.fingerprint`
/// is empty: the worker fills them.
#[derive(Clone, Debug)]
pub struct Ended {
    pub result: CaseResult,
    pub record: CaseRecord,
}

/// Runs cases of one run on one worker; clones share everything.
#[derive(Clone, Debug)]
pub struct Engine {
    config: Arc<EngineConfig>,
}

impl Engine {
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        Ok(Self { config: Arc::new(config) })
    }

    /// Runs one case; what goes wrong is in the outcome. `stop` ends the case as cancelled.
    pub async fn run_case(&self, job: Job, _gate: Arc<dyn LeaseGate>, _stop: CancellationToken) -> Ended {
        let result = CaseResult {
            case: job.case,
            outcome: domain::Outcome::Errored,
            reason: "engine: not built yet".to_owned(),
            evidence: domain::Evidence::default(),
            duration: std::time::Duration::ZERO,
            started_at_ms: 0,
            trace_id: String::new(),
            tries: 0,
            flaky: false,
            region: self.config.region.clone(),
            worker: self.config.worker.clone(),
            fingerprint: String::new(),
            record: None,
        };
        Ended { result, record: CaseRecord::default() }
    }

    /// Runs every suite's `requires` with retries, and digests what the environment says of itself.
    pub async fn preflight(&self, _gate: Arc<dyn LeaseGate>, _stop: CancellationToken) -> Preflight {
        Preflight::default()
    }
}
