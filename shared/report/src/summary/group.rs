//! Cases and tests counted by tier, suite and region, and tests beside regions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::ids::{SuiteName, TestId};
use domain::outcome::{Outcome, Totals};
use domain::plan::Tier;
use domain::run::Run;

use super::case_line::CaseLine;

/// Tests by where they stand; a test is failed when any of its cases is, and passed when all are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestCounts {
    pub planned: u64,
    pub passed: u64,
    pub failed: u64,
    /// Neither: some case showed nothing, or is still open.
    pub not_proven: u64,
}

/// What cases outside any group are listed as.
const NO_GROUP: &str = "no group";

/// One line of a count: a tier, a suite, a group or a region.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    /// The tier of a suite or a group.
    pub tier: Option<Tier>,
    pub totals: Totals,
    pub tests: TestCounts,
    /// Time spent in all its cases together.
    pub time: Duration,
    /// The longest of them.
    pub longest: Duration,
}

/// A test, and what became of it in each planned region.
#[derive(Clone, Debug)]
pub struct MatrixRow {
    pub tier: Tier,
    pub suite: SuiteName,
    pub test: TestId,
    /// Outcomes of its cases by planned region; `None` are open ones.
    pub regions: BTreeMap<String, Vec<Option<Outcome>>>,
}

impl TestCounts {
    pub(super) fn of(cases: &[&CaseLine]) -> Self {
        let mut tests: BTreeMap<(&SuiteName, &TestId), Vec<Option<Outcome>>> = BTreeMap::new();
        for case in cases {
            tests
                .entry((&case.suite, &case.test))
                .or_default()
                .push(case.outcome);
        }
        let mut counts = Self::default();
        for outcomes in tests.values() {
            counts.planned += 1;
            if outcomes.contains(&Some(Outcome::Failed)) {
                counts.failed += 1;
            } else if outcomes
                .iter()
                .all(|outcome| *outcome == Some(Outcome::Passed))
            {
                counts.passed += 1;
            } else {
                counts.not_proven += 1;
            }
        }
        counts
    }
}

pub(super) fn by_tier(run: &Run, cases: &[CaseLine]) -> Vec<Group> {
    let totals = run.totals_by_tier().into_iter();
    totals
        .map(|(tier, totals)| group(tier.word(), totals, cases, |case| case.tier == tier))
        .collect()
}

/// Every suite of the plan, in its order, those without a case too.
pub(super) fn by_suite(run: &Run, cases: &[CaseLine], suites: &[(SuiteName, Tier)]) -> Vec<Group> {
    let totals = run.totals_by_suite();
    let planned: BTreeSet<_> = suites.iter().map(|(name, _)| name).collect();
    let unnamed = totals.keys().filter(|name| !planned.contains(name));
    let names = suites.iter().map(|(name, _)| name).chain(unnamed);
    let groups = names.map(|name| {
        let totals = totals.get(name).copied().unwrap_or_default();
        let tier = suites
            .iter()
            .find(|(suite, _)| suite == name)
            .map(|(_, tier)| *tier);
        Group {
            tier,
            ..group(name.as_str(), totals, cases, |case| case.suite == *name)
        }
    });
    groups.collect()
}

/// Groups within their tier, in the plan's order; cases outside any group stand together.
pub(super) fn by_group(cases: &[CaseLine]) -> Vec<Group> {
    if cases.iter().all(|case| case.group.is_none()) {
        return Vec::new();
    }
    let mut keys: Vec<(Tier, Option<&str>)> = Vec::new();
    for case in cases {
        let key = (case.tier, case.group.as_deref());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.sort_by_key(|(tier, group)| (*tier, group.is_none()));
    let groups = keys.into_iter().map(|(tier, name)| {
        let is_in = |case: &CaseLine| case.tier == tier && case.group.as_deref() == name;
        let mut totals = Totals::default();
        for case in cases.iter().filter(|case| is_in(case)) {
            totals.planned += 1;
            if let Some(outcome) = case.outcome {
                totals.count(outcome);
            }
        }
        Group {
            tier: Some(tier),
            ..group(name.unwrap_or(NO_GROUP), totals, cases, is_in)
        }
    });
    groups.collect()
}

pub(super) fn by_region(run: &Run, cases: &[CaseLine]) -> Vec<Group> {
    let totals = run.totals_by_region().into_iter();
    let groups = totals.map(|(region, totals)| {
        let name = region.to_string();
        group(&name, totals, cases, |case| case.planned_region == name)
    });
    groups.collect()
}

fn group(
    name: &str,
    totals: Totals,
    cases: &[CaseLine],
    is_in: impl Fn(&CaseLine) -> bool,
) -> Group {
    let members: Vec<_> = cases.iter().filter(|case| is_in(case)).collect();
    Group {
        name: name.to_owned(),
        tier: None,
        totals,
        tests: TestCounts::of(&members),
        time: members.iter().map(|case| case.duration).sum(),
        longest: members
            .iter()
            .map(|case| case.duration)
            .max()
            .unwrap_or_default(),
    }
}

/// One row per test, in the plan's order.
pub(super) fn matrix(cases: &[CaseLine]) -> Vec<MatrixRow> {
    let mut places: BTreeMap<(&SuiteName, &TestId), usize> = BTreeMap::new();
    let mut rows: Vec<MatrixRow> = Vec::new();
    for case in cases {
        let place = *places.entry((&case.suite, &case.test)).or_insert_with(|| {
            rows.push(MatrixRow {
                tier: case.tier,
                suite: case.suite.clone(),
                test: case.test.clone(),
                regions: BTreeMap::new(),
            });
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(place) {
            row.regions
                .entry(case.planned_region.clone())
                .or_default()
                .push(case.outcome);
        }
    }
    rows
}
