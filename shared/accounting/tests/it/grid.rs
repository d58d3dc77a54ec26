//! Every seed keeps every promise.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::time::Instant;

use crate::crew::{self, number};
use crate::history::History;
use crate::situations::{self, Table};
use crate::world::World;

#[test]
fn every_seed_keeps_every_promise() {
    if let Some(seed) = number("MUSTER_SEED") {
        let ran = World::new(seed, true).run();
        assert!(ran.is_ok(), "seed {seed}: {ran:?}");
        return;
    }
    let first = number("MUSTER_FROM").unwrap_or_default();
    let n_seeds = number("MUSTER_SEEDS").unwrap_or(2_000);
    let worlds = crew::over(
        first..first + n_seeds,
        |seed| World::new(seed, false).run(),
        |_: &Result<_, _>| false,
    );
    let mut table = Table::default();
    let mut broken = BTreeMap::new();
    let mut histories = History::default();
    for (seed, world) in &worlds {
        match world {
            Ok(kept) => {
                table.add(&kept.stats);
                histories.write_u64(kept.history);
            }
            Err(promise) => {
                broken.insert(*seed, promise.to_string());
            }
        }
    }
    assert!(
        broken.is_empty(),
        "{} of {n_seeds} seeds: {broken:#?}",
        broken.len()
    );
    println!("{}", table.print());
    let (last, histories) = (first + n_seeds - 1, histories.finish());
    println!("seeds {first} to {last} broke no promise; their histories: {histories:016x}");
    let rare = table.rare();
    assert!(rare.is_empty(), "these came up in too few seeds: {rare:?}");
    situations::write(&table);
}

#[test]
fn a_calm_world_loses_nothing() {
    for seed in 0..40 {
        let kept = World::calm(seed)
            .run()
            .unwrap_or_else(|promise| panic!("seed {seed}: {promise}"));
        let of = |name| kept.stats.get(name).copied().unwrap_or_default();
        assert_eq!(
            (
                of("cases lost"),
                of("results kept"),
                of("results after the verdict")
            ),
            (0, 0, 0),
            "seed {seed}"
        );
        assert!(
            of("cases settled") > 0 || of("cases cancelled") > 0,
            "seed {seed}"
        );
    }
}

/// The twentieth invariant: `SameSeedSameHistory`.
#[test]
fn the_same_seed_gives_the_same_history() {
    let histories = crew::over(
        0..60,
        |seed| [(); 2].map(|()| World::new(seed, false).run()),
        |_| false,
    );
    let mut seen = std::collections::BTreeSet::new();
    for (seed, [first, second]) in histories {
        assert_eq!(first, second, "seed {seed}");
        seen.insert(first.map(|kept| kept.history).ok());
    }
    assert!(seen.len() > 50, "histories differ from seed to seed");
}

/// `MUSTER_WORKERS=10000` is the long form: what one leader's fold and schedule cost as it grows.
#[test]
#[ignore = "a long form, run by hand"]
fn a_crowd_of_workers_keeps_every_promise() {
    let n_workers = number("MUSTER_WORKERS").unwrap_or(10_000);
    let n_worlds = number("MUSTER_WORLDS").unwrap_or(1);
    for world in 0..n_worlds {
        let begun = Instant::now();
        let kept = World::crowded(world, n_workers)
            .run()
            .unwrap_or_else(|promise| panic!("world {world}: {promise}"));
        println!(
            "world {world}: {n_workers} workers, {} happenings in {:.1} s, at most {} KiB of memory so far",
            kept.n_happenings,
            begun.elapsed().as_secs_f64(),
            most_memory(),
        );
    }
}

/// The most that this process has had in memory, as Linux counts it; empty elsewhere.
fn most_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    most.map(|most| most.trim().trim_end_matches(" kB").to_owned())
        .unwrap_or_default()
}
