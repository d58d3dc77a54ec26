//! A coordinator that is started before what it stands on: it waits with open doors, says so, ends
//! when it is asked to, and stands by as soon as etcd and the store answer.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use coordination::conformance::etcd_server::EtcdServer;
use e2e::answering::{self, Answer};
use e2e::binaries;
use e2e::grid::free_address;
use e2e::process::{Manner, Process};
use e2e::s3::S3Server;
use proto::v1::LeaderRequest;
use proto::v1::control_service_client::ControlServiceClient;
use tempfile::TempDir;

use crate::probes::{address, ask, until};

/// Longer than any of it takes on a busy machine; who waits so long has failed.
const AT_MOST: Duration = Duration::from_secs(300);
/// A wait is told of once, and then no more often than this.
const SAID_EACH: Duration = Duration::from_secs(30);

type Variables = [(&'static str, String)];

fn coordinator(etcd: &str, store: &str, dir: &TempDir, more: &Variables) -> Result<Process> {
    Process::start(
        "coordinator",
        Command::new(binaries::path("muster")?)
            .args(["coordinator", "--listen", "127.0.0.1:0"])
            .args(["--health", "127.0.0.1:0", "--etcd", etcd, "--store", store])
            .arg("--data")
            .arg(dir.path().join("data"))
            .env("NO_COLOR", "1")
            .envs(more.iter().cloned()),
    )
}

/// Waits until it says that it waits for this one, and looks at its doors.
async fn waits_with_open_doors(coordinator: &Process, whom: &str) -> Result<String> {
    let grid = coordinator.wait_for(|line| {
        let address = line.strip_prefix("coordinator listening at ")?;
        Some(address.to_owned())
    })?;
    let health = address(coordinator)?;
    let waits = format!("waiting for {whom}; asking again until it answers");
    coordinator.wait_for(|line| line.contains(&waits).then_some(()))?;
    let livez = ask(&health, "/livez")?;
    ensure!(livez.0 == 200, "nobody kills it for waiting: {livez:?}");
    let words = "waits for etcd or the store to answer".to_owned();
    assert_eq!(ask(&health, "/readyz")?, (503, words));
    assert_eq!(ask(&health, "/leadz")?.0, 503);
    let mut client = ControlServiceClient::connect(format!("http://{grid}")).await?;
    let leader = client.leader(LeaderRequest {}).await?.into_inner();
    ensure!(!leader.is_here, "{leader:?}");
    Ok(health)
}

fn is_told_of_now_and_then(coordinator: &Process, begun: Instant) -> Result<()> {
    let said = coordinator.output();
    let n_said = said.matches("waiting for ").count() as u64;
    let n_allowed = 1 + begun.elapsed().as_secs() / SAID_EACH.as_secs();
    ensure!(n_said <= n_allowed, "{n_allowed} allowed: {said}");
    Ok(())
}

#[tokio::test]
async fn a_coordinator_started_while_etcd_is_away_stands_by_once_it_answers() -> Result<()> {
    let dir = TempDir::new()?;
    let mut etcd = EtcdServer::start(&dir.path().join("etcd"))?;
    etcd.kill();
    let store = format!("file://{}", dir.path().join("store").display());
    let begun = Instant::now();
    let mut coordinator = coordinator(&etcd.url(), &store, &dir, &[])?;
    let health = waits_with_open_doors(&coordinator, &format!("etcd at {}", etcd.url())).await?;
    is_told_of_now_and_then(&coordinator, begun)?;
    etcd.restart()?;
    until(&health, "/leadz", 200).await?;
    coordinator.ask_to_end()?;
    let status = coordinator.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", coordinator.output());
    Ok(())
}

#[tokio::test]
async fn a_coordinator_started_while_the_store_is_away_stands_by_once_it_answers() -> Result<()> {
    let dir = TempDir::new()?;
    let etcd = EtcdServer::start(&dir.path().join("etcd"))?;
    let s3 = free_address()?;
    let (store, begun) = (S3Server::store(), Instant::now());
    let variables = S3Server::variables_of(&s3);
    let mut coordinator = coordinator(&etcd.url(), &store, &dir, &variables)?;
    let health = waits_with_open_doors(&coordinator, &format!("the store {store}")).await?;
    is_told_of_now_and_then(&coordinator, begun)?;
    let _s3 = S3Server::start_at(&Manner::WithTest, &s3)?;
    until(&health, "/leadz", 200).await?;
    coordinator.ask_to_end()?;
    let status = coordinator.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", coordinator.output());
    Ok(())
}

/// First while etcd does not answer, then while the store takes a question and never answers it.
#[tokio::test]
async fn a_coordinator_that_waits_ends_well_when_it_is_asked_to() -> Result<()> {
    let dir = TempDir::new()?;
    let mut etcd = EtcdServer::start(&dir.path().join("etcd"))?;
    etcd.kill();
    let store = S3Server::store();
    let deaf = std::net::TcpListener::bind("127.0.0.1:0")?;
    let variables = S3Server::variables_of(&deaf.local_addr()?.to_string());
    let mut waiting = coordinator(&etcd.url(), &store, &dir, &variables)?;
    waits_with_open_doors(&waiting, &format!("etcd at {}", etcd.url())).await?;
    waiting.ask_to_end()?;
    let status = waiting.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", waiting.output());

    etcd.restart()?;
    let mut waiting = coordinator(&etcd.url(), &store, &dir, &variables)?;
    let (_asked, _) = tokio::task::spawn_blocking(move || deaf.accept()).await??;
    waiting.ask_to_end()?;
    let status = waiting.ended(AT_MOST)?;
    assert_eq!(status.code(), Some(0), "{}", waiting.output());
    Ok(())
}

/// Waiting would help nobody: one clear error, and the end.
#[test]
fn what_can_never_work_ends_a_coordinator_at_once() -> Result<()> {
    let dir = TempDir::new()?;
    let etcd = EtcdServer::start(&dir.path().join("etcd"))?;
    let forbids = answering::serve(|_| Answer {
        status: "403 Forbidden".to_owned(),
        ..Answer::default()
    })?;
    let other = free_address()?;
    let grid = Process::start(
        "no etcd",
        Command::new(binaries::path("muster")?)
            .args(["coordinator", "--listen", &other, "--data"])
            .arg(dir.path().join("other")),
    )?;
    grid.wait_for(|line| line.contains(&other).then_some(()))?;
    let (s3, other) = (S3Server::store(), format!("http://{other}"));
    let variables = S3Server::variables_of(&forbids);
    let ended = |etcd: &str, code: i32, words: &str| -> Result<()> {
        let mut coordinator = coordinator(etcd, &s3, &dir, &variables)?;
        let status = coordinator.ended(AT_MOST)?;
        let said = coordinator.output();
        assert_eq!(status.code(), Some(code), "{said}");
        let errors: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert!(
            matches!(errors[..], [error] if error.contains(words)),
            "{said}"
        );
        Ok(())
    };
    ended(&etcd.url(), 4, "s3:GetObject")?;
    ended(&other, 4, "check that the endpoints are etcd's")?;
    ended("127.0.0.1:2379", 2, "is no endpoint of etcd")
}
