//! Many seeds on all cores: each world is of one thread, so threads change nothing in it.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tries these seeds; stops early once `enough` says so of an answer. Answers come in the
/// order of their seeds.
pub(crate) fn over<T: Send>(
    seeds: Range<u64>,
    run: impl Fn(u64) -> T + Sync,
    enough: impl Fn(&T) -> bool + Sync,
) -> Vec<(u64, T)> {
    let n_threads = thread::available_parallelism().map_or(1, |n| n.get());
    let (next, last) = (AtomicU64::new(seeds.start), AtomicU64::new(seeds.end));
    let answers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= last.load(Ordering::Relaxed) {
                        break;
                    }
                    let answer = run(seed);
                    if enough(&answer) {
                        last.fetch_min(seed, Ordering::Relaxed);
                    }
                    let mut all = answers.lock().unwrap_or_else(|held| held.into_inner());
                    all.push((seed, answer));
                }
            });
        }
    });
    let mut all = answers
        .into_inner()
        .unwrap_or_else(|held| held.into_inner());
    all.sort_by_key(|(seed, _)| *seed);
    all
}
