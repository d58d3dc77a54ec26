//! The door to the engine: what it is given, what it is asked, what it answers.
//!
//! An `Engine` serves one run on one worker and is cheap to clone; everything that is the same for
//! all cases of the run (TLS, allow-list, parsed addresses, caps) is made once here. It never
//! fails a call: whatever goes wrong while a case runs is an outcome. One try is `case`.

mod inner;
mod proof;
mod watched;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::record::{CaseRecord, CaseResult, Preflight};
use domain::{AttemptId, CaseId, Evidence, Outcome, Region, RunId, SuiteName, TestId, WorkerId};
use suite::environment::Environment;
use suite::model::{Placement, Suite, Test};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::case::{Case, EndedTry, limited};
use crate::dialer::resolve::{Resolve, SystemResolver};
use crate::judge::Judged;
use crate::preflight;
use crate::recording::Recording;
use crate::secrets::SecretError;
pub(crate) use inner::Inner;
use inner::Prepared;
pub use proof::PROVES_WITHIN;

/// Longest reason of a result, in bytes.
const REASON: usize = 300;

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
    /// Requests, handshakes and messages per second; a connect goes with what it is needed for.
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
    /// The machine's own, unless a test answers for it.
    pub resolver: Arc<dyn Resolve>,
    /// Where files of secrets lie; the folder of the environment's own file when `None`.
    pub secrets: Option<PathBuf>,
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
        Self {
            environment,
            suites,
            run,
            region,
            worker,
            redaction_key,
            share: CapShare::default(),
            resolver: Arc::new(SystemResolver),
            secrets: None,
        }
    }
}

/// Why an engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "service `{name}` has the address `{url}`, which is not a URL: {why}; write it like https://api.example"
    )]
    Service {
        name: String,
        url: String,
        why: String,
    },
    #[error(
        "the certificates in `{path}` can't be used: {why}; give PEM with at least one CERTIFICATE"
    )]
    Certificates { path: String, why: String },
    #[error(transparent)]
    Secret(#[from] SecretError),
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
    /// When it passed, try on its recording which of its checks can fail; takes `PROVES_WITHIN`
    /// at most, on top of the case's own limits.
    pub prove: bool,
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
    inner: Arc<Inner>,
}

/// A try with its recording, which holds secrets.
type Recorded = (Arc<Case>, Recording, Judged);

/// The tries of one case, so far.
#[derive(Debug, Default)]
struct Tries {
    record: CaseRecord,
    outcomes: Vec<Outcome>,
    last: Option<Judged>,
    /// A try that passed, when it is to be proven.
    to_prove: Option<Recorded>,
    trace_id: String,
    started_at_ms: u64,
}

impl Engine {
    /// Makes what all cases share: allow-list, TLS, caps, and what is known of each test.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let inner = Inner::new(config)?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Runs one case; what goes wrong is in the outcome. `stop` ends the case as cancelled.
    pub async fn run_case(
        &self,
        job: Job,
        gate: Arc<dyn LeaseGate>,
        stop: CancellationToken,
    ) -> Ended {
        let started = Instant::now();
        let mut tries = Tries::default();
        match self.inner.tests.get(&(job.suite.clone(), job.test.clone())) {
            None => {
                let why = format!(
                    "engine: the bundle has no test `{}` in a suite `{}`",
                    job.test, job.suite
                );
                tries.last = Some(unjudged(Outcome::Errored, why));
            }
            Some(prepared) => self.tries(&job, prepared, &gate, &stop, &mut tries).await,
        }
        let (took, to_prove) = (started.elapsed(), tries.to_prove.take());
        let mut ended = self.ended(job.case, tries, took);
        if let Some(recorded) = to_prove {
            ended.result.proof = Some(proof::of(recorded, &stop).await);
        }
        ended
    }

    /// One try of a case with its recording, for whoever judges it again (`case::evaluate`).
    /// The recording holds secrets and must not leave this process.
    pub async fn record_case(
        &self,
        job: &Job,
        gate: Arc<dyn LeaseGate>,
        stop: CancellationToken,
    ) -> Option<Recorded> {
        let prepared = self
            .inner
            .tests
            .get(&(job.suite.clone(), job.test.clone()))?;
        let case = self.of_job(job, prepared, 1);
        let _users = match self.room(prepared, &stop).await {
            Ok(users) => users,
            Err(judged) => {
                let nothing = Recording::empty(case.seed());
                return Some((case, nothing, judged));
            }
        };
        let ended = self.inner.run(case.clone(), &gate, &stop).await;
        Some((case, ended.recording, ended.judged))
    }

