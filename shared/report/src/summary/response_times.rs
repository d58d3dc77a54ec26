//! How fast the target answered: exact percentiles over the exchanges of functional cases.
//!
//! A sample is the time from the first byte sent to the last byte received of an answered HTTP
//! request; of a handshake or a stream, to its first byte. Connecting is not in it. Percentiles
//! are by nearest rank, over every kept sample, never an average of percentiles.

use std::collections::BTreeMap;

use domain::ids::Region;
use domain::plan::Tier;
use domain::record::{CaseRecord, Exchange, ExchangeKind};

use super::case_line::CaseLine;

/// One line: the answered exchanges of one tier, executed in one region.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseTimes {
    pub tier: Tier,
    pub region: Region,
    pub count: u64,
    /// Milliseconds.
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// Samples in milliseconds, while records are read.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<(Tier, Region), Vec<f64>>);

impl Samples {
    /// Exchanges of every try count: what the target did is not less true for having been retried.
    pub(super) fn take(&mut self, case: &CaseLine, record: &CaseRecord) {
        let Some(region) = &case.region else {
            return;
        };
        let exchanges = record.tries.iter().flat_map(|one| &one.exchanges);
        let times: Vec<_> = exchanges.filter_map(sample).collect();
        if !times.is_empty() {
            self.0
                .entry((case.tier, region.clone()))
                .or_default()
                .extend(times);
        }
    }

    pub(super) fn percentiles(self) -> Vec<ResponseTimes> {
        let lines = self.0.into_iter().map(|((tier, region), mut samples)| {
            samples.sort_by(f64::total_cmp);
            ResponseTimes {
                tier,
                region,
                count: super::count(samples.iter()),
                p50: nearest_rank(&samples, 50),
                p95: nearest_rank(&samples, 95),
                p99: nearest_rank(&samples, 99),
                max: nearest_rank(&samples, 100),
            }
        });
        lines.collect()
    }
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
