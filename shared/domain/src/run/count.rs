//! Counts over a run: always over the plan's set of cases, never over the events.

use std::collections::BTreeMap;

use crate::ids::{CaseId, SuiteName};
use crate::outcome::Totals;
use crate::plan::{PlannedCase, PlannedRegion, Tier};
use crate::run::Run;

impl Run {
    /// Counts of the whole run; `planned` from the plan, the rest from cases with an outcome.
    pub fn totals(&self) -> Totals {
        self.ended
    }

    pub fn totals_by_tier(&self) -> BTreeMap<Tier, Totals> {
        self.totals_by(|case| case.tier)
    }

    pub fn totals_by_suite(&self) -> BTreeMap<SuiteName, Totals> {
        self.totals_by(|case| case.suite.clone())
    }

    /// By planned region, not by the one that executed.
    pub fn totals_by_region(&self) -> BTreeMap<PlannedRegion, Totals> {
        self.totals_by(|case| case.region.clone())
    }

    /// Counts by any key of a planned case.
    pub fn totals_by<K: Ord>(&self, key: impl Fn(&PlannedCase) -> K) -> BTreeMap<K, Totals> {
        let mut groups: BTreeMap<K, Totals> = BTreeMap::new();
        for (case, facts) in self.cases() {
            let totals = groups.entry(key(case)).or_default();
            totals.planned += 1;
            if let Some(outcome) = facts.outcome() {
                totals.count(outcome);
            }
        }
        groups
    }

    /// Cases that wait, and cases that are leased.
    pub fn n_waiting_and_leased(&self) -> (usize, usize) {
        (self.n_waiting, self.n_open - self.n_waiting)
    }

    /// Cases marked flaky, in the plan's order.
    pub fn flaky(&self) -> impl Iterator<Item = &CaseId> {
        let marked = self.cases().filter(|(_, facts)| facts.is_flaky());
        marked.map(|(case, _)| &case.id)
    }
}