    async fn tries(
        &self,
        job: &Job,
        prepared: &Prepared,
        gate: &Arc<dyn LeaseGate>,
        stop: &CancellationToken,
        tries: &mut Tries,
    ) {
        if let Some(judged) = unsupported(&prepared.test) {
            tries.last = Some(judged);
            return;
        }
        let _users = match self.room(prepared, stop).await {
            Ok(users) => users,
            Err(judged) => {
                tries.last = Some(judged);
                return;
            }
        };
        for number in 1..=job.retries.saturating_add(1) {
            let case = self.of_job(job, prepared, number);
            let ended = self.inner.run(case.clone(), gate, stop).await;
            let outcome = ended.judged.outcome;
            let recording = tries.add(ended);
            let last = tries.last.clone().filter(|_| job.prove);
            if let Some(judged) = last.filter(|judged| judged.outcome == Outcome::Passed) {
                tries.to_prove = Some((case, recording, judged));
            }
            let again =
                outcome == Outcome::Errored || (outcome == Outcome::Failed && job.retries_failed);
            if !again || stop.is_cancelled() || !gate.is_open() {
                return;
            }
        }
    }

    /// Waits until the users that a test needs may be simulated; what it gives is held meanwhile.
    async fn room(
        &self,
        prepared: &Prepared,
        stop: &CancellationToken,
    ) -> Result<Option<OwnedSemaphorePermit>, Judged> {
        let needed = u32::try_from(prepared.users.len()).unwrap_or(u32::MAX);
        tokio::select! {
            room = self.inner.caps.users(needed) => room.map_err(|error| {
                unjudged(Outcome::Errored, format!("no_capacity: {error}"))
            }),
            () = stop.cancelled() => Err(unjudged(
                Outcome::Cancelled,
                "aborted: the case was stopped before it began".to_owned(),
            )),
        }
    }

    fn of_job(&self, job: &Job, prepared: &Prepared, number: u32) -> Arc<Case> {
        let (suite, test) = (&prepared.suite, &prepared.test);
        Arc::new(Case {
            row: job.row.clone(),
            users: prepared.users.clone(),
            ..self
                .inner
                .case(job.case.clone(), suite, test, job.attempt, number)
        })
    }

    fn ended(&self, case: CaseId, tries: Tries, duration: Duration) -> Ended {
        let judged = tries
            .last
            .unwrap_or_else(|| unjudged(Outcome::Errored, "engine: no try was made".to_owned()));
        let result = CaseResult {
            case,
            outcome: judged.outcome,
            reason: limited(judged.reason, REASON),
            evidence: judged.evidence,
            duration,
            started_at_ms: tries.started_at_ms,
            trace_id: tries.trace_id,
            tries: u32::try_from(tries.outcomes.len()).unwrap_or(u32::MAX),
            flaky: tries.outcomes.windows(2).any(|pair| pair[0] != pair[1]),
            region: self.inner.config.region.clone(),
            worker: self.inner.config.worker.clone(),
            fingerprint: String::new(),
            record: None,
            proof: None,
        };
        Ended {
            result,
            record: tries.record,
        }
    }

    /// Runs every suite's `requires` with retries, and digests what the environment says of itself.
    pub async fn preflight(&self, gate: Arc<dyn LeaseGate>, stop: CancellationToken) -> Preflight {
        preflight::run(&self.inner, &gate, &stop).await
    }
}

impl Tries {
    /// Keeps what is kept of a try, and gives its recording back.
    fn add(&mut self, ended: EndedTry) -> Recording {
        self.outcomes.push(ended.judged.outcome);
        if self.started_at_ms == 0 {
            self.started_at_ms = u64::try_from(ended.recording.started_at_ms).unwrap_or(0);
        }
        self.trace_id = ended.trace_id;
        self.record.tries.push(ended.record);
        self.last = Some(ended.judged);
        ended.recording
    }
}

/// What this engine can't run, said instead of run wrongly.
fn unsupported(test: &Test) -> Option<Judged> {
    match &test.regions {
        Placement::Roles(roles) if roles.len() > 1 => {
            let why = "no_capacity: a case with legs in several regions can't be run by one worker"
                .to_owned();
            Some(unjudged(Outcome::Errored, why))
        }
        _ => None,
    }
}

fn unjudged(outcome: Outcome, reason: String) -> Judged {
    Judged {
        outcome,
        reason,
        evidence: Evidence::default(),
        checks: Vec::new(),
        saved: Vec::new(),
        failure: None,
    }
}
