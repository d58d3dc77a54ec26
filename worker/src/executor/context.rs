//! What a run is made of: its plan and bundle, fetched once, and the engine made from them.
//!
//! Fetching goes over a connection of its own, so that a large bundle never delays a beat.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use accounting::worker::{CaseKey, MadeOf};
use domain::plan::{Plan, PlannedCase};
use domain::{CaseId, Digest, Region, RunId, WorkerId};
use engine::{CapShare, Engine, EngineConfig};
use lifecycle::Stop;
use proto::v1;
use proto::v1::control_service_client::ControlServiceClient;
use suite::environment::Caps;
use suite::{Options, Sources};
use tokio::sync::OnceCell;
use tokio::task::JoinError;
use tonic::Code;

use crate::coordinators::Coordinators;

use super::job::{self, Done};

/// Runs whose engines are kept when nothing of them runs.
const KEPT: usize = 8;
const TRY_AGAIN: Duration = Duration::from_millis(250);
const PIECE: usize = 4 * 1024 * 1024;

/// The contexts of runs, and what all of them share.
#[derive(Debug)]
pub(crate) struct Contexts {
    shared: Arc<Shared>,
    /// Newest last.
    contexts: Vec<(RunId, Context)>,
}

#[derive(Debug)]
struct Shared {
    coordinators: Coordinators,
    worker: WorkerId,
    region: Region,
    /// Under it secrets are digested for display; it never leaves this worker.
    redaction_key: [u8; 32],
    /// Where files of secrets lie.
    secrets: Option<PathBuf>,
}

/// A run as this worker executes it; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    shared: Arc<Shared>,
    run: RunId,
    made_of: MadeOf,
    loaded: Arc<OnceCell<Result<Arc<Loaded>, String>>>,
}

/// What is needed to execute cases of a run.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) engine: Engine,
    pub(crate) cases: HashMap<CaseId, PlannedCase>,
    /// Cases on which it is to be tried whether their checks can fail.
    pub(crate) to_prove: BTreeSet<CaseId>,
    /// Retries serve failed cases too.
    pub(crate) retries_failed: bool,
}

impl Contexts {
    pub(crate) fn new(
        coordinators: Coordinators,
        worker: WorkerId,
        region: Region,
        redaction_key: [u8; 32],
        secrets: Option<PathBuf>,
    ) -> Self {
        let shared = Shared {
            coordinators,
            worker,
            region,
            redaction_key,
            secrets,
        };
        Self {
            shared: Arc::new(shared),
            contexts: Vec::new(),
        }
    }

    /// The context of a run; nothing is fetched before it is needed. All that a run does here goes
    /// through one engine, and so through one part of the environment's caps.
    pub(crate) fn of(&mut self, run: &RunId, made_of: MadeOf) -> Context {
        let place = self.contexts.iter().position(|(held, _)| held == run);
        let held = place.map(|place| self.contexts.remove(place).1);
        let context = held.unwrap_or_else(|| Context {
            shared: self.shared.clone(),
            run: run.clone(),
            made_of,
            loaded: Arc::default(),
        });
        self.contexts.push((run.clone(), context.clone()));
        // What is in use stays: a second engine for a run would have a part of the caps of its own.
        let idle = |(_, held): &(RunId, Context)| Arc::strong_count(&held.loaded) == 1;
        if self.contexts.len() > KEPT
            && let Some(oldest) = self.contexts.iter().position(idle)
        {
            self.contexts.remove(oldest);
        }
        context
    }

    /// The result of a case whose task panicked.
    pub(super) fn panicked(&self, key: CaseKey, error: &JoinError) -> Done {
        let why = format!("worker_panic: {error}; this is a defect of muster");
        let (worker, region) = (&self.shared.worker, &self.shared.region);
        Done::Case(key.clone(), job::errored(&key, worker, region, why))
    }
}

impl Context {
    pub(crate) fn worker(&self) -> &WorkerId {
        &self.shared.worker
    }

    pub(crate) fn region(&self) -> &Region {
        &self.shared.region
    }

