//! The skips that a gate file accepts by name, and which test of the plan each of them means.
//!
//! A test's id is unique in its suite alone. An entry without a suite is meant for the one test of
//! that id; when the plan has several, it accepts none of them and the verdict says so.

use std::collections::BTreeSet;

use super::date::Day;
use super::standing::TestStanding;
use crate::gate::{Gate, ToleratedSkip};
use crate::ids::SuiteName;

pub(super) struct Skips<'run> {
    gate: &'run Gate,
    tests: &'run [TestStanding],
    today: Day,
}

impl<'run> Skips<'run> {
    pub(super) fn of(gate: &'run Gate, tests: &'run [TestStanding], today: Day) -> Self {
        Self { gate, tests, today }
    }

    /// The entry that accepts this test's skips today; `None` when no entry does.
    ///
    /// Only skips that the plan itself declared can be accepted: what was lost, or skipped because
    /// the environment was down, is not what an owner agreed to.
    pub(super) fn accepting(&self, test: &TestStanding) -> Option<&'run ToleratedSkip> {
        let is_only_skipped = test.is_not_proven() && test.is_declared_skip;
        self.gate.tolerated_skips.iter().find(|skip| {
            is_only_skipped
                && self.means(skip, test)
                && !skip.owner.trim().is_empty()
                && Day::parse(&skip.until).is_some_and(|until| self.today <= until)
        })
    }

    /// One sentence per entry that could mean tests of several suites.
    pub(super) fn ambiguous(&self) -> Vec<String> {
        let entries = self.gate.tolerated_skips.iter();
        let sentences: BTreeSet<String> = entries
            .filter(|skip| skip.suite.is_none())
            .filter_map(|skip| {
                let suites = self.suites_with(skip);
                let first = suites.first().filter(|_| suites.len() > 1)?;
                let names: Vec<_> = suites.iter().map(|suite| suite.as_str()).collect();
                Some(format!(
                    "the tolerated skip of {test} fits tests of {}; write {first}::{test} in the \
                     gate file for the one that is meant",
                    names.join(", "),
                    test = skip.test
                ))
            })
            .collect();
        sentences.into_iter().collect()
    }

    fn means(&self, skip: &ToleratedSkip, test: &TestStanding) -> bool {
        let is_its_suite = match &skip.suite {
            Some(suite) => *suite == test.suite,
            None => self.suites_with(skip).len() == 1,
        };
        skip.test == test.test && is_its_suite
    }

    fn suites_with(&self, skip: &ToleratedSkip) -> BTreeSet<&'run SuiteName> {
        let of_id = self.tests.iter().filter(|test| test.test == skip.test);
        of_id.map(|test| &test.suite).collect()
    }
}
