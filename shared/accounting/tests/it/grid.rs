//! Every seed keeps every promise.

use std::collections::BTreeMap;
use std::hash::Hasher;

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
