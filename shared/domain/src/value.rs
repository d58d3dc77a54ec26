//! What revenue stands behind what: each line of the plan's value, and where its tests stand.
//!
//! Value never enters the verdict. The three sums add up to the total whatever was selected.

use crate::ids::TestId;
use crate::plan::{Needs, Plan, PlannedSuite, ValueLine};
use crate::verdict::{Findings, TestStanding, standings};

#[cfg(test)]
mod tests;

/// Whether a line's tests speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueState {
    /// All its tests passed in all cases, none flaky, and enough tests stand behind it.
    Verified,
    /// At least one of its tests failed.
    Failing,
    NotVerified,
}

impl ValueState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failing => "failing",
            Self::NotVerified => "not verified",
        }
    }
}

/// One line of the value file, with what put it where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueStanding {
    pub name: String,
    /// Monthly recurring revenue in whole units of the value file's currency.
    pub mrr: u64,
    pub state: ValueState,
    /// `8 of 25 tests exist`, `2 of 25 tests failed`; never empty.
    pub why: String,
    /// The tests that put the line there: those that failed, else those that did not prove
    /// themselves, else all that stand behind it.
    pub tests: Vec<TestId>,
}

/// All lines, and the sums by state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    pub lines: Vec<ValueStanding>,
    /// As the plan has it: `USD`.
    pub currency: String,
}

impl Value {
    pub fn total(&self) -> u64 {
        sum(self.lines.iter())
    }

    pub fn sum_of(&self, state: ValueState) -> u64 {
        sum(self.lines.iter().filter(|line| line.state == state))
    }
}

/// Where each line of the plan's value stands, in the plan's order.
pub fn assess(plan: &Plan, findings: &Findings) -> Value {
    let tests = standings(plan, findings);
    let lines = plan
        .value
        .iter()
        .map(|line| assess_line(plan, line, &tests));
    Value {
        lines: lines.collect(),
        currency: plan.currency.clone(),
    }
}

fn assess_line(plan: &Plan, line: &ValueLine, tests: &[TestStanding]) -> ValueStanding {
    let behind: Vec<_> = tests
        .iter()
        .filter(|test| stands_behind(plan, line, test))
        .collect();
    let exist = count_existing(line, &behind);
    let needed = needed(line);
    let only = |is_counted: fn(&TestStanding) -> bool| -> Vec<&TestStanding> {
        behind
            .iter()
            .copied()
            .filter(|test| is_counted(test))
            .collect()
    };
    let failed = only(TestStanding::is_failed);
    let unproven = only(|test| !test.is_passed());
    let flaky = only(|test| test.is_flaky);
    let of = behind.len();
    let (state, why, tests) = if !failed.is_empty() {
        let why = format!("{} of {of} {} failed", failed.len(), tests_word(of));
        (ValueState::Failing, why, failed)
    } else if exist < needed || behind.is_empty() {
        let why = match plan.gate {
            Some(_) => format!("{exist} of {needed} tests exist"),
            None => format!("{exist} of {needed} tests are in this run"),
        };
        (ValueState::NotVerified, why, behind)
    } else if !unproven.is_empty() {
        let why = format!("{} of {of} {} not proven", unproven.len(), tests_word(of));
        (ValueState::NotVerified, why, unproven)
    } else if !flaky.is_empty() {
        let why = format!("{} of {of} {} flaky", flaky.len(), tests_word(of));
        (ValueState::NotVerified, why, flaky)
    } else {
        let why = format!("{of} of {of} {} passed in every case", tests_word(of));
        (ValueState::Verified, why, behind)
    };
    ValueStanding {
        name: line.name.clone(),
        mrr: line.mrr,
        state,
        why,
        tests: tests.iter().map(|test| test.test.clone()).collect(),
    }
}

/// Named tests stand behind a line wherever they are; otherwise those of the tier or capability.
fn stands_behind(plan: &Plan, line: &ValueLine, test: &TestStanding) -> bool {
    let is_capability = |suite: &PlannedSuite| {
        suite.name == test.suite && suite.value.as_deref() == Some(line.name.as_str())
    };
    match &line.needs {
        Needs::Named(names) => names.contains(&test.test),
        Needs::Tests(_) => {
            test.tier.word().eq_ignore_ascii_case(&line.name)
                || plan.suites.iter().any(is_capability)
        }
    }
}

fn needed(line: &ValueLine) -> usize {
    match &line.needs {
        Needs::Tests(count) => usize::try_from(*count).unwrap_or(usize::MAX),
        Needs::Named(names) => distinct(names).len(),
    }
}

/// Tests behind the line; of named ones each counts once, however many suites have it.
fn count_existing(line: &ValueLine, behind: &[&TestStanding]) -> usize {
    match &line.needs {
        Needs::Tests(_) => behind.len(),
        Needs::Named(names) => {
            let is_planned = |name: &&TestId| behind.iter().any(|test| test.test == **name);
            distinct(names).into_iter().filter(is_planned).count()
        }
    }
}

fn sum<'line>(lines: impl Iterator<Item = &'line ValueStanding>) -> u64 {
    lines.fold(0, |sum, line| sum.saturating_add(line.mrr))
}

fn distinct(names: &[TestId]) -> std::collections::BTreeSet<&TestId> {
    names.iter().collect()
}

fn tests_word(count: usize) -> &'static str {
    if count == 1 { "test" } else { "tests" }
}
