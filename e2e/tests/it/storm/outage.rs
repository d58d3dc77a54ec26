//! Etcd away under runs: the leader leads on, leases and takes in runs, and nothing is lost.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::watch::Watch;
use e2e::{Fleet, Platform};

use super::load::Runs;
use super::{Sums, judge};
use crate::receipts::Receipts;
use crate::times;

const WORKERS: usize = 6;
const CASES: usize = 300;
/// Longer than any of it takes on a busy machine, and than the long form.
const AT_MOST: Duration = Duration::from_secs(900);

/// `MUSTER_ETCD_AWAY=60` for the long form, in seconds. No lease that was granted before lasts 20 s:
/// neither the leader's in etcd (5 s), nor a worker's (12 s), nor as the leader counts it (16.75 s).
#[tokio::test(flavor = "multi_thread")]
async fn nothing_stops_and_nothing_is_lost_while_etcd_is_away() -> Result<()> {
    let away = Duration::from_secs(times("MUSTER_ETCD_AWAY", 20) as u64);
    let platform = Platform::start_with(&[], &["--keep-receipts", "1000000"]).await?;
    let mut fleet = Fleet::start(WORKERS)?;
    let mut runs = Runs::of(&platform, &fleet.addresses(), CASES)?;
    let outage = tokio::time::timeout(AT_MOST, outage(&mut fleet, &mut runs, away)).await;
    let said = || format!("{}\n{}", runs.output(), fleet.output());
    let outage = outage.context("it did not end").and_then(|outage| outage);
    let n_while_away = outage.with_context(said)?;
    let receipts = Receipts::fetch(&platform).await?;
    let (runs, mut sums) = (runs.ended(), Sums::default());
    for run in &runs {
        judge(run, &receipts, &mut sums).with_context(|| run.name.clone())?;
    }
    println!(
        "{n_while_away} leases while etcd was away, {} runs, {sums:?}",
        runs.len()
    );
    Ok(())
}

/// Gives how many shards were leased while etcd was away, the last of them when it had been away for
/// so long.
async fn outage(fleet: &mut Fleet, runs: &mut Runs, away: Duration) -> Result<usize> {
    let watch = Watch::start(&fleet.addresses());
    runs.fill_up(1)?;
    while watch.view().n_settled() == 0 {
        turn(runs).await?;
    }
    fleet.etcd.kill();
    let gone = Instant::now();
    while watch.view().n_leased_since(gone + away) == 0 {
        // What is handed in now is taken in, though nobody could be elected.
        runs.fill_up(2)?;
        turn(runs).await?;
    }
    let n_while_away = watch.view().n_leased_since(gone);
    fleet.etcd.restart()?;
    while !runs.are_over() {
        turn(runs).await?;
    }
    Ok(n_while_away)
}

async fn turn(runs: &mut Runs) -> Result<()> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    runs.look()
}
