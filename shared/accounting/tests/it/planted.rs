//! Each planted bug is seen by the simulation, or the simulation proves nothing.

use accounting::planted::Planted;

use crate::world::World;

/// Within this many seeds a bug has to show.
const SEEDS: u64 = 600;

#[test]
fn every_planted_bug_is_caught() {
    let missed: Vec<_> = Planted::ALL
        .into_iter()
        .filter(|&bug| !is_caught(bug))
        .collect();
    assert_eq!(missed, Vec::new(), "bugs that no seed shows");
}

fn is_caught(bug: Planted) -> bool {
    let caught = (0..SEEDS).find_map(|seed| {
        let mut world = World::new(seed, false);
        world.planted = Some(bug);
        Some((seed, world.run().err()?))
    });
    if let Some((seed, promise)) = &caught {
        println!("{bug:?} is caught by seed {seed}: {promise}");
    }
    caught.is_some()
}
