//! `muster prove`: which checks can fail. Each case runs once; its recording, which holds secrets
//! and never leaves this process, is then altered and judged again.
//!
//! How a check is proven is `engine::prove`; this is the selection, the recording and the report.

mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::Region;
use domain::plan::PlannedCase;
use engine::prove::{Limits, NotProvable, Proof};
use engine::{Engine, Job, OpenGate};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::ProveArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::plan;
use crate::select::{Selection, select};
use crate::uncounted;
use crate::wait_for;
use table::{Table, Test};

/// Time for the mutations of one case: nothing waits for them, and a busy machine proves as much.
const TIME: Duration = Duration::from_secs(300);

/// Cases that are recorded at the same time.
const AT_ONCE: usize = 4;

pub(crate) fn prove(args: &ProveArgs, output: &Output) -> Result<ExitCode, Error> {
    let selection = select(&args.suites, output)?;
    let cases = one_region_each(plan::cases(&selection, None));
    if cases.is_empty() {
        return Err(Error::NothingRan(
            "nothing to prove: no case is selected; `muster list` says why".to_owned(),
        ));
    }
    let found = wait_for(async {
        let stop = CancellationToken::new();
        tokio::select! {
            found = record_all(&selection, &cases, &stop, output) => found,
            _ = tokio::signal::ctrl_c() => {
                stop.cancel();
                Ok(None)
            }
        }
    })?;
    let Some(found) = found else {
        output.talk("aborted: nothing was proven");
        return Ok(ExitCode::Aborted);
    };
    let table = tabled(&cases, found);
    output.data(&table.text(args.verbose));
    if let Some(path) = &args.json {
        write(path, &table.json(&selection.environment.name))?;
    }
    Ok(table.exit_code(least(args, &selection)))
}

/// The share of checks that is asked for, in percent: by hand, by the gate, or all.
fn least(args: &ProveArgs, selection: &Selection) -> f64 {
    let of_gate = selection.gate.as_ref().and_then(|gate| gate.proven_checks);
    args.min.or(of_gate.map(f64::from)).unwrap_or(100.0)
}

/// Each row of each test once: what a check says does not depend on the region.
fn one_region_each(cases: Vec<PlannedCase>) -> Vec<PlannedCase> {
    let mut seen = BTreeSet::new();
    cases
        .into_iter()
        .filter(|case| case.declared_skip.is_none())
        .filter(|case| seen.insert((case.suite.clone(), case.test.clone(), case.row.clone())))
        .collect()
}

type Found = Vec<Result<Proof, NotProvable>>;

/// The cases' proofs in the order of the cases. Those that are exclusive run after the others,
/// each alone.
async fn record_all(
    selection: &Selection,
    cases: &[PlannedCase],
    stop: &CancellationToken,
    output: &Output,
) -> Result<Option<Found>, Error> {
    preflight(selection, stop).await?;
    let mut found: Vec<Option<Result<Proof, NotProvable>>> = vec![None; cases.len()];
    let mut done = 0;
    for (region, group) in groups(selection, cases) {
        let engine = uncounted::engine(selection, "prove", region)?;
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        for at in group {
            let (engine, job) = (engine.clone(), uncounted::job(&cases[at]));
            let (room, stop) = (room.clone(), stop.clone());
            tasks.spawn(async move {
                let _permit = room.acquire_owned().await;
                (at, record(&engine, &job, stop).await)
            });
        }
        while let Some(ended) = tasks.join_next().await {
            let (at, proof) = ended.map_err(|error| Error::unexpected("prove a case", error))?;
            done += 1;
            if output.is_live() {
                output.talk(&format!("{done}/{} {}", cases.len(), cases[at].id));
            }
            found[at] = Some(proof?);
        }
    }
    Ok(Some(found.into_iter().flatten().collect()))
}

