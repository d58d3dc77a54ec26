//! How many cases wait, counted by where they may run: a look for each lease must not walk the
//! plan.

use std::collections::BTreeMap;

use crate::ids::Region;
use crate::plan::{Plan, PlannedCase, PlannedRegion};
use crate::run::Run;

/// Waiting cases of one planned region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Count {
    plain: usize,
    exclusive: usize,
    gangs: usize,
}

/// Counts by planned region; repeated places of a plan are not in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    regions: Vec<(PlannedRegion, Count)>,
    /// Which of the regions each place of the plan is of.
    of_place: Vec<usize>,
}

impl Waiting {
    /// Every case of the plan waits, but for what `is_counted` leaves out.
    pub(super) fn all(plan: &Plan, is_counted: impl Fn(usize) -> bool) -> Self {
        let mut waiting = Self::default();
        let mut known = BTreeMap::new();
        for (place, case) in plan.cases.iter().enumerate() {
            let next = waiting.regions.len();
            let at = *known.entry(&case.region).or_insert(next);
            if at == next {
                let region = (case.region.clone(), Count::default());
                waiting.regions.push(region);
            }
            waiting.of_place.push(at);
            if is_counted(place) {
                waiting.change(place, case, |count| *count += 1);
            }
        }
        waiting
    }

    pub(super) fn begins(&mut self, place: usize, case: &PlannedCase) {
        self.change(place, case, |count| *count += 1);
    }

    pub(super) fn ends(&mut self, place: usize, case: &PlannedCase) {
        self.change(place, case, |count| *count -= 1);
    }

    fn change(&mut self, place: usize, case: &PlannedCase, by: impl Fn(&mut usize)) {
        let at = self.of_place.get(place);
        let count = at.and_then(|&at| self.regions.get_mut(at));
        if let Some((_, count)) = count {
            by(match (case.is_gang(), case.exclusive) {
                (true, _) => &mut count.gangs,
                (false, true) => &mut count.exclusive,
                (false, false) => &mut count.plain,
            });
        }
    }

    fn admitted<'a>(&'a self, region: &'a Region) -> impl Iterator<Item = &'a Count> {
        let admitting = self.regions.iter();
        let admitting = admitting.filter(|(planned, _)| planned.admits(region));
        admitting.map(|(_, count)| count)
    }
}

impl Run {
    /// Waiting cases of one leg that may run in a region.
    pub fn n_waiting_in(&self, region: &Region) -> usize {
        let counts = self.waiting.admitted(region);
        counts.map(|count| count.plain + count.exclusive).sum()
    }

    /// The same without those that must run alone on their environment.
    pub fn n_plain_waiting_in(&self, region: &Region) -> usize {
        self.waiting.admitted(region).map(|count| count.plain).sum()
    }

    /// Waiting cases of several legs, wherever these run.
    pub fn n_gangs_waiting(&self) -> usize {
        let counts = self.waiting.regions.iter();
        counts.map(|(_, count)| count.gangs).sum()
    }
}
