//! A run does not need whoever handed it in: its client may be killed or stand still, and its files
//! may change.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::process::Process;
use e2e::{Grid, Muster, Report, fleet, follow};
use proto::v1::ListRequest;
use proto::v1::control_service_client::ControlServiceClient;

use crate::target::Target;

/// Longer than any of it takes on a busy machine.
const AT_MOST: Duration = Duration::from_secs(300);
const CASES: usize = 600;

/// A run of so many cases: each asks `first`, then `second`.
fn hand_in(muster: &Muster, grid: &Grid, targets: [&Target; 2], cases: usize) -> Result<Process> {
    let rows: String = (0..cases)
        .map(|row| format!("      r{row}: {{ n: {row} }}\n"))
        .collect();
    let ask = |whom: &str| {
        format!(
            "      - http: GET {whom}:/health\n        as: nobody\n        within: 280s\n        status: 200\n        \
             check:\n          - body.status == \"healthy\"\n"
        )
    };
    let steps = ask("first") + &ask("second");
    muster.write(
        "suite.yaml",
        &format!(
            "muster: v1\nsuite: alone\npriority: P1\ntests:\n  - id: answers\n    regions: any\n    timeout: \
             290s\n    rows:\n{rows}    steps:\n{steps}"
        ),
    )?;
    muster.write("small.yaml", &environment(targets, &targets))?;
    let words = ["run", "suite.yaml", "--env", "small.yaml", "--out", "out"];
    muster.start(&[&words[..], &["--grid", &grid.address]].concat())
}

fn environment([first, second]: [&Target; 2], allowed: &[&Target]) -> String {
    let (first, second) = (first.address, second.address);
    let allow: String = allowed
        .iter()
        .map(|target| format!("  - \"{}\"\n", target.address))
        .collect();
    format!(
        "muster: v1\nenvironment: small\nservices:\n  first: \"http://{first}\"\n  second: \
         \"http://{second}\"\nallow:\n{allow}regions: [{}]\n",
        e2e::grid::REGIONS.join(", ")
    )
}

/// The only run of a grid, once it is closed.
async fn closed_run(grid: &Grid) -> Result<String> {
    let closed = async {
        let mut client = ControlServiceClient::connect(format!("http://{}", grid.address)).await?;
        loop {
            let runs = client.list(ListRequest::default()).await?.into_inner().runs;
            if let [run] = &runs[..]
                && !run.is_open
            {
                return Ok(run.run.clone());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(AT_MOST, closed).await?
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_and_ends_when_its_client_is_killed() -> Result<()> {
    let (mut first, second) = (Target::holding().await, Target::open().await);
    let grid = Grid::start(1)?;
    let muster = Muster::new()?;
    let mut client = hand_in(&muster, &grid, [&first, &second], 5)?;
    first.asked(1).await;
    client.kill();
    first.release();
    let run = closed_run(&grid).await?;
    let words = ["report", &run, "--grid", &grid.address, "--format", "json"];
    let said = muster.call(words)?;
    ensure!(said.code == 0, "{}\n{}", said.all(), grid.output());
    let report = Report(serde_json::from_str(&said.stdout)?);
    assert_eq!(report.verdict(), "PASSED", "{}", grid.output());
    assert_eq!(report.cases().len(), 5);
    assert_eq!(second.n_asked(), 5, "nobody asked twice for it");
    Ok(())
}

/// It follows the run and then reads nothing more: nobody waits for it, and it misses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stands_still_holds_nobody_up() -> Result<()> {
    let (mut first, second) = (Target::holding().await, Target::open().await);
    let grid = Grid::start(1)?;
    let muster = Muster::new()?;
    let mut client = hand_in(&muster, &grid, [&first, &second], CASES)?;
    first.asked(1).await;
    fleet::signal("STOP", &[client.id()])?;
    first.release();
    closed_run(&grid).await?;
    ensure!(client.has_ended()?.is_none(), "it stands still");
    fleet::signal("CONT", &[client.id()])?;
    let status = client.ended(AT_MOST)?;
    let said = format!("{}\n{}", client.output(), grid.output());
    assert_eq!(status.code(), Some(0), "{said}");
    let report = muster.report("out")?;
    assert_eq!(report.verdict(), "PASSED", "{said}");
    assert_eq!(report.cases().len(), CASES);
    assert_eq!(report.imbalances(), Vec::<String>::new());
    Ok(())
}

/// What may be dialled was frozen with the plan: who wants it otherwise cancels the run.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_the_allow_list_that_it_was_submitted_with() -> Result<()> {
    let (mut first, second) = (Target::holding().await, Target::open().await);
    let grid = Grid::start(1)?;
    let muster = Muster::new()?;
    let mut client = hand_in(&muster, &grid, [&first, &second], 1)?;
    first.asked(1).await;
    follow::until(&grid.address, |seen| seen.leased > 0).await?;
    muster.write("small.yaml", &environment([&first, &second], &[&first]))?;
    first.release();
    let status = client.ended(AT_MOST)?;
    let said = format!("{}\n{}", client.output(), grid.output());
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(second.n_asked(), 1, "{said}");
    // The next run has the list as it is now.
    let words = ["run", "suite.yaml", "--env", "small.yaml", "--out", "next"];
    let next = muster.call([&words[..], &["--grid", &grid.address]].concat())?;
    ensure!(next.code != 0, "{}", next.all());
    assert_eq!(second.n_asked(), 1, "{}", next.all());
    Ok(())
}
