//! Workers that the kernel cuts off from their coordinator, both ways and one way, while they still
//! reach their target: they stop by themselves with their leases, others run what they held, and what
//! they had to say is heard when the cut has healed.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::Muster;
use e2e::network::{self, Cut};
use e2e::process::Process;
use e2e::watch::Watch;

use crate::counted::Counted;
use crate::receipts::Receipts;
use world::World;

/// Longer than any of it takes on a busy machine.
const AT_MOST: Duration = Duration::from_secs(900);
/// One region for each way to be cut off, with one worker that is, and one that is not.
const REGIONS: [(&str, Cut); 3] = [
    ("both-ways", Cut::Both),
    ("outward", Cut::FromHost),
    ("inward", Cut::ToHost),
];
/// Where nobody is cut off.
const HOME: &str = "home";
/// Requests of the lasting case: with a pause before each it takes longer than a lease.
const TURNS: u64 = 120;
/// Part of the names of all lasting cases.
const LASTING: &str = "::lasting@";
/// Who asks so often after the brief case had its answer had time to end that one too.
const ALIVE: u64 = 4;

/// Requests that the platform heard, by case and attempt.
type Attempts = BTreeMap<(String, u64), u64>;

/// It runs once more, in a network of its own.
#[test]
fn a_worker_cut_off_by_the_kernel_stops_with_its_lease_and_is_heard_later() -> Result<()> {
    if !network::is_inside() {
        let test =
            "cut_off::a_worker_cut_off_by_the_kernel_stops_with_its_lease_and_is_heard_later";
        return network::again_inside(test);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(cut_off())
}

async fn cut_off() -> Result<()> {
    let mut world = World::start().await?;
    let muster = Muster::new()?;
    for (place, (region, _)) in REGIONS.iter().enumerate() {
        world.add_worker(region, Some(place))?;
    }
    world.add_worker(HOME, None)?;
    within(world.all_connected()).await?;
    let watch = Watch::through(world.door.clone(), &world.at("127.0.0.1"));
    let mut run = world.hand_in(&muster)?;
    let ran = tokio::select! {
        ran = within(through_the_cut(&mut world, &watch)) => ran,
        ended = ended_early(&mut run) => Err(ended),
    };
    let (before, delivered) =
        ran.with_context(|| format!("{}\n{}", run.output(), world.output()))?;
    world.end.release();
    let status = run.ended(AT_MOST)?;
    let said = format!("{}\n{}", run.output(), world.output());
    ensure!(status.code() == Some(0), "{status}\n{said}");

    let report = muster.report("out")?;
    ensure!(report.verdict() == "PASSED", "{}\n{said}", report.reasons());
    ensure!(report.not_passed().is_empty());
    ensure!(report.cases().len() == REGIONS.len() * 2 + 1);
    let counted = Counted::read(muster.dir.path())?;
    counted.are_counted_once(report.outcomes().keys())?;
    Receipts::fetch(&world.platform)
        .await?
        .agree_with(&counted, |case| match case.contains(LASTING) {
            true => TURNS,
            false => 1,
        })?;
    // Cut inwards only, a worker may still have said how a case ended.
    let is_lost = |(case, attempt): &(String, u64)| {
        counted.lost.contains(attempt) || counted.settled[case] == [*attempt]
    };
    ensure!(before.keys().all(is_lost), "{before:?}, {counted:?}");
    let of_lasting = before.keys().filter(|(case, _)| case.contains(LASTING));
    let n_stopped = of_lasting
        .filter(|(_, attempt)| counted.lost.contains(attempt))
        .count();
    ensure!(n_stopped == REGIONS.len(), "{before:?}, {counted:?}");
    let held: BTreeSet<u64> = before.keys().map(|(_, attempt)| *attempt).collect();
    ensure!(counted.lost.is_subset(&held), "{before:?}, {counted:?}");
    let after = world.heard().await?;
    println!("heard of what was cut off: {before:?}, brief results heard later: {delivered:?}");
    for (key, requests) in &before {
        // One that had passed the gate may have come late; a second one began after the lease.
        let more = after[key] - requests;
        ensure!(more <= 1, "{key:?}: {more} requests after its lease");
        let is_whole = key.0.contains(LASTING) && *requests >= TURNS;
        ensure!(!is_whole, "{key:?} ended before its lease");
    }
    Ok(())
}

/// What the platform had heard of the attempts that were cut off when all of them were lost, and the
/// regions of which a result was heard after the cut had healed.
type Seen = (Attempts, Vec<&'static str>);

async fn through_the_cut(world: &mut World, watch: &Watch) -> Result<Seen> {
    // Each far worker holds both cases of its region; only then are there others.
    world.start.asked(REGIONS.len() * 2).await;
    for (region, _) in REGIONS {
        world.add_worker(region, None)?;
    }
    world.all_connected().await?;
    world.start.release();
    world.cut.asked(REGIONS.len()).await;
    let held = held_by_far_workers(watch).await?;
    let of_held = |heard: Attempts| {
        let mut held_alone = heard;
        held_alone.retain(|key, _| held.contains(key));
        held_alone
    };
    while of_held(world.heard().await?).len() < held.len() {
        pause().await;
    }
    for (host, (_, cut)) in world.hosts.iter().zip(REGIONS) {
        host.cut(cut)?;
    }
    world.cut.release();
    let at_release = of_held(world.heard().await?);
    let attempts: BTreeSet<u64> = held.iter().map(|(_, attempt)| *attempt).collect();
    let is_open = |attempt: &u64| {
        let open = watch.view().open_attempts();
        open.iter().any(|(_, one)| one == attempt)
    };
    while attempts.iter().any(is_open) {
        pause().await;
    }
    let before = of_held(world.heard().await?);
    for (host, (_, cut)) in world.hosts.iter().zip(REGIONS) {
        host.mend(cut)?;
    }
    let mut delivered = Vec::new();
    for (region, _) in REGIONS {
        let [brief, lasting] = cases_of(region);
        let requests = |heard: &Attempts| {
            let of_case = heard.iter().filter(|((case, _), _)| *case == lasting);
            of_case.map(|(_, requests)| *requests).sum::<u64>()
        };
        if requests(&before) < requests(&at_release) + ALIVE {
            continue;
        }
        // It ended within its lease, whether anybody could be told or not.
        let attempt = held.iter().find(|(case, _)| *case == brief);
        let (_, attempt) = attempt.context("every brief case was held")?;
        while !watch.view().has_come(&brief, *attempt) {
            pause().await;
        }
        delivered.push(region);
    }
    Ok((before, delivered))
}

/// Each case of the cut regions, with its attempt.
async fn held_by_far_workers(watch: &Watch) -> Result<BTreeSet<(String, u64)>> {
    let mut held = BTreeSet::new();
    for case in REGIONS.iter().flat_map(|(region, _)| cases_of(region)) {
        let (attempt, worker) = loop {
            let holder = watch
                .view()
                .holder_of(&case)
                .map(|(a, w)| (a, w.to_owned()));
            match holder {
                Some(holder) => break holder,
                None => pause().await,
            }
        };
        ensure!(worker.starts_with("far-"), "{worker} holds {case}");
        held.insert((case, attempt));
    }
    Ok(held)
}

fn cases_of(region: &str) -> [String; 2] {
    ["brief", "lasting"].map(|test| format!("cut::{test}@{region}"))
}

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let ended = tokio::time::timeout(AT_MOST, work).await;
    ended.context("it did not end")?
}

async fn ended_early(run: &mut Process) -> anyhow::Error {
    loop {
        match run.has_ended() {
            Ok(None) => pause().await,
            ended => return anyhow::anyhow!("the run ended before: {ended:?}"),
        }
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
