//! Two workers of one name with a folder each, as when a deployment gives two pods one name: neither can
//! prove that the other is dead.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{Grid, Muster, Platform, grid};

use crate::counted::Counted;
use crate::receipts::Receipts;

/// Longer than any of it takes on a busy machine.
const AT_MOST: Duration = Duration::from_secs(300);
const CASES: usize = 20;
const NAME: &str = "us-central1-twin";
const TOLD: &str = "another worker named us-central1-twin is here";

/// The later is told that the name is taken, and takes nothing from the earlier. When that one is
/// gone, the later has the name and ends the run.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_name_is_taken_waits_for_it() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let mut grid = Grid::start(0)?;
    grid.start_worker(NAME, grid::REGIONS[0])?;
    let muster = Muster::new()?;
    muster.write("ca.pem", &std::fs::read_to_string(platform.authority())?)?;
    muster.write("twins.yaml", &environment(&platform))?;
    muster.write("suite.yaml", &suite())?;
    let words = ["run", "suite.yaml", "--env", "twins.yaml", "--out", "out"];
    let mut run = muster.start(&[&words[..], &["--grid", &grid.address]].concat())?;
    e2e::follow::until(&grid.address, |seen| seen.settled > 0).await?;
    grid.start_worker_over(NAME, grid::REGIONS[0], "other folder")?;
    let begun = Instant::now();
    while !grid.output().contains(TOLD) {
        ensure!(begun.elapsed() < AT_MOST, "{}", grid.output());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(grid.kill_worker(NAME), "the first of the two");
    let status = run.ended(AT_MOST)?;
    let said = format!("{}\n{}", run.output(), grid.output());
    assert_eq!(status.code(), Some(0), "{said}");
    let report = muster.report("out")?;
    assert_eq!(report.verdict(), "PASSED", "{said}");
    assert_eq!(report.cases().len(), CASES);
    let counted = Counted::read(muster.dir.path())?;
    counted.are_counted_once(report.outcomes().keys())?;
    Receipts::fetch(&platform)
        .await?
        .agree_with(&counted, |_| 1)
}

fn environment(platform: &Platform) -> String {
    let api = platform.api();
    let host = api.trim_start_matches("https://");
    format!(
        "muster: v1\nenvironment: twins\nservices:\n  api: \"{api}\"\nallow:\n  - \"{host}\"\ntls:\n  ca: \
         ca.pem\nregions: [{}]\n",
        grid::REGIONS[0]
    )
}

/// Each case holds its slot for a while, so that many are under way when the name changes hands.
fn suite() -> String {
    let rows: String = (0..CASES)
        .map(|row| format!("      r{row}: {{ n: {row} }}\n"))
        .collect();
    format!(
        "muster: v1\nsuite: twins\npriority: P1\ntests:\n  - id: asks\n    regions: any\n    timeout: 60s\n    \
         rows:\n{rows}    steps:\n      - http: GET /health\n        as: nobody\n        within: 30s\n        \
         status: 200\n        check:\n          - body.status == \"healthy\"\n      - wait: 500ms\n"
    )
}
