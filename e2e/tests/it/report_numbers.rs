//! Every number of a real run's report, computed once more by a routine that shares no code with it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::recompute::{self, Altered};
use e2e::{Grid, Muster, Platform, follow};

/// Longer than lease, guard and the cases that follow.
const RUN_ENDS_WITHIN: Duration = Duration::from_secs(240);

/// One test for each way in which a case can end, but for being cancelled.
const MIXED: &str = r#"muster: v1
suite: mixed
priority: P1
defaults:
  regions: [us-central1, europe-west1]
tests:
  - id: passes
    group: Health
    steps:
      - http: GET /health
        status: 200
        check:
          - elapsed_ms < 60000
  - id: fails
    group: Health
    steps:
      - http: GET /health
        status: 404
  - id: shows_nothing
    steps:
      - wait: 10ms
  - id: breaks
    setup:
      - http: GET /health
        status: 404
    steps:
      - http: GET /health
        status: 200
  - id: waits_for_its_owner
    quarantine: { until: 2999-12-31, owner: ann, why: "to be seen as skipped" }
    steps:
      - http: GET /health
        status: 200
  - id: goes_with_its_worker
    regions: [asia-east1]
    on_worker_loss: lost
    timeout: 300s
    steps:
      - http: GET /health
        status: 200
      - wait: 240s
"#;

#[test]
fn the_numbers_of_a_green_run_can_be_computed_again() -> Result<()> {
    let muster = Muster::new()?;
    let said = muster.call(["demo", "--out", "out"])?;
    assert_eq!(said.code, 0, "{}", said.all());
    recompute::check(&muster.path("out"), &said.stdout, Altered::Some)
}

#[tokio::test]
async fn so_can_those_of_a_run_in_which_everything_happens() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let mut grid = Grid::start(1)?;
    let muster = Muster::new()?;
    muster.write("mixed.yaml", MIXED)?;
    let environment = platform.environment();
    let mut run = muster.start(&[
        "run",
        "mixed.yaml",
        "--env",
        &environment.to_string_lossy(),
        "--grid",
        &grid.address,
    ])?;
    let doomed = "asia-east1-1";
    follow::until(&grid.address, |seen| seen.holds(doomed)).await?;
    ensure!(grid.kill_worker(doomed), "no worker {doomed}");
    let status = run.ended(RUN_ENDS_WITHIN)?;
    assert_eq!(
        status.code(),
        Some(100),
        "{}\n{}",
        run.output(),
        grid.output()
    );
    let printed = muster.call(["report"])?;
    muster.call(["report", "--out", "out"])?;
    let outcomes: BTreeSet<String> = muster.report("out")?.outcomes().into_values().collect();
    let wanted = ["errored", "failed", "lost", "passed", "skipped", "unproven"];
    assert_eq!(Vec::from_iter(outcomes), wanted, "{}", printed.all());
    recompute::check(&muster.path("out"), &printed.stdout, Altered::Every)
}
