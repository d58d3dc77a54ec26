//! How many checks of a run were shown able to fail, where its gate asks for that. Pure.
//!
//! A check counts once per test: one that could be made false in any case of the test can fail. A
//! test speaks here when all its cases passed; of each of its rows something must be known. What
//! is tried on a recording, and how, is the engine's `prove`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::gate::Gate;
use crate::ids::{CaseId, SuiteName, TestId};
use crate::plan::{Plan, PlannedCase};
use crate::record::CaseProof;
use crate::verdict::{Findings, TestStanding, standings};

#[cfg(test)]
mod tests;

/// How many names a sentence holds before it says how many more there are.
const NAMES: usize = 3;

/// What a gate with `proven_checks` is judged by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProvenChecks {
    /// At least this percentage is asked for.
    pub asked: u32,
    /// In the plan's order; only tests that passed in all their cases.
    pub tests: Vec<ProvenTest>,
    /// Whether time sufficed to try everything on every recording.
    pub is_complete: bool,
}

/// The checks of one test, all its cases taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenTest {
    pub suite: SuiteName,
    pub test: TestId,
    pub file: String,
    pub checks: u64,
    pub can_fail: u64,
    /// Line and text of each check that nothing made false.
    pub survivors: Vec<(u32, String)>,
    /// Why nothing is known of some row, if so.
    pub unknown: Option<String>,
}

impl ProvenChecks {
    /// `None` when the plan's gate does not ask.
    pub fn of(plan: &Plan, findings: &Findings) -> Option<Self> {
        let asked = plan.gate.as_ref().and_then(|gate| gate.proven_checks)?;
        let mut found: BTreeMap<&CaseId, Vec<&CaseProof>> = BTreeMap::new();
        for finding in &findings.cases {
            let proofs = found.entry(&finding.case).or_default();
            proofs.extend(&finding.proof);
        }
        let is_cut = |proof: &&CaseProof| {
            matches!(
                proof,
                CaseProof::Known {
                    is_complete: false,
                    ..
                }
            )
        };
        let standings = standings(plan, findings);
        let passed = standings.iter().filter(|test| test.is_passed());
        Some(Self {
            asked,
            tests: passed.map(|test| of_test(plan, test, &found)).collect(),
            is_complete: !found.values().flatten().any(is_cut),
        })
    }

    pub fn checks(&self) -> u64 {
        self.tests.iter().map(|test| test.checks).sum()
    }

    pub fn can_fail(&self) -> u64 {
        self.tests.iter().map(|test| test.can_fail).sum()
    }

    /// As many as asked, and something is known of every test.
    pub fn is_enough(&self) -> bool {
        let is_known = self.tests.iter().all(|test| test.unknown.is_none());
        is_known && self.is_share_enough()
    }

    /// `18 of 20 checks can fail (90 %), at least 95 % are asked`; the share is cut, not rounded,
    /// so that 100 % are all.
    pub fn sentence(&self) -> String {
        let (can_fail, checks, asked) = (self.can_fail(), self.checks(), self.asked);
        let noun = if checks == 1 { "check" } else { "checks" };
        format!(
            "{can_fail} of {checks} {noun} can fail ({} %), at least {asked} % are asked",
            percent(can_fail, checks)
        )
    }

    /// What keeps a GO away, one sentence each.
    pub fn doubts(&self) -> Vec<String> {
        let share = (!self.is_share_enough()).then(|| self.too_few());
        share.into_iter().chain(self.not_known()).collect()
    }

    fn is_share_enough(&self) -> bool {
        let (can_fail, checks) = (u128::from(self.can_fail()), u128::from(self.checks()));
        can_fail * 100 >= checks * u128::from(self.asked)
    }

    fn too_few(&self) -> String {
        let mut sentence = self.sentence();
        let survivors = self.tests.iter().flat_map(|test| {
            let file = &test.file;
            let survivors = test.survivors.iter();
            survivors.map(move |(line, text)| format!("`{text}` ({file}:{line})"))
        });
        let survivors = few(survivors.collect());
        // Writing to a text can't fail.
        let _ = write!(sentence, ": nothing made false {survivors}");
        if !self.is_complete {
            sentence.push_str("; time ran out before everything was tried");
        }
        sentence
    }

