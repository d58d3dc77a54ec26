//! What an orchestrator sees and does: probes, SIGTERM, and what becomes of open cases.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use coordination::conformance::etcd_server::EtcdServer;
use e2e::grid::free_address;
use e2e::process::Process;
use e2e::{Muster, binaries};
use tempfile::TempDir;

use crate::probes::{address, ask, until};
use crate::target::Target;

/// Longer than any of it takes on a busy machine; who waits so long has failed.
const AT_MOST: Duration = Duration::from_secs(300);

fn coordinator(listen: &str, data: &Path, more: &[&str]) -> Result<Process> {
    let process = Process::start(
        "coordinator",
        Command::new(binaries::path("muster")?)
            .args(["coordinator", "--listen", listen])
            .args(["--health", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more),
    )?;
    Ok(process)
}

fn worker(name: &str, grid: &str, folder: &Path, grace: &str) -> Result<Process> {
    Process::start(
        name,
        Command::new(binaries::path("muster")?)
            .args(["worker", "--grid", grid, "--region", "here"])
            .args(["--name", name, "--slots", "1", "--grace", grace])
            .args(["--health", "127.0.0.1:0", "--data"])
            .arg(folder.join(name)),
    )
}

/// A run of so many cases, each one request.
fn run(muster: &Muster, target: &Target, grid: &str, cases: usize) -> Result<Process> {
    let rows: Vec<String> = (0..cases)
        .map(|row| format!("      r{row}: {{ n: {row} }}"))
        .collect();
    let suite = "muster: v1\nsuite: drain\npriority: P1\ntests:\n  - id: answers\n    regions: all\n    \
                 timeout: 290s\n    rows:\nROWS\n    steps:\n      - http: GET /health\n        \
                 as: nobody\n        within: 280s\n        status: 200\n        \
                 check:\n          - body.status == \"healthy\"\n";
    muster.write("drain.yaml", &suite.replace("ROWS", &rows.join("\n")))?;
    let environment = "muster: v1\nenvironment: small\nservices: { api: \"http://ADDRESS\" }\n\
                       allow:\n  - \"ADDRESS\"\nregions: [here]\nusers:\n  member: {}\n";
    let environment = environment.replace("ADDRESS", &target.address.to_string());
    muster.write("small.yaml", &environment)?;
    let words = ["run", "drain.yaml", "--env", "small.yaml", "--out", "out"];
    muster.start(&[&words[..], &["--grid", grid]].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_end_finishes_its_open_case_and_gives_the_rest_back() -> Result<()> {
    let mut target = Target::holding().await;
    let dir = TempDir::new()?;
    let grid = free_address()?;
    let mut first = worker("first", &grid, dir.path(), "250")?;
    let health = address(&first)?;
    assert_eq!(
        ask(&health, "/livez")?.0,
        200,
        "nobody kills it for waiting"
    );
    let words = (503, "no coordinator has welcomed it".to_owned());
    assert_eq!(ask(&health, "/readyz")?, words);
    let coordinator = coordinator(&grid, &dir.path().join("grid"), &[])?;
    let of_coordinator = address(&coordinator)?;
    until(&of_coordinator, "/leadz", 200).await?;
    until(&health, "/readyz", 200).await?;

    let muster = Muster::new()?;
    let mut run = run(&muster, &target, &grid, 3)?;
    target.asked(1).await;
    first.ask_to_end()?;
    let words = until(&health, "/readyz", 503).await?;
    assert_eq!(words, "leaves: it takes no new lease");
    assert_eq!(
        ask(&health, "/livez")?.0,
        200,
        "nobody kills it for leaving"
    );
    // Its case is open; the others are given back, and another worker has one of them.
    let second = worker("second", &grid, dir.path(), "20")?;
    target.asked(2).await;
    assert!(first.has_ended()?.is_none(), "{}", first.output());
    target.release();
    let said = |first: &Process, run: &Process| {
        let (first, second) = (first.output(), second.output());
        format!(
            "{}\n{first}\n{second}\n{}",
            run.output(),
            coordinator.output()
        )
    };
    let status = first.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", said(&first, &run));
    let status = run.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", said(&first, &run));
    assert_eq!(muster.report("out")?.cases().len(), 3);
    assert_eq!(
        target.n_asked(),
        3,
        "no case ran twice: {}",
        said(&first, &run)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_outlasts_the_grace_is_given_back_and_runs_elsewhere() -> Result<()> {
    let mut target = Target::holding().await;
    let dir = TempDir::new()?;
    let grid = free_address()?;
    let coordinator = coordinator(&grid, &dir.path().join("grid"), &[])?;
    let mut first = worker("first", &grid, dir.path(), "0")?;
    until(&address(&first)?, "/readyz", 200).await?;
    let muster = Muster::new()?;
    let mut run = run(&muster, &target, &grid, 1)?;
    target.asked(1).await;
    first.ask_to_end()?;
    let status = first.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", first.output());
    let second = worker("second", &grid, dir.path(), "20")?;
    target.asked(2).await;
    target.release();
    let status = run.ended(AT_MOST)?;
    let (first, second) = (first.output(), second.output());
    let said = format!(
        "{}\n{first}\n{second}\n{}",
        run.output(),
        coordinator.output()
    );
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(muster.report("out")?.verdict(), "PASSED", "{said}");
    Ok(())
}

#[test]
fn a_worker_that_holds_nothing_and_finds_nobody_ends_at_once() -> Result<()> {
    let dir = TempDir::new()?;
    let mut alone = worker("alone", &free_address()?, dir.path(), "86400")?;
    address(&alone)?;
    alone.ask_to_end()?;
    let status = alone.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", alone.output());
    Ok(())
}

/// No liveness probe ends a standby, the leader is told from it, and SIGTERM hands over.
#[tokio::test(flavor = "multi_thread")]
async fn leader_and_standby_are_told_apart_and_a_leader_asked_to_end_hands_over() -> Result<()> {
    let dir = TempDir::new()?;
    let mut etcd = EtcdServer::start(&dir.path().join("etcd"))?;
    let store = format!("file://{}", dir.path().join("store").display());
    let (url, local) = (etcd.url(), "127.0.0.1:0");
    let shared = ["--etcd", &url, "--store", &store];
    let mut leader = coordinator(local, &dir.path().join("a"), &shared)?;
    let of_leader = address(&leader)?;
    let leads = || (200, "leads".to_owned());
    until(&of_leader, "/leadz", 200).await?;
    assert_eq!(ask(&of_leader, "/livez")?, leads());
    assert_eq!(ask(&of_leader, "/readyz")?, leads());

    let standby = coordinator(local, &dir.path().join("b"), &shared)?;
    let of_standby = address(&standby)?;
    let stands_by = |status| (status, "stands by".to_owned());
    assert_eq!(until(&of_standby, "/readyz", 200).await?, "stands by");
    assert_eq!(ask(&of_standby, "/livez")?, stands_by(200));
    assert_eq!(ask(&of_standby, "/leadz")?, stands_by(503));

    etcd.kill();
    let words = until(&of_standby, "/readyz", 503).await?;
    assert_eq!(words, "stands by, and etcd does not answer");
    assert_eq!(
        ask(&of_standby, "/livez")?.0,
        200,
        "nobody kills it for that"
    );
    assert_eq!(ask(&of_leader, "/readyz")?, leads(), "it goes on");
    etcd.restart()?;
    until(&of_standby, "/readyz", 200).await?;

    leader.ask_to_end()?;
    until(&of_standby, "/leadz", 200).await?;
    let status = leader.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", leader.output());
    assert_eq!(ask(&of_standby, "/readyz")?, leads());
    Ok(())
}