/// What runs at the same time: the cases of a region, then each exclusive case alone. One group's
/// engine follows another's, so that each may use all of the environment's caps.
fn groups(selection: &Selection, cases: &[PlannedCase]) -> Vec<(Option<Region>, Vec<usize>)> {
    let (alone, together): (Vec<usize>, Vec<usize>) =
        (0..cases.len()).partition(|&at| cases[at].exclusive);
    let region = |at: usize| uncounted::region(selection, &cases[at]);
    let mut regions: BTreeMap<Option<Region>, Vec<usize>> = BTreeMap::new();
    for at in together {
        regions.entry(region(at)).or_default().push(at);
    }
    let alone = alone.into_iter().map(|at| (region(at), vec![at]));
    regions.into_iter().chain(alone).collect()
}

async fn record(
    engine: &Engine,
    job: &Job,
    stop: CancellationToken,
) -> Result<Result<Proof, NotProvable>, Error> {
    let recorded = engine
        .record_case(job, Arc::new(OpenGate), stop.clone())
        .await;
    let Some((case, recording, judged)) = recorded else {
        return Err(Error::Unexpected(format!(
            "the suites have no test for {}",
            job.case
        )));
    };
    let limits = Limits {
        time: TIME,
        ..Limits::default()
    };
    let proving = move || engine::prove::prove(&case, &recording, &judged, limits, &stop);
    tokio::task::spawn_blocking(proving)
        .await
        .map_err(|error| Error::unexpected("judge a recording again", error))
}

async fn preflight(selection: &Selection, stop: &CancellationToken) -> Result<(), Error> {
    let engine = uncounted::engine(selection, "prove", selection.regions.first().cloned())?;
    let preflight = engine.preflight(Arc::new(OpenGate), stop.clone()).await;
    let broken = preflight
        .probes
        .iter()
        .rfind(|probe| !probe.error.is_empty());
    match broken.filter(|_| !preflight.green) {
        None => Ok(()),
        Some(probe) => Err(Error::NothingRan(format!(
            "{} is not ready: {}: {}",
            selection.environment.name, probe.url, probe.error
        ))),
    }
}

/// The rows of a test are one test in the table: a check that can fail in one row can fail.
fn tabled(cases: &[PlannedCase], found: Found) -> Table {
    let mut table = Table::default();
    for (case, found) in cases.iter().zip(found) {
        let is_it =
            |test: &Test| test.suite == case.suite.as_str() && test.id == case.test.as_str();
        let position = table.tests.iter().position(is_it).unwrap_or_else(|| {
            table.tests.push(Test {
                suite: case.suite.to_string(),
                id: case.test.to_string(),
                file: case.file.clone(),
                ..Test::default()
            });
            table.tests.len() - 1
        });
        let test = &mut table.tests[position];
        match found {
            Ok(proof) => test.add(proof),
            Err(why) => test.problems.push((case.id.to_string(), why.to_string())),
        }
    }
    table
}

fn write(path: &Path, json: &serde_json::Value) -> Result<(), Error> {
    let text = format!("{json:#}\n");
    std::fs::write(path, text).map_err(|error| Error::disk("write", path, error))
}

#[cfg(test)]
mod tests {
    use domain::plan::{OnWorkerLoss, PlannedRegion, Tier};
    use domain::{SuiteName, TestId};

    use super::*;

    #[test]
    fn each_row_is_recorded_in_one_region() {
        let case = |row: &str, region: &str| {
            let (suite, test) = (SuiteName::new("s"), TestId::new("t"));
            let region = PlannedRegion::Named(Region::from(region));
            PlannedCase {
                id: PlannedCase::make_id(&suite, &test, Some(row), &region),
                suite,
                test,
                title: String::new(),
                group: None,
                tier: Tier::P1,
                region,
                row: Some(row.to_owned()),
                legs: Vec::new(),
                timeout: Duration::ZERO,
                exclusive: false,
                on_worker_loss: OnWorkerLoss::default(),
                declared_skip: None,
                retries: 0,
                file: String::new(),
                line: 1,
            }
        };
        let cases = vec![case("a", "x"), case("a", "y"), case("b", "x")];
        let ids: Vec<String> = one_region_each(cases)
            .iter()
            .map(|case| case.id.to_string())
            .collect();
        assert_eq!(ids, ["s::t[a]@x", "s::t[b]@x"]);
    }
}
