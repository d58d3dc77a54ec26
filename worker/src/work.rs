//! What a run is made of, fetched once by digest: its cases, and the engine over its bundle.

use std::collections::BTreeMap;

use domain::plan::PlannedCase;
use domain::{AttemptId, CaseId, Digest, Region, RunId, WorkerId};
use engine::{Engine, EngineConfig, EngineError, Job};
use proto::v1;
use proto::v1::control_service_client::ControlServiceClient;
use suite::load::Options;
use suite::sources::Sources;
use tonic::transport::Channel;

/// A piece is at most this; blobs come in many.
const PIECE_LIMIT: usize = 8 << 20;

#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    #[error("the coordinator did not give {what}: {why}")]
    Fetch { what: &'static str, why: String },
    #[error("{what} arrived with another digest than it was asked for by")]
    Digest { what: &'static str },
    #[error("what the coordinator gave can't be read: {0}")]
    Read(#[from] wire::BadMessage),
    #[error("the bundle has {count} problems on this worker, the first: {first}")]
    Suite { count: usize, first: String },
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the machine gave no random bytes")]
    NoRandomness,
}

/// Who executes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) worker: WorkerId,
    pub(crate) region: Region,
}

/// One run, ready to execute.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) engine: Engine,
    cases: BTreeMap<CaseId, PlannedCase>,
    retries_failed: bool,
}

impl Work {
    pub(crate) async fn fetch(
        channel: Channel,
        place: &Place,
        run: &RunId,
        (plan, bundle): (&Digest, &Digest),
    ) -> Result<Self, WorkError> {
        let mut client = ControlServiceClient::new(channel).max_decoding_message_size(PIECE_LIMIT);
        let plan = fetch(&mut client, "the plan", run, plan).await?;
        let bundle = fetch(&mut client, "the bundle", run, bundle).await?;
        Self::read(place, run, &plan, &bundle)
    }

    fn read(place: &Place, run: &RunId, plan: &[u8], bundle: &[u8]) -> Result<Self, WorkError> {
        let plan = wire::plan::decode(plan)?;
        let bundle = wire::bundle::decode(bundle)?;
        let mut sources = Sources::new();
        for (path, bytes) in bundle.files {
            sources.insert(path, bytes);
        }
        let options = Options {
            environment: bundle.environment,
            vars: bundle.vars,
        };
        let loaded =
            suite::load::load(&sources, &options).map_err(|problems| WorkError::Suite {
                count: problems.len(),
                first: problems
                    .first()
                    .map(|problem| problem.message.clone())
                    .unwrap_or_default(),
            })?;
        let engine = Engine::new(EngineConfig::new(
            loaded.environment,
            loaded.suites,
            run.clone(),
            place.region.clone(),
            place.worker.clone(),
            redaction_key()?,
        ))?;
        Ok(Self {
            engine,
            // In gated runs a retry serves what errored only, unless the gate says otherwise.
            retries_failed: plan.gate.as_ref().is_none_or(|gate| gate.retries_failed),
            cases: plan
                .cases
                .into_iter()
                .map(|case| (case.id.clone(), case))
                .collect(),
        })
    }

    /// What the engine is to execute; `None` when the plan has no such case.
    pub(crate) fn job(&self, case: &CaseId, attempt: AttemptId) -> Option<Job> {
        let planned = self.cases.get(case)?;
        Some(Job {
            case: case.clone(),
            suite: planned.suite.clone(),
            test: planned.test.clone(),
            row: planned.row.clone(),
            attempt,
            retries: planned.retries,
            retries_failed: self.retries_failed,
        })
    }
}

async fn fetch(
    client: &mut ControlServiceClient<Channel>,
    what: &'static str,
    run: &RunId,
    digest: &Digest,
) -> Result<Vec<u8>, WorkError> {
    let failed = |status: tonic::Status| WorkError::Fetch {
        what,
        why: status.message().to_owned(),
    };
    let request = v1::FetchRequest {
        run: run.to_string(),
        digest: Some(wire::digest::encode(digest)),
    };
    let mut pieces = client.fetch(request).await.map_err(failed)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.map_err(failed)? {
        bytes.extend_from_slice(&piece.bytes);
    }
    match wire::digest::of(&bytes) == *digest {
        true => Ok(bytes),
        false => Err(WorkError::Digest { what }),
    }
}

/// A key that never leaves this process: two values of one run can be told apart by their digests
/// here, and nobody else can try values against them.
fn redaction_key() -> Result<[u8; 32], WorkError> {
    let mut key = [0; 32];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut key)
        .map_err(|_| WorkError::NoRandomness)?;
    Ok(key)
}
