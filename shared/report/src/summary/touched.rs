//! How much a run touched its target: the evidence of all counted results, put together.

use super::case_line::CaseLine;

/// Sums over the cases of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Of the counted results' evidence.
    pub exchanges: u64,
    pub checks: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// In the records, over all tries, with what went unanswered and what is no evidence.
    pub recorded_exchanges: u64,
    pub recorded_checks: u64,
}

impl Touched {
    pub(super) fn by(cases: &[CaseLine]) -> Self {
        let mut sum = Self::default();
        for case in cases {
            sum.exchanges += case.evidence.exchanges;
            sum.checks += case.evidence.checks;
            sum.bytes_sent += case.evidence.bytes_sent;
            sum.bytes_received += case.evidence.bytes_received;
            for tried in &case.tried {
                sum.recorded_exchanges += tried.exchanges;
                sum.recorded_checks += tried.checks;
            }
        }
        sum
    }
}