    fn not_known(&self) -> Option<String> {
        let unknown = self.tests.iter().filter_map(|test| {
            let why = test.unknown.as_ref()?;
            Some(format!("{} ({why})", test.test))
        });
        let unknown: Vec<String> = unknown.collect();
        (!unknown.is_empty()).then(|| {
            format!(
                "the gate asks whether checks can fail, and nothing is known of those of {}",
                few(unknown)
            )
        })
    }
}

/// A share in percent, cut after one decimal; of nothing it is 0.
pub fn percent(part: u64, of: u64) -> String {
    let tenths = (u128::from(part) * 1_000)
        .checked_div(u128::from(of))
        .unwrap_or(0);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// The cases on which a worker is to try whether checks can fail: of each test and row the first
/// that is executed, because what a check says does not depend on the region. None unless the
/// gate asks; none of a row of which a completed run brought a complete proof along. A proof that
/// was cut short, or that holds no check, does not spare its row another try.
pub fn to_prove(plan: &Plan) -> BTreeSet<CaseId> {
    let asks = |gate: &Gate| gate.proven_checks.is_some();
    if !plan.gate.as_ref().is_some_and(asks) {
        return BTreeSet::new();
    }
    let carried: BTreeMap<&CaseId, bool> = plan
        .carried
        .iter()
        .map(|result| (&result.case, result.proof.as_ref().is_some_and(is_whole)))
        .collect();
    let is_brought = |case: &&PlannedCase| carried.get(&case.id) == Some(&true);
    let mut known: BTreeSet<Row<'_>> = plan.cases.iter().filter(is_brought).map(row).collect();
    let is_executed =
        |case: &&PlannedCase| case.declared_skip.is_none() && !carried.contains_key(&case.id);
    let first = plan.cases.iter().filter(is_executed);
    first
        .filter(|case| known.insert(row(case)))
        .map(|case| case.id.clone())
        .collect()
}

/// Everything was tried, on at least one check.
fn is_whole(proof: &CaseProof) -> bool {
    match proof {
        CaseProof::Known {
            checks,
            is_complete,
        } => *is_complete && !checks.is_empty(),
        CaseProof::Unknown(_) => false,
    }
}

type Row<'plan> = (&'plan SuiteName, &'plan TestId, Option<&'plan String>);

fn row(case: &PlannedCase) -> Row<'_> {
    (&case.suite, &case.test, case.row.as_ref())
}

fn of_test(
    plan: &Plan,
    test: &TestStanding,
    found: &BTreeMap<&CaseId, Vec<&CaseProof>>,
) -> ProvenTest {
    let is_of_test = |case: &&PlannedCase| case.suite == test.suite && case.test == test.test;
    let cases: Vec<&PlannedCase> = plan.cases.iter().filter(is_of_test).collect();
    let mut checks: BTreeMap<(u32, &String), bool> = BTreeMap::new();
    // Of each row, why nothing is known; `None` once something is.
    let mut rows: BTreeMap<Option<&String>, Option<&str>> = BTreeMap::new();
    for case in &cases {
        let known = rows.entry(case.row.as_ref()).or_insert(Some("not tried"));
        for proof in found.get(&case.id).into_iter().flatten() {
            match proof {
                CaseProof::Known {
                    checks: of_case, ..
                } if !of_case.is_empty() => {
                    *known = None;
                    for check in of_case {
                        let can_fail = checks.entry((check.line, &check.expression)).or_default();
                        *can_fail |= check.can_fail;
                    }
                }
                CaseProof::Known { .. } => {}
                CaseProof::Unknown(why) => *known = known.map(|_| why.as_str()),
            }
        }
    }
    let survivors = checks.iter().filter(|(_, can_fail)| !**can_fail);
    ProvenTest {
        suite: test.suite.clone(),
        test: test.test.clone(),
        file: cases
            .first()
            .map(|case| case.file.clone())
            .unwrap_or_default(),
        checks: checks.len() as u64,
        can_fail: checks.values().filter(|can_fail| **can_fail).count() as u64,
        survivors: survivors
            .map(|((line, text), _)| (*line, (*text).clone()))
            .collect(),
        unknown: rows.values().flatten().next().map(|why| (*why).to_owned()),
    }
}

/// The first names, and how many more there are.
fn few(names: Vec<String>) -> String {
    match names.len().saturating_sub(NAMES) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMES].join(", ")),
    }
}
