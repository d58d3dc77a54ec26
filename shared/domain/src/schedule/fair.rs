//! How runs that are active at once share workers and the parts of an environment's caps.
//!
//! A higher priority goes first. Inside one priority, runs have equal parts of each worker's slots
//! and of the caps, as far as they can use them; where there are fewer than runs, they take turns.
//! Pure functions: turns and holdings come in.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::queue::Priority;

/// A run that could use parts of its environment's caps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub priority: Priority,
    /// Parts that it could use now, those it holds among them.
    pub demand: u32,
    /// Parts that it holds.
    pub n_held: u32,
    /// When it was last given something; the lower, the longer ago.
    pub turn: u64,
}

/// How many of `n_parts` each run may hold. One that holds more gives back as its leases end.
pub fn entitled(n_parts: u32, claims: &[Claim]) -> Vec<u32> {
    let mut may_hold = vec![0; claims.len()];
    let mut levels: BTreeMap<Reverse<Priority>, Vec<usize>> = BTreeMap::new();
    for (place, claim) in claims.iter().enumerate() {
        levels
            .entry(Reverse(claim.priority))
            .or_default()
            .push(place);
    }
    let mut left = n_parts;
    for mut level in levels.into_values() {
        left = share_out(left, claims, &mut level, &mut may_hold);
    }
    may_hold
}

/// Equal parts up to what each can use; says what is left.
fn share_out(parts: u32, claims: &[Claim], level: &mut Vec<usize>, may_hold: &mut [u32]) -> u32 {
    let mut left = parts;
    loop {
        level.retain(|&place| may_hold[place] < claims[place].demand);
        let n_runs = u32::try_from(level.len()).unwrap_or(u32::MAX);
        if n_runs == 0 || left == 0 {
            return left;
        }
        // What can't be divided evenly stays where it is; where nobody has one yet, in turns.
        let is_first_round = level.iter().all(|&place| may_hold[place] == 0);
        let by_turns = is_first_round && left < n_runs;
        level.sort_by_key(|&place| match by_turns {
            true => (Reverse(0), claims[place].turn, place),
            false => (Reverse(claims[place].n_held), 0, place),
        });
        let each = (left / n_runs).max(1);
        for &place in level.iter() {
            let given = each.min(claims[place].demand - may_hold[place]).min(left);
            may_hold[place] += given;
            left -= given;
        }
    }
}

/// A run that has something for one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    pub priority: Priority,
    /// Cases of it that are leased, to any worker.
    pub n_leased: usize,
    /// When it was last given something.
    pub turn: u64,
}

/// Which of the runs are asked for a shard for a worker, in this order, and how many of its slots
/// each may fill: those of the highest priority that has anything for it.
pub fn slots_of(slots: usize, wants: &[Want]) -> Vec<(usize, usize)> {
    let Some(highest) = wants.iter().map(|want| want.priority).max() else {
        return Vec::new();
    };
    let mut asked: Vec<usize> = (0..wants.len())
        .filter(|&place| wants[place].priority == highest)
        .collect();
    asked.sort_by_key(|&place| (wants[place].n_leased, wants[place].turn, place));
    let each = slots.div_ceil(asked.len().max(1)).max(1);
    asked.into_iter().map(|place| (place, each)).collect()
}
