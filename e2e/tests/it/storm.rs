//! A storm over a whole grid: workers with open cases, the leader and etcd are killed all the time,
//! and yet each case counts once, by the platform's own receipts as by the logs.

mod killer;
mod load;
mod outage;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::watch::Watch;
use e2e::{Fleet, Platform};

use crate::counted::Counted;
use crate::receipts::Receipts;
use crate::times;
use killer::{Done, Killer};
use load::{Run, Runs};

const WORKERS: usize = 20;
/// Runs that are open at once.
const AT_ONCE: usize = 4;
/// Longer than any of it takes on a machine that others use too, and for each case.
const AT_MOST: Duration = Duration::from_secs(900);
const EACH_AT_MOST: Duration = Duration::from_millis(100);

/// `MUSTER_STORM_WORKERS=1000 MUSTER_STORM_COORDINATORS=25 MUSTER_STORM_CASES=50000` for the long
/// form: so many kills and cases are reached, however long it takes.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_every_case_is_counted_once() -> Result<()> {
    let goal = Done {
        workers: times("MUSTER_STORM_WORKERS", 60),
        coordinators: times("MUSTER_STORM_COORDINATORS", 2),
        outages: 1,
    };
    let n_cases = times("MUSTER_STORM_CASES", 3_000);
    let platform = Platform::start_with(&[], &["--keep-receipts", "1000000"]).await?;
    let mut fleet = Fleet::start(WORKERS)?;
    let storm = storm(&platform, &mut fleet, goal, n_cases);
    let (runs, done) =
        tokio::time::timeout(AT_MOST + EACH_AT_MOST * u32::try_from(n_cases)?, storm)
            .await
            .context("the storm did not end")??;
    let receipts = Receipts::fetch(&platform).await?;
    let mut sums = Sums::default();
    for run in &runs {
        judge(run, &receipts, &mut sums).with_context(|| run.name.clone())?;
    }
    println!("{done:?}, {} runs, {sums:?}", runs.len());
    ensure!(sums.cases >= n_cases, "{sums:?}");
    // Most kills met a worker whose cases were not over by the time that its loss was known.
    ensure!(sums.lost * 2 >= done.workers, "{done:?}, {sums:?}");
    ensure!(sums.attempts > sums.cases, "nothing had to run again");
    Ok(())
}

/// What all runs of a storm came to.
#[derive(Debug, Default)]
struct Sums {
    cases: usize,
    /// Leases of cases: how often one was to be executed.
    attempts: usize,
    /// Attempts that ended without their worker.
    lost: usize,
    /// Results of fenced attempts.
    kept: usize,
    /// Leaders that wrote to the log of a run, at most.
    terms: usize,
}

/// Lets runs follow one another and things die until both have come far enough; then lets the last
/// runs end in peace.
async fn storm(
    platform: &Platform,
    fleet: &mut Fleet,
    goal: Done,
    n_cases: usize,
) -> Result<(Vec<Run>, Done)> {
    let mut runs = Runs::of(platform, &fleet.addresses(), n_cases.div_ceil(10).max(800))?;
    let watch = Watch::start(&fleet.addresses());
    let mut killer = Killer::default();
    loop {
        let is_enough = killer.done.reaches(goal) && runs.n_cases() >= n_cases;
        if !is_enough {
            runs.fill_up(AT_ONCE)?;
        } else if runs.are_over() {
            break;
        }
        let turned = match is_enough {
            true => killer.calm(fleet).await,
            false => killer.turn(fleet, &watch, goal).await,
        };
        turned.and_then(|()| runs.look()).with_context(|| {
            let (runs, fleet) = (runs.output(), fleet.output());
            format!("{:?}\n{runs}\n{fleet}", killer.done)
        })?;
    }
    Ok((runs.ended(), killer.done))
}

fn judge(run: &Run, receipts: &Receipts, sums: &mut Sums) -> Result<()> {
    let report = run.muster.report("out")?;
    ensure!(report.imbalances().is_empty(), "{:?}", report.imbalances());
    let (outcomes, planned) = (report.outcomes(), run.planned());
    let others: Vec<_> = outcomes
        .iter()
        .filter(|(case, outcome)| planned.get(*case) != Some(*outcome))
        .collect();
    ensure!(others.is_empty(), "{others:?}, {:?}", report.not_passed());
    ensure!(outcomes.len() == planned.len());
    ensure!(report.verdict() == run.verdict(), "{}", report.verdict());
    let counted = Counted::read(run.muster.dir.path())?;
    counted.are_counted_once(planned.keys())?;
    receipts.agree_with(&counted, |_| load::REQUESTS)?;
    sums.cases += planned.len();
    sums.attempts += counted
        .leased
        .values()
        .map(std::collections::BTreeSet::len)
        .sum::<usize>();
    sums.lost += counted.lost.len();
    sums.kept += counted.kept.len();
    sums.terms = sums.terms.max(counted.terms.len());
    Ok(())
}
