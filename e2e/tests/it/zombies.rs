//! Workers that are stopped beyond their leases with requests on the way, and woken: what they bring
//! is not counted, and nothing of what they had not sent is sent. The platform's receipts judge.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::process::Process;
use e2e::watch::Watch;
use e2e::{Fleet, Muster, Platform, fleet, grid};

use crate::counted::Counted;
use crate::receipts::{Heard, Receipts};
use crate::times;

const ZOMBIES: usize = 20;
/// More than they execute at a time, so that each is at work on something.
const CASES: usize = 120;
/// Requests of one case, each after the one before and a pause; it ends with the last.
const TURNS: u64 = 20;
const PAUSE: &str = "250ms";
/// The platform hears so many a second before they are stopped, in the long form.
const RATE: f64 = 100.0;
const SECONDS: usize = 3;
/// What was asked for: a request that begins later after a wake-up than this is one too many.
const GRACE_MS: i64 = 50;
/// Threads of a worker's that may each have stood between the gate and the socket.
const THREADS: usize = 8;
/// Results that a zombie brings too late are wanted, so that it is seen that they don't count.
const UNHEARD: usize = 5;
/// A case that has asked all it asks has ended by so much later.
const ENDED_MS: i64 = 1_000;
/// Leases don't last longer; what has not ended by then won't.
const LEASE: Duration = Duration::from_secs(12);
/// Longer than any of it takes on a busy machine.
const AT_MOST: Duration = Duration::from_secs(600);
/// Of each thing that is waited for.
const EACH_AT_MOST: Duration = Duration::from_secs(200);

type Attempts = BTreeMap<(String, u64), Heard>;

/// `MUSTER_ZOMBIES=10` for the long form: so many times 20, and the clock is asked too.
#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_counts_for_nothing_and_asks_for_nothing_more() -> Result<()> {
    let n_times = times("MUSTER_ZOMBIES", 1);
    for number in 1..=n_times {
        let night = tokio::time::timeout(AT_MOST, night());
        let seen = night.await.context("it did not end")??;
        println!("{number}: {seen:?}");
        ensure!(seen.doubtful <= ZOMBIES * THREADS, "{seen:?}");
        if n_times > 1 {
            ensure!(seen.rate >= RATE, "too slow to mean anything: {seen:?}");
            ensure!(seen.latest_ms <= GRACE_MS, "{seen:?}");
        }
    }
    Ok(())
}

/// What one night came to.
#[derive(Debug, Default)]
struct Seen {
    /// Requests a second before they were stopped.
    rate: f64,
    /// Attempts that were under way then, and lost.
    fenced: usize,
    /// Requests of those that came after the wake-up: each of another case, so it had passed the
    /// gate before.
    doubtful: usize,
    /// When the last of them came, after the wake-up.
    latest_ms: i64,
    /// Cases that had ended at the zombies, and of which no coordinator knew.
    unheard: usize,
    /// Results of fenced attempts that came, and were kept aside.
    kept: usize,
}

async fn night() -> Result<Seen> {
    let platform = Platform::start(&[]).await?;
    let mut fleet = Fleet::start(ZOMBIES)?;
    // Those that come later than the run might find all of it leased.
    fleet.all_take_work()?;
    let zombies = fleet.worker_ids();
    let watch = Watch::start(&fleet.addresses());
    let muster = Muster::new()?;
    let mut run = hand_in(&muster, &platform, &fleet)?;
    let rate = all_are_at_work(&platform, &watch, &fleet).await?;
    let n_unheard = fall_asleep(&platform, &watch, &mut fleet, &zombies).await?;
    let at_work = watch.view().open_attempts();
    fleet.add_workers(3)?;
    fleet.keep_coordinators()?;
    let are_lost = || watch.view().open_attempts().is_disjoint(&at_work);
    until("what the zombies held is lost", are_lost, &fleet).await?;
    // What had left before they were stopped has arrived: their leases have run out since.
    let before = attempts(&platform).await?;
    let woken_ms = unix_ms()?;
    fleet::signal("CONT", &zombies)?;
    let status = run.ended(EACH_AT_MOST)?;
    ensure!(
        status.code() == Some(0),
        "{}\n{}",
        run.output(),
        fleet.output()
    );
    let counted = Counted::read(muster.dir.path())?;
    let report = muster.report("out")?;
    ensure!(report.verdict() == "PASSED", "{}", report.reasons());
    ensure!(report.outcomes().len() == CASES);
    counted.are_counted_once(report.outcomes().keys())?;
    Receipts::fetch(&platform)
        .await?
        .agree_with(&counted, |_| TURNS)?;
    let mut seen = judge(&counted, &before, &attempts(&platform).await?, woken_ms)?;
    (seen.rate, seen.unheard) = (rate, n_unheard);
    ensure!(seen.unheard < UNHEARD || seen.kept > 0, "{seen:?}");
    Ok(seen)
}

