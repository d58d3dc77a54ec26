//! Whether the run can support any claim at all: the arithmetic, the integrity of what was
//! received, and whether there was anything to judge.

use std::collections::BTreeMap;

use super::standing::first_word;
use super::{CaseFinding, Findings, Integrity};
use crate::gate::Verdict;
use crate::ids::CaseId;
use crate::outcome::Outcome;
use crate::plan::{DeclaredSkip, Plan, PlannedCase};
use crate::run::EnvironmentDoubt;

/// Reasons that the coordinator may give for a skip that the plan did not declare.
const SKIPS_OF_THE_GRID: [&str; 2] = ["env_unreachable", "tier_gate"];

/// How sentences begin that say that a count is wrong.
const BROKEN: &str = "the count does not add up";
const DISAGREES: &str = "the second count of the raw log disagrees with the first";

/// A verdict that was written although its counts did not agree, or did not add up.
pub fn is_miscounted(verdict: &Verdict) -> bool {
    let mut reasons = verdict.reasons.iter();
    reasons.any(|reason| reason.starts_with(BROKEN) || reason.starts_with(DISAGREES))
}

/// What makes the run's figures unfit to be judged, worst first; empty when they are sound.
pub(super) fn defects(plan: &Plan, findings: &Findings) -> Vec<String> {
    let mut reasons = Vec::new();
    if plan.cases.is_empty() {
        reasons.push("the plan has no case, so nothing was shown".to_owned());
    }
    reasons.extend(set_differences(plan, findings));
    let mut integrity: Vec<_> = findings
        .integrity
        .iter()
        .map(|defect| (rank(defect), sentence(defect)))
        .collect();
    integrity.sort();
    integrity.dedup();
    reasons.extend(integrity.into_iter().map(|(_, sentence)| sentence));
    reasons
}

/// Conservation by set equality: each planned case once, and nothing else.
fn set_differences(plan: &Plan, findings: &Findings) -> Vec<String> {
    let mut planned: BTreeMap<&CaseId, u64> = BTreeMap::new();
    for case in &plan.cases {
        *planned.entry(&case.id).or_default() += 1;
    }
    let mut found: BTreeMap<&CaseId, u64> = BTreeMap::new();
    for finding in &findings.cases {
        *found.entry(&finding.case).or_default() += 1;
    }
    let twice_planned = planned.iter().filter(|(_, count)| **count > 1);
    let missing = planned.keys().filter(|case| !found.contains_key(*case));
    let twice = found.iter().filter(|(_, count)| **count > 1);
    let foreign = found.keys().filter(|case| !planned.contains_key(*case));
    let undeclared = undeclared_skips(plan, findings);
    [
        broken(
            "is in the plan twice",
            twice_planned.map(|(case, _)| *case).collect(),
        ),
        broken("has no outcome", missing.copied().collect()),
        broken(
            "has more than one outcome",
            twice.map(|(case, _)| *case).collect(),
        ),
        broken(
            "has an outcome but is not in the plan",
            foreign.copied().collect(),
        ),
        broken("was skipped for no declared reason", undeclared),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn broken(what: &str, mut cases: Vec<&CaseId>) -> Option<String> {
    cases.sort();
    let first = cases.first()?;
    let more = match cases.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    Some(format!("{BROKEN}: {first} {what}{more}"))
}

fn undeclared_skips<'run>(plan: &'run Plan, findings: &'run Findings) -> Vec<&'run CaseId> {
    let planned: BTreeMap<&CaseId, &PlannedCase> =
        plan.cases.iter().map(|case| (&case.id, case)).collect();
    let declared = |finding: &CaseFinding| {
        let why = first_word(&finding.reason);
        let by_plan = planned
            .get(&finding.case)
            .and_then(|case| case.declared_skip);
        SKIPS_OF_THE_GRID.contains(&why.as_str()) || by_plan.map(DeclaredSkip::word) == Some(&why)
    };
    let skipped = findings
        .cases
        .iter()
        .filter(|finding| finding.outcome == Outcome::Skipped);
    skipped
        .filter(|finding| !declared(finding))
        .map(|finding| &finding.case)
        .collect()
}

fn rank(defect: &Integrity) -> u8 {
    match defect {
        Integrity::ConservationBroken { .. } => 0,
        Integrity::RecheckDisagrees { .. } => 1,
        Integrity::ResultRejected { .. } => 2,
        Integrity::Environment(_) => 3,
    }
}

fn sentence(defect: &Integrity) -> String {
    match defect {
        Integrity::ConservationBroken { why } => format!("{BROKEN}: {why}"),
        Integrity::RecheckDisagrees { why } => {
            format!("{DISAGREES}: {why}")
        }
        Integrity::ResultRejected { case, why } => {
            format!("two different results arrived under one key for {case}: {why}")
        }
        Integrity::Environment(doubt) => environment(doubt),
    }
}

fn environment(doubt: &EnvironmentDoubt) -> String {
    match doubt {
        EnvironmentDoubt::Changed { region, from, to } => {
            let (from, to) = (known(from), known(to));
            format!("the environment changed under the run, seen from {region}: {from} became {to}")
        }
        EnvironmentDoubt::Differs {
            regions: [one, other],
            fingerprints: [left, right],
        } => format!(
            "the environment is not the same everywhere: {one} met {left}, {other} met {right}"
        ),
        EnvironmentDoubt::NotConfirmed { region, why } => {
            format!("the results taken over from {region} are not confirmed: {why}")
        }
    }
}

/// A fingerprint, or that there was none.
fn known(fingerprint: &str) -> &str {
    match fingerprint {
        "" => "an unknown one",
        known => known,
    }
}
