//! Each planted bug is seen by the simulation, or the simulation proves nothing.

use accounting::planted::Planted;

use crate::crew;
use crate::docs;
use crate::oracle::Broken;
use crate::world::World;

/// Within this many seeds a bug has to show.
const SEEDS: u64 = 400;

#[test]
fn every_planted_bug_is_caught() {
    let mut rows =
        "| bug | what it does | seeds needed | the invariant that it breaks |\n|---|---|---|---|\n"
            .to_owned();
    let mut missed = Vec::new();
    for &bug in Planted::ALL {
        let Some((seed, broken)) = catch(bug) else {
            missed.push(bug);
            continue;
        };
        println!("{bug:?} is caught by seed {seed}: {broken}");
        let (n_needed, invariant) = (seed + 1, broken.invariant);
        let (number, sentence) = (invariant.number(), bug.sentence());
        rows.push_str(&format!(
            "| `{bug:?}` | {sentence} | {n_needed} | {number} `{invariant:?}` |\n"
        ));
    }
    assert_eq!(missed, Vec::new(), "bugs that no seed shows");
    if docs::is_to_write() {
        docs::replace("planted", &rows);
    }
}

#[test]
fn every_planted_bug_has_its_row_in_the_docs() {
    let table = docs::table(&docs::read(), "planted");
    for bug in Planted::ALL {
        let name = format!("| `{bug:?}` |");
        assert!(
            table.contains(&name),
            "{name}: write it with MUSTER_WRITE_RELIABILITY=1"
        );
    }
}

fn catch(bug: Planted) -> Option<(u64, Broken)> {
    let worlds = crew::over(
        0..SEEDS,
        |seed| {
            let mut world = World::new(seed, false);
            world.planted = Some(bug);
            world.run().err()
        },
        Option::is_some,
    );
    worlds
        .into_iter()
        .find_map(|(seed, broken)| Some((seed, broken?)))
}
