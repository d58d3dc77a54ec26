//! Plans made of an earlier run: only what failed, or only what it left unproven.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::plan::PlannedSuite;
use domain::{CaseId, Outcome, Plan};
use lifecycle::clock;
use suite::settings::Settings;

use super::carried::take_over;
use super::{Frozen, made_by, run_id};
use crate::archive::Kept;
use crate::args::{RunArgs, SuiteArgs};
use crate::error::Error;
use crate::output::Output;

/// The cases that failed in a run.
pub(super) fn failed(kept: &Kept) -> BTreeSet<CaseId> {
    kept.run
        .cases()
        .filter(|(_, facts)| facts.outcome() == Some(Outcome::Failed))
        .map(|(case, _)| case.id.clone())
        .collect()
}

/// What is not typed is taken from the earlier run: its files as they are now, its environment,
/// variables and regions. Not its gate, which judges whole runs.
pub(super) fn same_words(typed: &SuiteArgs, kept: &Kept) -> Result<SuiteArgs, Error> {
    let bundle = wire::bundle::decode(&kept.bundle()?)
        .map_err(|error| Error::unexpected("read the run's bundle", error))?;
    let mut words = typed.clone();
    let plan = kept.plan();
    if words.paths.is_empty() {
        let file = |suite: &PlannedSuite| PathBuf::from(&suite.file);
        words.paths = plan.suites.iter().map(file).collect();
    }
    if words.env.is_none() {
        words.env = Some(bundle.environment);
    }
    if words.regions.is_empty() {
        words.regions = plan.regions.iter().map(ToString::to_string).collect();
    }
    let earlier = bundle
        .vars
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    words.vars = earlier.chain(typed.vars.iter().cloned()).collect();
    Ok(words)
}

/// The earlier run's own plan and bundle; its proven outcomes are taken over.
pub(super) fn complete(args: &RunArgs, kept: &Kept, output: &Output) -> Result<Frozen, Error> {
    refuse_other_words(&args.suites)?;
    let earlier = kept.plan();
    let carried = take_over(&kept.run)?;
    output.talk(&format!(
        "completing {}: {} of {} cases have a proven outcome",
        earlier.run,
        carried.len(),
        earlier.cases.len()
    ));
    let plan = Plan {
        run: run_id(),
        created_at_ms: clock::wall_ms(),
        completes: Some(earlier.run.clone()),
        carried,
        deadline: args.deadline.unwrap_or(earlier.deadline),
        max_fail: args.failures_allowed(),
        made_by: made_by(),
        ..earlier.clone()
    };
    Ok(Frozen {
        plan,
        bundle: kept.bundle()?,
        settings: Settings::default(),
        workers: args.workers.unwrap_or(1),
    })
}

fn refuse_other_words(typed: &SuiteArgs) -> Result<(), Error> {
    let is_bare = typed.paths.is_empty()
        && typed.env.is_none()
        && typed.filter.is_none()
        && typed.vars.is_empty()
        && typed.regions.is_empty()
        && typed.gate.is_none();
    if is_bare {
        return Ok(());
    }
    Err(Error::Usage(
        "--complete keeps the plan of the run it completes; leave out suites, --env, -k, --var, \
         --regions and --gate"
            .to_owned(),
    ))
}
