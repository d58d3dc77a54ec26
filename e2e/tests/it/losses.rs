//! Whatever dies, each case is counted once: the outcomes are those of the undisturbed run.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Grid, Muster, Platform, follow, muster};

use crate::times;

/// Longer than lease, guard and the cases that follow.
const RUN_ENDS_WITHIN: Duration = Duration::from_secs(240);

type Outcomes = BTreeMap<String, String>;

/// `MUSTER_WORKER_KILLS=20` for the long form.
#[tokio::test]
async fn a_killed_worker_changes_no_outcome() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let undisturbed = undisturbed(&platform)?;
    for number in 0..times("MUSTER_WORKER_KILLS", 2) {
        let mut grid = Grid::start(2)?;
        let outcomes = disturbed(&platform, &mut grid, async |grid| {
            let holders = follow::until(&grid.address, |seen| {
                seen.leased > number % 6 && seen.holder().is_some()
            })
            .await?;
            let holder = holders.holder().context("somebody holds a case")?;
            ensure!(grid.kill_worker(holder), "no worker {holder}");
            Ok(())
        })
        .await?;
        assert_eq!(outcomes, undisturbed, "kill {number}\n{}", grid.output());
    }
    Ok(())
}

/// `MUSTER_COORDINATOR_KILLS=5` for the long form.
#[tokio::test]
async fn a_killed_coordinator_changes_no_outcome() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let undisturbed = undisturbed(&platform)?;
    for number in 0..times("MUSTER_COORDINATOR_KILLS", 1) {
        let mut grid = Grid::start(2)?;
        let outcomes = disturbed(&platform, &mut grid, async |grid| {
            follow::until(&grid.address, |seen| {
                seen.settled >= number * 4 && seen.holder().is_some()
            })
            .await?;
            grid.restart_coordinator()
        })
        .await?;
        assert_eq!(outcomes, undisturbed, "kill {number}\n{}", grid.output());
    }
    Ok(())
}

fn undisturbed(platform: &Platform) -> Result<Outcomes> {
    let grid = Grid::start(2)?;
    let muster = Muster::new()?;
    let said = muster.call(arguments(platform, &grid))?;
    assert_eq!(said.code, 0, "{}\n{}", said.all(), grid.output());
    Ok(muster.report("out")?.outcomes())
}

/// A run during which `disturb` happens; its verdict must be the same, its table rechecked.
async fn disturbed(
    platform: &Platform,
    grid: &mut Grid,
    disturb: impl AsyncFnOnce(&mut Grid) -> Result<()>,
) -> Result<Outcomes> {
    let muster = Muster::new()?;
    let arguments = arguments(platform, grid);
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut run = muster.start(&words)?;
    disturb(grid)
        .await
        .with_context(|| format!("{}\n{}", run.output(), grid.output()))?;
    let status = run.ended(RUN_ENDS_WITHIN)?;
    assert_eq!(
        status.code(),
        Some(0),
        "{}\n{}",
        run.output(),
        grid.output()
    );
    let report = muster.report("out")?;
    assert_eq!(report.imbalances(), Vec::<String>::new());
    assert_eq!(report.verdict(), "GO", "{}", report.reasons());
    Ok(report.outcomes())
}

fn arguments(platform: &Platform, grid: &Grid) -> Vec<String> {
    let suites = muster::suites().to_string_lossy().into_owned();
    let environment = platform.environment().to_string_lossy().into_owned();
    let words = ["--grid", &grid.address, "--gate", "release", "--out", "out"];
    ["run", &suites, "--env", &environment]
        .iter()
        .chain(&words)
        .map(|w| (*w).to_owned())
        .collect()
}
