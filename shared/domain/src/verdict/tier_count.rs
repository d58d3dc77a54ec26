//! One tier of the plan against one entry of the gate, counted in tests.

use super::date::Day;
use super::standing::TestStanding;
use super::wording::{causes, names, tests_count};
use crate::gate::{Gate, TierGate, ToleratedSkip};
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
    pub(super) fn of(tier: Tier, tests: &'run [TestStanding], gate: &Gate, today: Day) -> Self {
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
            not_proven: only(&|test| {
                test.is_not_proven() && accepting(test, gate, today).is_none()
            }),
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

    /// What a GO lives with, by name.
    pub(super) fn accepted(&self, entry: &TierGate) -> Vec<String> {
        let kinds = [
            ("failed", &self.failed, entry.failed),
            ("not proven", &self.not_proven, entry.not_proven),
            ("flaky", &self.flaky, entry.flaky),
        ];
        let met = kinds.into_iter().filter(|(_, tests, _)| !tests.is_empty());
        met.map(|(what, tests, tolerance)| {
            let line = self.line(tests.len(), what, tolerance.allowed(self.size()));
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

/// The gate's entry that accepts this test's skips today; `None` when no entry does.
///
/// Only skips that the plan itself declared can be accepted: what was lost, or skipped because the
/// environment was down, is not what an owner agreed to.
pub(super) fn accepting<'gate>(
    test: &TestStanding,
    gate: &'gate Gate,
    today: Day,
) -> Option<&'gate ToleratedSkip> {
    let is_only_skipped = test.is_not_proven() && test.is_declared_skip;
    (gate.tolerated_skips.iter()).find(|skip| {
        is_only_skipped
            && skip.test == test.test
            && !skip.owner.trim().is_empty()
            && Day::parse(&skip.until).is_some_and(|until| today <= until)
    })
}
