//! One tier of the plan against one entry of the gate, counted in tests.

use super::skips::Skips;
use super::standing::TestStanding;
use super::wording::{causes, names, tests_count};
use crate::gate::TierGate;
use crate::plan::Tier;

/// The tests of one tier, by what the gate asks about them.
pub(super) struct TierCount<'run> {
    pub(super) tier: Tier,
    pub(super) of: usize,
    failed: Vec<&'run TestStanding>,
    /// Without those whose skip the gate accepts by name.
    not_proven: Vec<&'run TestStanding>,
    flaky: Vec<&'run TestStanding>,
}

impl<'run> TierCount<'run> {
    pub(super) fn of(tier: Tier, tests: &'run [TestStanding], skips: &Skips<'_>) -> Self {
        let of_tier: Vec<_> = tests.iter().filter(|test| test.tier == tier).collect();
        let only = |is_counted: &dyn Fn(&TestStanding) -> bool| -> Vec<&'run TestStanding> {
            of_tier
                .iter()
                .copied()
                .filter(|test| is_counted(test))
                .collect()
        };
        Self {
            tier,
            of: of_tier.len(),
            failed: only(&TestStanding::is_failed),
            not_proven: only(&|test| test.is_not_proven() && skips.accepting(test).is_none()),
            flaky: only(&|test| test.is_flaky),
        }
    }

    /// `P3: 2 failed, 1 allowed (of 15): …` when more failed than the entry allows.
    pub(super) fn beyond_failed(&self, entry: &TierGate) -> Option<String> {
        let allowed = entry.failed.allowed(self.size());
        self.is_beyond(&self.failed, allowed).then(|| {
            format!(
                "{}: {}",
                self.line(self.failed.len(), "failed", allowed),
                names(&self.failed)
            )
        })
    }

    pub(super) fn beyond_not_proven(&self, entry: &TierGate) -> Option<String> {
        let allowed = entry.not_proven.allowed(self.size());
        self.is_beyond(&self.not_proven, allowed).then(|| {
            let line = self.line(self.not_proven.len(), "not proven", allowed);
            format!("{line}: {}", causes(&self.not_proven))
        })
    }

    pub(super) fn beyond_flaky(&self, entry: &TierGate) -> Option<String> {
        let allowed = entry.flaky.allowed(self.size());
        self.is_beyond(&self.flaky, allowed).then(|| {
            format!(
                "{}: {}",
                self.line(self.flaky.len(), "flaky", allowed),
                names(&self.flaky)
            )
        })
    }

    /// The sentence for a tier that the gate does not name.
    pub(super) fn without_entry(&self, gate: &str) -> String {
        let tests = tests_count(self.of);
        let failed = match self.failed.len() {
            0 => String::new(),
            count => format!(", {count} failed: {}", names(&self.failed)),
        };
        format!(
            "{}: the gate `{gate}` says nothing of this tier ({tests}{failed})",
            self.tier
        )
    }

    /// What is within tolerance, by name; never what is beyond it.
    pub(super) fn accepted(&self, entry: &TierGate) -> Vec<String> {
        let kinds = [
            ("failed", &self.failed, entry.failed),
            ("not proven", &self.not_proven, entry.not_proven),
            ("flaky", &self.flaky, entry.flaky),
        ];
        let counted = kinds.map(|(what, tests, tolerance)| {
            let allowed = tolerance.allowed(self.size());
            (what, tests, allowed)
        });
        let accepted = counted
            .into_iter()
            .filter(|(_, tests, allowed)| !tests.is_empty() && !self.is_beyond(tests, *allowed));
        accepted
            .map(|(what, tests, allowed)| {
                let line = self.line(tests.len(), what, allowed);
                format!("accepted by the gate, {line}: {}", names(tests))
            })
            .collect()
    }

    fn line(&self, count: usize, what: &str, allowed: u64) -> String {
        format!(
            "{}: {count} {what}, {allowed} allowed (of {})",
            self.tier, self.of
        )
    }

    fn size(&self) -> u64 {
        u64::try_from(self.of).unwrap_or(u64::MAX)
    }

    fn is_beyond(&self, tests: &[&TestStanding], allowed: u64) -> bool {
        u64::try_from(tests.len()).unwrap_or(u64::MAX) > allowed
    }
}
