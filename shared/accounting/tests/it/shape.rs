//! What kind of world a seed gives: how large, on which store, and how exact its clocks are.

use crate::chance::Chance;

/// Where the logs lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// Files on one host, whose directory lock lets one coordinator lead at a time.
    Files,
    /// Objects that any coordinator may put; an election only says who tries.
    Objects,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) keeping: Keeping,
    pub(crate) n_sites: u64,
    pub(crate) n_runs: u64,
    pub(crate) n_cases: (u64, u64),
    /// Runs that may be active at once.
    pub(crate) max_active: usize,
    /// Most of its runs have caps.
    pub(crate) is_capped: bool,
    /// Requests a second and users at once that the environments take, where a plan says so.
    pub(crate) limits: (Option<u32>, Option<u32>),
    /// Workers that a coordinator lets in each second.
    pub(crate) hellos_per_second: u32,
    /// A thousand workers.
    pub(crate) is_big: bool,
    /// Coordinator and workers are one process.
    pub(crate) is_laptop: bool,
    /// Clocks gain or lose up to this many millionths.
    pub(crate) clocks_off: i64,
    /// Events that a segment holds at most: in some worlds so few that decisions spread over many.
    pub(crate) batch_events: usize,
    /// Bytes of results that a worker's spool takes before no case starts.
    pub(crate) spool_bytes: usize,
    /// Bytes of results under way to the coordinator.
    pub(crate) window_bytes: usize,
    /// Bytes of results under way above which a coordinator closes a worker's stream.
    pub(crate) max_unacked: usize,
    /// One worker heeds neither its window nor its spool.
    pub(crate) has_greedy: bool,
}

/// One in so many worlds has a thousand workers.
pub(crate) const BIG_EVERY: u64 = 100;

impl Shape {
    pub(crate) fn draw(seed: u64, chance: &mut Chance) -> Self {
        let is_big = seed % BIG_EVERY == BIG_EVERY - 1;
        let keeping = match chance.percent(35) {
            true => Keeping::Files,
            false => Keeping::Objects,
        };
        let is_small_window = chance.percent(25);
        let max_active = chance.within(1..4);
        let limits = limits(chance);
        let has_narrow_door = !is_big && chance.percent(10);
        Self {
            is_capped: !is_big && chance.percent(30),
            limits,
            hellos_per_second: if has_narrow_door { 1 } else { 200 },
            keeping,
            max_active: usize::try_from(max_active).unwrap_or(1),
            n_sites: if is_big { 1_000 } else { chance.within(2..6) },
            n_runs: if is_big { 1 } else { chance.within(1..4) },
            n_cases: if is_big { (400, 600) } else { (4, 24) },
            is_big,
            is_laptop: keeping == Keeping::Files && !is_big && chance.percent(20),
            clocks_off: if chance.percent(50) { 50_000 } else { 100 },
            batch_events: if !is_big && chance.percent(30) {
                2
            } else {
                1_000
            },
            spool_bytes: if is_small_window { 2_000 } else { 64 << 20 },
            window_bytes: if is_small_window { 1_200 } else { 4 << 20 },
            max_unacked: if is_small_window { 1_200 } else { 8 << 20 },
            has_greedy: is_small_window && !is_big && seed.is_multiple_of(2),
        }
    }
}

impl Shape {
    /// So many workers, and one case for every two of them.
    pub(crate) fn crowd(&mut self, n_workers: u64) {
        self.n_sites = n_workers;
        self.n_cases = (n_workers * 4 / 10, n_workers * 6 / 10);
    }
}

/// At least one of the two.
pub(crate) fn limits(chance: &mut Chance) -> (Option<u32>, Option<u32>) {
    let of = |chance: &mut Chance, most| u32::try_from(chance.within(1..most)).ok();
    let (rps, users) = (of(chance, 5), of(chance, 7));
    match chance.within(0..3) {
        0 => (rps, None),
        1 => (None, users),
        _ => (rps, users),
    }
}