    /// Fetches and loads on first use. While the coordinator is away it is asked again, until
    /// `stop`; what can't be loaded stays so.
    pub(crate) async fn loaded(&self, stop: &Stop) -> Result<Arc<Loaded>, String> {
        let load = self.loaded.get_or_try_init(async || {
            loop {
                match self.load().await {
                    Ok(loaded) => return Ok(Ok(Arc::new(loaded))),
                    Err(Failed::ForGood(why)) => return Ok(Err(why)),
                    Err(Failed::ForNow(why)) => {
                        tracing::debug!(run = %self.run, why, "the run can't be fetched yet");
                        tokio::select! {
                            () = stop.cancelled() => return Err(why),
                            () = tokio::time::sleep(TRY_AGAIN) => {}
                        }
                    }
                }
            }
        });
        load.await?.clone()
    }

    async fn load(&self) -> Result<Loaded, Failed> {
        let plan = self.fetch(&self.made_of.plan).await?;
        let bundle = self.fetch(&self.made_of.bundle).await?;
        let plan = wire::plan::decode(&plan).map_err(|error| Failed::ForGood(error.to_string()))?;
        let bundle =
            wire::bundle::decode(&bundle).map_err(|error| Failed::ForGood(error.to_string()))?;
        let config = self.engine_config(bundle).map_err(Failed::ForGood)?;
        let engine = Engine::new(config).map_err(|error| Failed::ForGood(error.to_string()))?;
        Ok(loaded(engine, plan))
    }

    fn engine_config(&self, bundle: wire::Bundle) -> Result<EngineConfig, String> {
        let mut sources = Sources::new();
        for (path, content) in bundle.files {
            sources.insert(path, content);
        }
        let options = Options {
            environment: bundle.environment,
            vars: bundle.vars,
        };
        let suites = suite::load(&sources, &options);
        let suites = suites.map_err(|problems| suite::render_all(&problems, &sources, false))?;
        let share = share(suites.environment.caps, self.made_of.sharers)?;
        let mut config = EngineConfig::new(
            suites.environment,
            suites.suites,
            self.run.clone(),
            self.region().clone(),
            self.worker().clone(),
            self.shared.redaction_key,
        );
        config.share = share;
        config.secrets.clone_from(&self.shared.secrets);
        Ok(config)
    }

    async fn fetch(&self, digest: &Digest) -> Result<Vec<u8>, Failed> {
        let mut client = ControlServiceClient::new(self.shared.coordinators.channel())
            .max_decoding_message_size(PIECE);
        let request = v1::FetchRequest {
            run: self.run.to_string(),
            digest: Some(wire::digest::encode(digest)),
        };
        let mut pieces = client.fetch(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.message().await? {
            bytes.extend_from_slice(&piece.bytes);
        }
        if wire::digest::of(&bytes) != *digest {
            let why = format!("blob {digest} came with other content than its name says");
            return Err(Failed::ForNow(why));
        }
        Ok(bytes)
    }
}

fn loaded(engine: Engine, plan: Plan) -> Loaded {
    let to_prove = domain::proven::to_prove(&plan);
    let cases = plan.cases.into_iter();
    Loaded {
        engine,
        to_prove,
        cases: cases.map(|case| (case.id.clone(), case)).collect(),
        retries_failed: plan.gate.is_none_or(|gate| gate.retries_failed),
    }
}

/// This worker's equal part of the environment's caps.
fn share(caps: Caps, sharers: u32) -> Result<CapShare, String> {
    if caps == Caps::default() {
        return Ok(CapShare::default());
    }
    if sharers == 0 {
        return Err(
            "the environment has caps and the run's plan does not name them: plan with the version that runs here"
                .to_owned(),
        );
    }
    Ok(CapShare {
        rps: caps.rps.map(|rps| f64::from(rps) / f64::from(sharers)),
        users: caps.users.map(|users| users / sharers),
    })
}

enum Failed {
    ForNow(String),
    ForGood(String),
}

impl From<tonic::Status> for Failed {
    fn from(status: tonic::Status) -> Self {
        let text = format!("the run could not be fetched: {}", status.message());
        match status.code() {
            Code::NotFound | Code::DataLoss | Code::InvalidArgument => Self::ForGood(text),
            _ => Self::ForNow(text),
        }
    }
}
