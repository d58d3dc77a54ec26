//! Cases of several legs: which goes next, and to which workers. All its legs or none.
//!
//! They come first in their tier. Where a worker that one needs has no room, room is kept for it on
//! all that it needs, while it is its run's turn.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::ids::{CaseId, Region, WorkerId};
use crate::plan::PlannedCase;
use crate::run::{CaseFacts, Run};
use crate::schedule::{Field, Order, rank};

/// What a worker that could take a leg has to do already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Cases that it holds, of any run.
    pub n_held: usize,
    pub slots: usize,
    /// It has a part of the environment's caps for this run already.
    pub has_share: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gang {
    /// Leased now: one worker for each leg.
    Go(CaseId, Vec<WorkerId>),
    /// Room is kept for it on these until all of them have it: a slot, or, where the case must be
    /// alone, the whole worker.
    Waits { workers: Vec<WorkerId>, alone: bool },
}

/// The case of several legs whose turn it is, if it is the turn of one. `seat` says of each worker
/// whether it may take a leg at all.
pub fn next_gang(
    run: &Run,
    order: &Order,
    field: &Field,
    seat: &impl Fn(&WorkerId) -> Option<Seat>,
) -> Option<Gang> {
    if run.n_gangs_waiting() == 0 || run.draining().is_some() || run.exclusive_leased() {
        return None;
    }
    let mut plain = order.waiting(run).filter(|(case, _)| !case.is_gang());
    let first_plain = plain.find(|(case, _)| is_placeable(run, field, case));
    let comes_first = |case: &PlannedCase| {
        let is_after = |(plain, _): (&PlannedCase, _)| rank(plain) < rank(case);
        !first_plain.is_some_and(is_after)
    };
    let gangs = order.waiting_gangs(run);
    let placeable = gangs.filter(|(case, _)| is_placeable(run, field, case));
    for (case, facts) in placeable.take_while(|(case, _)| comes_first(case)) {
        if case.exclusive && run.anything_runs() {
            return None;
        }
        if let Some(gang) = placed(field, case, facts, seat) {
            return Some(gang);
        }
    }
    None
}

/// Every leg has a region that is green and has workers; if not, it must not hold up the others.
pub(super) fn is_placeable(run: &Run, field: &Field, case: &PlannedCase) -> bool {
    let is_manned = |region: &Region| {
        run.is_green(region) && field.get(region).is_some_and(|peers| !peers.is_empty())
    };
    match case.is_gang() {
        true => case
            .legs
            .iter()
            .all(|leg| leg.region.as_ref().is_some_and(is_manned)),
        false => field
            .keys()
            .any(|region| case.region.admits(region) && is_manned(region)),
    }
}

fn placed(
    field: &Field,
    case: &PlannedCase,
    facts: &CaseFacts,
    seat: &impl Fn(&WorkerId) -> Option<Seat>,
) -> Option<Gang> {
    let must_be_alone = facts.must_be_alone();
    let has_room = |seat: &Seat| match must_be_alone {
        true => seat.n_held == 0,
        false => seat.n_held < seat.slots,
    };
    let lost_with: BTreeSet<_> = facts.losses.iter().map(|loss| &loss.worker).collect();
    let mut workers = Vec::new();
    let mut all_have_room = true;
    for leg in &case.legs {
        let peers = field.get(leg.region.as_ref()?)?;
        let seats = peers.iter().filter(|peer| !workers.contains(*peer));
        let seats = seats.filter_map(|peer| Some((seat(peer)?, peer)));
        let (seat, peer) = seats.min_by_key(|(seat, peer)| {
            let is_suspect = must_be_alone && lost_with.contains(peer);
            (is_suspect, !seat.has_share, seat.n_held, *peer)
        })?;
        all_have_room &= has_room(&seat);
        workers.push(peer.clone());
    }
    Some(match all_have_room {
        true => Gang::Go(case.id.clone(), workers),
        false => Gang::Waits {
            workers,
            alone: must_be_alone,
        },
    })
}
