//! How fast the target answered: exact percentiles over the exchanges of functional cases.
//!
//! A sample is the time from the first byte sent to the last byte received of an answered HTTP
//! request; of a handshake or a stream, to its first byte. Connecting is not in it. Percentiles
//! are by nearest rank, over every kept sample, never an average of percentiles.

use std::collections::BTreeMap;

use domain::ids::{Region, SuiteName, TestId};
use domain::plan::Tier;
use domain::record::{CaseRecord, Exchange, ExchangeKind};

use super::case_line::CaseLine;
use super::target::{self, Target};

/// Percentiles of some samples, with what they were made of. Times are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    pub count: u64,
    /// All samples together.
    pub total: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// One line: the answered exchanges of one tier, executed in one region.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseTimes {
    pub tier: Tier,
    pub region: Region,
    pub times: Times,
}

/// The answered exchanges of one test in one region, against what its checks allow.
#[derive(Clone, Debug, PartialEq)]
pub struct TestTimes {
    pub tier: Tier,
    pub suite: SuiteName,
    pub test: TestId,
    pub region: Region,
    pub times: Times,
    /// Empty when no check of the test limits a time.
    pub targets: Vec<Target>,
}

impl TestTimes {
    /// What lines of one test share.
    pub(crate) fn key(&self) -> (&SuiteName, &TestId) {
        (&self.suite, &self.test)
    }

    /// Whether every evaluation of every target held; `None` when there is no target.
    pub fn is_met(&self) -> Option<bool> {
        let is_met = |target: &Target| target.held == target.evaluated;
        (!self.targets.is_empty()).then(|| self.targets.iter().all(is_met))
    }
}

impl Times {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self {
            count: super::count(samples.iter()),
            total: samples.iter().sum(),
            p50: nearest_rank(&samples, 50),
            p95: nearest_rank(&samples, 95),
            p99: nearest_rank(&samples, 99),
            max: nearest_rank(&samples, 100),
        }
    }
}

/// Samples of every try count: what the target did is not less true for having been retried.
pub(super) fn samples(record: &CaseRecord) -> Vec<f64> {
    let exchanges = record.tries.iter().flat_map(|one| &one.exchanges);
    exchanges.filter_map(sample).collect()
}

/// By tier and region, from P1 on.
pub(super) fn by_tier(cases: &[CaseLine]) -> Vec<ResponseTimes> {
    let mut samples: BTreeMap<(Tier, &Region), Vec<f64>> = BTreeMap::new();
    for (case, region) in executed(cases) {
        if !case.times.is_empty() {
            let of_line = samples.entry((case.tier, region)).or_default();
            of_line.extend(&case.times);
        }
    }
    let lines = samples.into_iter();
    lines
        .map(|((tier, region), samples)| ResponseTimes {
            tier,
            region: region.clone(),
            times: Times::of(samples),
        })
        .collect()
}

/// By test, in the plan's order, and region, by name; a line where something was answered or limited.
pub(super) fn by_test(cases: &[CaseLine]) -> Vec<TestTimes> {
    let mut places = BTreeMap::new();
    let mut lines: Vec<(&CaseLine, &Region, Vec<f64>, Vec<Target>)> = Vec::new();
    for (case, region) in executed(cases) {
        if case.times.is_empty() && case.targets.is_empty() {
            continue;
        }
        let key = (&case.suite, &case.test, region);
        let place = *places.entry(key).or_insert_with(|| {
            lines.push((case, region, Vec::new(), Vec::new()));
            lines.len() - 1
        });
        if let Some((_, _, samples, targets)) = lines.get_mut(place) {
            samples.extend(&case.times);
            target::add(targets, &case.targets);
        }
    }
    let mut lines: Vec<_> = lines
        .into_iter()
        .map(|(case, region, samples, targets)| TestTimes {
            tier: case.tier,
            suite: case.suite.clone(),
            test: case.test.clone(),
            region: region.clone(),
            times: Times::of(samples),
            targets,
        })
        .collect();
    for test in lines.chunk_by_mut(|one, next| one.key() == next.key()) {
        test.sort_by(|one, other| one.region.cmp(&other.region));
    }
    lines
}

fn executed(cases: &[CaseLine]) -> impl Iterator<Item = (&CaseLine, &Region)> {
    cases
        .iter()
        .filter_map(|case| Some((case, case.region.as_ref()?)))
}

fn sample(exchange: &Exchange) -> Option<f64> {
    let phases = exchange.phases;
    exchange.status?;
    match exchange.kind {
        ExchangeKind::Http => Some(phases.send_ms + phases.waiting_ms + phases.receive_ms),
        ExchangeKind::WebSocket | ExchangeKind::Stream => Some(phases.send_ms + phases.waiting_ms),
        ExchangeKind::Sent | ExchangeKind::Received => None,
    }
}

/// The smallest sample that at least `percent` of them do not exceed; 0 when there is none.
fn nearest_rank(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest_rank;

    #[test]
    fn percentiles_are_samples_that_were_measured() {
        let samples: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(
            [50, 95, 99, 100].map(|p| nearest_rank(&samples, p)),
            [100.0, 190.0, 198.0, 200.0]
        );
        assert_eq!([50, 99].map(|p| nearest_rank(&[7.0], p)), [7.0, 7.0]);
        assert_eq!(nearest_rank(&[1.0, 2.0, 3.0], 50), 2.0);
    }
}
