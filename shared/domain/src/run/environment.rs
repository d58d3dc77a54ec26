//! Whether all that a run counts was seen of one environment, told by the fingerprints.
//!
//! Results executed here, results taken over from an earlier run, and the preflights of all regions
//! must name the same one. Nothing is inferred from silence: an environment that was known and is
//! silent later, or was silent and is known later, is another one as far as anybody can tell.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Region;
use crate::outcome::Outcome;
use crate::record::CaseResult;
use crate::run::{EnvironmentChange, Run};

/// Why a run can't count all its results as of one environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvironmentDoubt {
    /// A result of the region met another environment than the region's preflight.
    Changed {
        region: Region,
        from: String,
        to: String,
    },
    /// Two regions met different environments.
    Differs {
        regions: [Region; 2],
        fingerprints: [String; 2],
    },
    /// Results were taken over from a region, and nothing shows that it is still the same.
    NotConfirmed { region: Region, why: String },
}

impl Run {
    /// Every doubt that the fold holds, at most one of a kind per region; those already in the log
    /// come first.
    pub fn environment_doubts(&self) -> Vec<EnvironmentDoubt> {
        let mut doubts: Vec<_> = self.changes.iter().map(EnvironmentChange::doubt).collect();
        let mut changed: BTreeMap<&Region, EnvironmentChange> = BTreeMap::new();
        for (_, facts) in self.cases() {
            for result in facts.counted() {
                if let Some(change) = self.changed_since_preflight(result, facts.is_carried()) {
                    changed.entry(&result.region).or_insert(change);
                }
            }
        }
        let is_said = |region: &Region| self.changes.iter().any(|said| said.region == *region);
        let unsaid = changed.iter().filter(|(region, _)| !is_said(region));
        doubts.extend(unsaid.map(|(_, change)| change.doubt()));
        doubts.extend(self.regions_that_differ());
        doubts.extend(self.not_confirmed());
        doubts
    }

    /// What a counted result says against its region's preflight.
    pub fn changed_since_preflight(
        &self,
        result: &CaseResult,
        is_carried: bool,
    ) -> Option<EnvironmentChange> {
        let preflight = self.preflights.get(&result.region);
        let probed = &preflight.filter(|preflight| preflight.green)?.fingerprint;
        let (from, to) = match is_carried {
            true => (&result.fingerprint, probed),
            false => (probed, &result.fingerprint),
        };
        // What was not executed to a pass or a failure may have met nothing at all.
        let is_silence = to.is_empty() && result.outcome.is_not_proven();
        (from != to && !is_silence).then(|| EnvironmentChange {
            region: result.region.clone(),
            from: from.clone(),
            to: to.clone(),
        })
    }

    /// The first result taken over from this region that its preflight contradicts.
    pub fn carried_from_another(&self, region: &Region) -> Option<EnvironmentChange> {
        let of_region = self.plan.carried.iter().filter(|one| one.region == *region);
        of_region
            .filter_map(|result| self.changed_since_preflight(result, true))
            .next()
    }

    /// Regions whose results were taken over and that were not probed again, in order.
    pub fn regions_to_confirm(&self) -> Vec<Region> {
        let regions = self.carried_regions().into_iter();
        let unprobed = regions.filter(|region| !self.preflights.contains_key(*region));
        unprobed.cloned().collect()
    }

    /// Where results that were taken over had been executed: of a case with several legs, all of its
    /// regions.
    fn carried_regions(&self) -> BTreeSet<&Region> {
        let of_legs = |result: &CaseResult| {
            let legs = self.planned(&result.case).filter(|case| case.is_gang());
            legs.into_iter().flat_map(|case| &case.legs)
        };
        let mut regions: BTreeSet<&Region> = BTreeSet::new();
        for result in &self.plan.carried {
            regions.insert(&result.region);
            regions.extend(of_legs(result).filter_map(|leg| leg.region.as_ref()));
        }
        regions
    }

    /// Cases that failed in this run; those taken over failed in another.
    pub fn n_failed_here(&self) -> usize {
        let failed = self
            .cases()
            .filter(|(_, facts)| facts.outcome() == Some(Outcome::Failed) && !facts.is_carried());
        failed.count()
    }

    /// One environment has one fingerprint, wherever it is seen from.
    fn regions_that_differ(&self) -> Vec<EnvironmentDoubt> {
        let known: Vec<_> = self
            .preflights
            .iter()
            .filter(|(_, preflight)| preflight.green && !preflight.fingerprint.is_empty())
            .collect();
        let Some((first, base)) = known.first() else {
            return Vec::new();
        };
        let others = known
            .iter()
            .filter(|(_, preflight)| preflight.fingerprint != base.fingerprint);
        others
            .map(|(region, preflight)| EnvironmentDoubt::Differs {
                regions: [(*first).clone(), (*region).clone()],
                fingerprints: [base.fingerprint.clone(), preflight.fingerprint.clone()],
            })
            .collect()
    }

    fn not_confirmed(&self) -> Vec<EnvironmentDoubt> {
        let doubts = self.carried_regions().into_iter().filter_map(|region| {
            let why = match self.preflights.get(region) {
                None => "it was not probed again",
                Some(preflight) if !preflight.green => "its preflight is red now",
                Some(_) => return None,
            };
            Some(EnvironmentDoubt::NotConfirmed {
                region: region.clone(),
                why: why.to_owned(),
            })
        });
        doubts.collect()
    }
}

impl EnvironmentChange {
    fn doubt(&self) -> EnvironmentDoubt {
        EnvironmentDoubt::Changed {
            region: self.region.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
        }
    }
}