/// Nothing of a lost attempt was counted, and of each case at most one request came after the
/// wake-up: a second one would have begun after it.
fn judge(counted: &Counted, before: &Attempts, after: &Attempts, woken_ms: i64) -> Result<Seen> {
    let mut seen = Seen {
        fenced: counted.lost.len(),
        kept: counted.kept.len(),
        ..Seen::default()
    };
    ensure!(seen.fenced >= ZOMBIES, "{} were lost", seen.fenced);
    let stale: Vec<_> = counted
        .kept
        .iter()
        .filter(|(attempt, case)| counted.settled[case].contains(attempt))
        .collect();
    ensure!(stale.is_empty(), "kept and counted: {stale:?}");
    let of_lost = after
        .iter()
        .filter(|((_, attempt), _)| counted.lost.contains(attempt));
    for (key, heard) in of_lost {
        let had = before.get(key).copied().unwrap_or_default();
        let more = heard.requests - had.requests;
        ensure!(more <= 1, "{key:?}: {more} requests after the wake-up");
        if more == 1 {
            seen.doubtful += 1;
            seen.latest_ms = seen.latest_ms.max(heard.last_ms - woken_ms);
        }
    }
    Ok(seen)
}

fn hand_in(muster: &Muster, platform: &Platform, fleet: &Fleet) -> Result<Process> {
    let host = platform.api().trim_start_matches("https://");
    let (api, regions) = (platform.api(), grid::REGIONS.join(", "));
    muster.write("ca.pem", &std::fs::read_to_string(platform.authority())?)?;
    muster.write(
        "night.yaml",
        &format!(
            "muster: v1\nenvironment: night\nservices:\n  api: \"{api}\"\nallow:\n  - \"{host}\"\ntls:\n  \
             ca: ca.pem\nregions: [{regions}]\n"
        ),
    )?;
    let rows: String = (0..CASES)
        .map(|row| format!("      r{row}: {{ n: {row} }}\n"))
        .collect();
    muster.write(
        "suite.yaml",
        &format!(
            "muster: v1\nsuite: night\npriority: P1\ntests:\n  - id: asks\n    regions: any\n    timeout: \
             300s\n    rows:\n{rows}    steps:\n      - repeat: {{ times: {TURNS} }}\n        within: 280s\n        \
             steps:\n          - wait: {PAUSE}\n          - http: GET /health\n            as: nobody\n            \
             within: 60s\n            status: 200\n            check:\n              - body.status == \
             \"healthy\"\n"
        ),
    )?;
    let words = ["run", "suite.yaml", "--env", "night.yaml", "--out", "out"];
    muster.start(&[&words[..], &["--grid", &fleet.addresses()]].concat())
}

/// Waits until each worker holds cases and the platform hears of them; gives the requests that it
/// heard in the best of some seconds.
async fn all_are_at_work(platform: &Platform, watch: &Watch, fleet: &Fleet) -> Result<f64> {
    let hold = || watch.view().holders().len() == fleet.workers().len();
    until("each worker holds cases", hold, fleet).await?;
    let (mut best, mut heard) = (0_f64, n_requests(platform).await?);
    for _ in 0..SECONDS {
        let begun = Instant::now();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = n_requests(platform).await?;
        let new = f64::from(u32::try_from(now - heard)?);
        best = best.max(new / begun.elapsed().as_secs_f64());
        heard = now;
        if best >= RATE {
            break;
        }
    }
    Ok(best)
}

/// Stops the zombies with results on their hands: there is no coordinator to take them, and without
/// etcd no other one, until they stand still. Gives how many results that are.
async fn fall_asleep(
    platform: &Platform,
    watch: &Watch,
    fleet: &mut Fleet,
    zombies: &[u32],
) -> Result<usize> {
    while n_with(platform, TURNS - 3, i64::MAX).await? == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let leader = fleet.leader().await?;
    fleet.etcd.kill();
    fleet.kill_coordinator(&leader)?;
    let begun = Instant::now();
    let n_unheard = loop {
        let n_ended = n_with(platform, TURNS, unix_ms()? - ENDED_MS).await?;
        let n_unheard = n_ended.saturating_sub(watch.view().n_settled());
        if n_unheard >= UNHEARD || begun.elapsed() >= LEASE {
            break n_unheard;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    fleet::signal("STOP", zombies)?;
    fleet.etcd.restart()?;
    Ok(n_unheard)
}

/// Cases that have asked so often, the last time before then.
async fn n_with(platform: &Platform, n_requests: u64, before_ms: i64) -> Result<usize> {
    let attempts = attempts(platform).await?;
    let with = attempts
        .values()
        .filter(|heard| heard.requests >= n_requests && heard.last_ms <= before_ms);
    Ok(with.count())
}

async fn attempts(platform: &Platform) -> Result<Attempts> {
    let receipts = Receipts::fetch(platform).await?;
    let all = receipts.0.into_iter().flat_map(|(case, attempts)| {
        let of_case = attempts.into_iter();
        of_case.map(move |(attempt, heard)| ((case.clone(), attempt), heard))
    });
    Ok(all.collect())
}

async fn n_requests(platform: &Platform) -> Result<u64> {
    let attempts = attempts(platform).await?;
    Ok(attempts.values().map(|heard| heard.requests).sum())
}

async fn until(what: &str, holds: impl Fn() -> bool, fleet: &Fleet) -> Result<()> {
    let begun = Instant::now();
    while !holds() {
        ensure!(
            begun.elapsed() < EACH_AT_MOST,
            "never came: {what}\n{}",
            fleet.output()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn unix_ms() -> Result<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(now.as_millis())?)
}
