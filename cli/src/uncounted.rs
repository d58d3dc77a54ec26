//! Engines of verbs that count nothing: `try` and `prove` run cases in this process, without a run.
//!
//! The caps of the environment hold here as if this process had them alone: one engine at a time,
//! whatever it runs. What is done with an engine is the verb's.

use domain::plan::{PlannedCase, PlannedRegion};
use domain::{AttemptId, Region, RunId, WorkerId};
use engine::{CapShare, Engine, EngineConfig, Job};

use crate::error::Error;
use crate::select::Selection;

/// An engine within the environment's caps; run and worker bear the verb's name.
pub(crate) fn engine(
    selection: &Selection,
    verb: &str,
    region: Option<Region>,
) -> Result<Engine, Error> {
    let mut key = [0; 32];
    key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    let caps = selection.environment.caps;
    let config = EngineConfig {
        share: CapShare {
            rps: caps.rps.map(f64::from),
            users: caps.users,
        },
        ..EngineConfig::new(
            selection.environment.clone(),
            selection.suites.clone(),
            RunId::from(format!("{verb}-{}", uuid::Uuid::new_v4().simple())),
            region.unwrap_or_else(|| Region::from("local")),
            WorkerId::from(verb),
            key,
        )
    };
    Engine::new(config).map_err(|error| Error::Invalid(error.to_string()))
}

/// The case, tried once.
pub(crate) fn job(case: &PlannedCase) -> Job {
    Job {
        case: case.id.clone(),
        suite: case.suite.clone(),
        test: case.test.clone(),
        row: case.row.clone(),
        attempt: AttemptId(1),
        retries: 0,
        retries_failed: false,
        prove: false,
    }
}

/// Where a case is said to happen; nowhere in particular when no region is asked for.
pub(crate) fn region(selection: &Selection, case: &PlannedCase) -> Option<Region> {
    match &case.region {
        PlannedRegion::Named(region) => Some(region.clone()),
        PlannedRegion::Roles(roles) => roles.first().map(|(_, region)| region.clone()),
        PlannedRegion::Any => selection.regions.first().cloned(),
    }
}
