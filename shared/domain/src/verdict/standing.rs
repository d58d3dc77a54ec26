//! Where each test of the plan stands: the cases of a test, taken together.
//!
//! Rates count tests, never cases, so that a test in three regions weighs no more than one in one
//! region. A case without a finding, or said to have passed without evidence, proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{CaseFinding, Findings};
use crate::ids::{CaseId, SuiteName, TestId};
use crate::outcome::Outcome;
use crate::plan::{DeclaredSkip, Plan, PlannedCase, Tier};

/// One test of the plan and the state of its cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestStanding {
    pub suite: SuiteName,
    pub test: TestId,
    pub tier: Tier,
    pub cases: u64,
    pub passed: u64,
    pub failed: u64,
    /// Outcome and first word of the reason of each case that proved nothing, in plan order.
    pub unproven: Vec<(Outcome, String)>,
    /// Every case that proved nothing was declared so by the plan.
    pub is_declared_skip: bool,
    pub is_flaky: bool,
}

impl TestStanding {
    /// Any of its cases failed.
    pub fn is_failed(&self) -> bool {
        self.failed > 0
    }

    /// Some case showed nothing; a failure of another case does not hide that.
    pub fn is_not_proven(&self) -> bool {
        !self.unproven.is_empty()
    }

    /// Every case passed.
    pub fn is_passed(&self) -> bool {
        self.cases > 0 && self.passed == self.cases
    }

    /// At least one case was executed to a pass or a failure.
    pub fn is_exercised(&self) -> bool {
        self.passed + self.failed > 0
    }

    fn of(case: &PlannedCase) -> Self {
        Self {
            suite: case.suite.clone(),
            test: case.test.clone(),
            tier: case.tier,
            cases: 0,
            passed: 0,
            failed: 0,
            unproven: Vec::new(),
            is_declared_skip: true,
            is_flaky: false,
        }
    }

    fn count(&mut self, case: &PlannedCase, found: &[&CaseFinding]) {
        self.cases += 1;
        self.is_flaky |= found.iter().any(|finding| finding.flaky);
        match worst(found) {
            (Outcome::Passed, _) => self.passed += 1,
            (Outcome::Failed, _) => self.failed += 1,
            (outcome, why) => {
                self.is_declared_skip &= is_declared(case.declared_skip, outcome, &why);
                self.unproven.push((outcome, why));
            }
        }
    }
}

/// Every test of the plan, in the plan's order of first mention.
pub fn standings(plan: &Plan, findings: &Findings) -> Vec<TestStanding> {
    let mut found: BTreeMap<&CaseId, Vec<&CaseFinding>> = BTreeMap::new();
    for finding in &findings.cases {
        found.entry(&finding.case).or_default().push(finding);
    }
    let mut places: BTreeMap<(&SuiteName, &TestId), usize> = BTreeMap::new();
    let mut tests: Vec<TestStanding> = Vec::new();
    let mut seen = BTreeSet::new();
    for case in plan.cases.iter().filter(|case| seen.insert(&case.id)) {
        let place = *places.entry((&case.suite, &case.test)).or_insert_with(|| {
            tests.push(TestStanding::of(case));
            tests.len() - 1
        });
        let of_case = found.get(&case.id).map(Vec::as_slice).unwrap_or_default();
        if let Some(test) = tests.get_mut(place) {
            test.count(case, of_case);
        }
    }
    tests
}

/// The machine-readable first word of a reason: `check_failed` of `check_failed: status == 200`.
pub(super) fn first_word(reason: &str) -> String {
    let end = reason.find([':', ' ', '(', ',']).unwrap_or(reason.len());
    reason[..end].to_owned()
}

/// What a case counts as: failed when anything says so, and passed only when all that is said of
/// it says so, with evidence.
fn worst(found: &[&CaseFinding]) -> (Outcome, String) {
    if found
        .iter()
        .any(|finding| finding.outcome == Outcome::Failed)
    {
        return (Outcome::Failed, String::new());
    }
    let doubtful = found.iter().filter_map(|finding| doubt(finding)).min();
    match (doubtful, found.is_empty()) {
        (Some(doubt), _) => doubt,
        (None, true) => (Outcome::Lost, "no_outcome".to_owned()),
        (None, false) => (Outcome::Passed, String::new()),
    }
}

/// Why this finding is not a pass; `None` when it is one.
fn doubt(finding: &CaseFinding) -> Option<(Outcome, String)> {
    let has_evidence = finding.evidence.exchanges > 0 && finding.evidence.checks > 0;
    match finding.outcome {
        Outcome::Passed if has_evidence => None,
        Outcome::Passed => Some((Outcome::Unproven, "no_evidence".to_owned())),
        outcome => Some((outcome, first_word(&finding.reason))),
    }
}

fn is_declared(declared: Option<DeclaredSkip>, outcome: Outcome, why: &str) -> bool {
    outcome == Outcome::Skipped && declared.is_some_and(|skip| skip.word() == why)
}
