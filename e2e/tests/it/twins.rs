//! Two workers of one name whose folders count alike, as when a deployment gives two pods one name:
//! neither can prove that the other is dead.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{Grid, Muster, Platform, grid};

use crate::counted::Counted;
use crate::receipts::Receipts;

/// Longer than any of it takes on a busy machine.
const AT_MOST: Duration = Duration::from_secs(300);
const CASES: usize = 20;
const NAME: &str = "us-central1-twin";
/// So often one of them has taken the name from the other, at least.
const TIMES: usize = 5;

/// While both live they take the name, and what is leased to it, from each other; whatever they bring
/// counts once. When one is gone the other ends the run.
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_of_one_name_count_nothing_twice() -> Result<()> {
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
    while grid.output().matches("the coordinator closed it").count() < TIMES {
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
