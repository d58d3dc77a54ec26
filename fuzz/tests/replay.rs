//! The short form of fuzzing, without a fuzzer: every seed, every input that once broke a promise,
//! and damaged copies of them, the same ones each time. The long form is `cargo xtask fuzz`.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::collections::BTreeSet;

use fuzz::TARGETS;

/// A sequence that is the same on every machine (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// One to four small harms: bits, bytes, pieces gone, pieces twice, pieces of another seed.
fn damage(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let len = chance.below(1 + (bytes.len() - at).min(32));
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = [0, 0xff, b'"', b'\n', b'{'][chance.below(5)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..at + len)),
            4 => {
                let piece = bytes[at..at + len].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            5 => {
                let from = chance.below(other.len() + 1);
                let to = (from + chance.below(64)).min(other.len());
                drop(bytes.splice(at..at + len, other[from..to].iter().copied()));
            }
            _ => bytes.insert(at, chance.next().to_le_bytes()[0]),
        }
    }
    bytes
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|one| one.name == name).unwrap();
    let mut seeds = (target.seeds)();
    seeds.extend(fuzz::seeds::regressions(name));
    assert!(!seeds.is_empty());
    for seed in &seeds {
        (target.run)(seed);
    }
    // Large seeds come whole above; their damaged copies are for the fuzzer.
    let small: Vec<_> = seeds.iter().filter(|seed| seed.len() <= 6_000).collect();
    let mut chance = Chance(name.len() as u64);
    for _ in 0..target.replayed {
        let (one, other) = (chance.below(small.len()), chance.below(small.len()));
        (target.run)(&damage(small[one], small[other], &mut chance));
    }
}

macro_rules! replayed {
    ($($name:ident)*) => {
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*
    };
}

replayed! {
    suite_file environment_file other_file expression template grammar redaction event_stream
    allow_list run_log spool recheck worker_message coordinator_message stored_message
}

#[test]
fn every_target_is_replayed_and_has_its_program() {
    let named: BTreeSet<_> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    let replayed: BTreeSet<_> = REPLAYED.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(named, replayed);
    let programs = fuzz::seeds::root().join("fuzz/libfuzzer/fuzz_targets");
    let programs: BTreeSet<_> = std::fs::read_dir(programs)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(named, programs);
}
