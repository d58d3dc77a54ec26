//! A selection → the frozen plan of a run, with the bundle that workers execute from.
//!
//! The plan holds all that the verdict will need: gate, lock, value, and the cases that are known
//! not to run. It is made once; `--complete` makes one of an earlier run's (`plan::again`).

mod again;
mod carried;
mod inventory;
mod names;

pub(crate) use inventory::{LOCK, read_lock};
pub(crate) use names::told_from;

use std::collections::BTreeSet;
use std::time::Duration;

use domain::plan::{DeclaredSkip, PlannedCase};
use domain::{CaseId, Plan, Region, RunId};
use lifecycle::clock;
use suite::plan as planning;
use suite::settings::Settings;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::archive::Archive;
use crate::args::{RunArgs, SuiteArgs};
use crate::error::Error;
use crate::output::Output;
use crate::select::{NO_GATE, Selection, select};

/// When nothing else is said, a run ends after this time.
const DEADLINE: Duration = Duration::from_secs(15 * 60);
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const STAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]-[hour][minute][second]-[subsecond digits:3]");

/// A plan ready to be handed in.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(crate) plan: Plan,
    /// An encoded `Bundle`; the plan names its digest.
    pub(crate) bundle: Vec<u8>,
    pub(crate) settings: Settings,
    /// Workers in each region, when the grid is this process.
    pub(crate) workers: u32,
}

/// Everything that `muster run` was asked, as a plan; an empty one is an error.
pub(crate) fn freeze(args: &RunArgs, archive: &Archive, output: &Output) -> Result<Frozen, Error> {
    let frozen = match &args.complete {
        Some(run) => again::complete(args, &archive.find(run)?, output)?,
        None => fresh(args, archive, output)?,
    };
    let is_to_run = |case: &PlannedCase| {
        case.declared_skip.is_none() && !frozen.plan.carried.iter().any(|done| done.case == case.id)
    };
    if !frozen.plan.cases.iter().any(is_to_run) {
        return Err(Error::NothingRan(empty(args)));
    }
    Ok(frozen)
}

fn fresh(args: &RunArgs, archive: &Archive, output: &Output) -> Result<Frozen, Error> {
    let (suite_args, only) = match &args.failed {
        None => (args.suites.clone(), None),
        Some(run) => {
            let kept = archive.find(run)?;
            (
                again::same_words(&args.suites, &kept)?,
                Some(again::failed(&kept)),
            )
        }
    };
    let selection = select(&suite_args, output)?;
    let cases = cases(&selection, only.as_ref());
    assembled(args, selection, cases, output)
}

/// A plan of those cases of the selection that `is_wanted`, without a gate, which judges whole
/// runs; nothing when none is.
pub(crate) fn freeze_some(
    args: &RunArgs,
    is_wanted: &dyn Fn(&PlannedCase) -> bool,
    output: &Output,
) -> Result<Option<Frozen>, Error> {
    let words = SuiteArgs {
        gate: Some(NO_GATE.to_owned()),
        ..args.suites.clone()
    };
    let selection = select(&words, output)?;
    let mut cases = cases(&selection, None);
    cases.retain(|case| case.declared_skip.is_none() && is_wanted(case));
    if cases.is_empty() {
        return Ok(None);
    }
    assembled(args, selection, cases, output).map(Some)
}

/// The plan of these cases.
fn assembled(
    args: &RunArgs,
    selection: Selection,
    cases: Vec<PlannedCase>,
    output: &Output,
) -> Result<Frozen, Error> {
    let locked = inventory::locked(&selection, &cases, output)?;
    let value = inventory::value(&selection, output)?;
    let bundle = wire::bundle::encode(&selection.bundle);
    let plan = Plan {
        run: run_id(),
        created_at_ms: clock::wall_ms(),
        environment: selection.environment.name.clone(),
        environment_file: selection.bundle.environment.clone(),
        caps: planning::caps(&selection.environment, &selection.suites),
        regions: selection.regions.clone(),
        suites: planning::suites(&selection.suites),
        cases: [cases, locked.not_selected].concat(),
        lock_problems: locked.problems,
        currency: value
            .as_ref()
            .map(|file| file.currency.clone())
            .unwrap_or_default(),
        value: value.map(|file| file.lines).unwrap_or_default(),
        deadline: args
            .deadline
            .or(selection.settings.deadline)
            .unwrap_or(DEADLINE),
        max_fail: args.failures_allowed().or(selection.settings.max_fail),
        completes: None,
        carried: Vec::new(),
        bundle: wire::digest::of(&bundle),
        made_by: made_by(),
        gate: selection.gate,
    };
    Ok(Frozen {
        workers: args.workers.or(selection.settings.workers).unwrap_or(1),
        settings: selection.settings,
        plan,
        bundle,
    })
}

/// The cases of a selection. In a gated run, what was not selected stays in the plan and says so.
pub(crate) fn cases(selection: &Selection, only: Option<&BTreeSet<CaseId>>) -> Vec<PlannedCase> {
    let (suites, regions) = (&selection.suites, &selection.regions);
    let today = today();
    let is_wanted = |case: &PlannedCase| only.is_none_or(|only| only.contains(&case.id));
    if selection.gate.is_none() {
        let mut cases = planning::cases_on(suites, regions, &selection.filter, &today);
        cases.retain(is_wanted);
        return cases;
    }
    let of_environment: Vec<Region> = selection
        .environment
        .regions
        .iter()
        .map(Region::new)
        .collect();
    let filter = &selection.filter;
    let mut cases = planning::gated_cases(suites, regions, &of_environment, filter, &today);
    for case in cases.iter_mut().filter(|case| !is_wanted(case)) {
        case.declared_skip = Some(DeclaredSkip::NotSelected);
    }
    cases
}

fn empty(args: &RunArgs) -> String {
    let SuiteArgs { filter, .. } = &args.suites;
    if let Some(run) = &args.complete {
        return format!("nothing is left to complete: every case of {run} has a proven outcome");
    }
    if args.failed.is_some() {
        return "nothing to run: no case of that run failed".to_owned();
    }
    match filter {
        Some(filter) => {
            format!("nothing to run: no case fits -k '{filter}'; `muster list` names what there is")
        }
        None => "nothing to run: these suites have no case in these regions; `muster list` says \
                 why"
        .to_owned(),
    }
}

/// Begins with the time to the millisecond, so that names sort by age; ends in chance, so that two
/// differ.
fn run_id() -> RunId {
    let stamp = OffsetDateTime::now_utc().format(STAMP).unwrap_or_default();
    let chance = uuid::Uuid::new_v4().simple().to_string();
    RunId::from(format!("{stamp}{}", &chance[..4]))
}

/// The day in UTC, as `2026-12-31`.
pub(crate) fn today() -> String {
    OffsetDateTime::now_utc().format(DAY).unwrap_or_default()
}

fn made_by() -> String {
    concat!("muster ", env!("CARGO_PKG_VERSION")).to_owned()
}
