//! What decides a verdict beside the table: flaky cases, rejected results, how many checks can
//! fail, and every word about the environment. Lines, so that the first routine's can be compared with them as a set.

use std::collections::{BTreeMap, BTreeSet};

use proto::v1::case_proof::Proof;
use proto::v1::{CaseResult, EnvironmentChanged, Outcome, RegionProbed, ResultRejected};

use crate::pass::text;

#[derive(Default)]
pub(crate) struct Marks {
    /// Outcome of each case that an execution ended, and whether its own tries differ.
    counted: BTreeMap<String, (Outcome, bool)>,
    kept: Vec<(String, Outcome)>,
    lines: BTreeSet<String>,
}

impl Marks {
    pub(crate) fn counted(&mut self, result: &CaseResult, is_taken_over: bool) {
        let outcome = result.outcome();
        let tries_differ = result.flaky;
        self.counted
            .insert(result.case.clone(), (outcome, tries_differ));
        let kind = if is_taken_over { "carried" } else { "met" };
        let silence = if is_proof(outcome) { "sure" } else { "maybe" };
        let fingerprint = text(result.fingerprint.as_ref());
        self.lines
            .insert(format!("{kind} {} {silence} {fingerprint}", result.region));
        let proof = result.proof.as_ref().and_then(|proof| proof.proof.as_ref());
        self.lines
            .extend(proof.map(|proof| format!("proof {} {}", result.case, said(proof))));
    }

    pub(crate) fn kept(&mut self, result: Option<&CaseResult>) {
        self.kept
            .extend(result.map(|result| (result.case.clone(), result.outcome())));
    }

    pub(crate) fn rejected(&mut self, rejected: &ResultRejected) {
        let case = rejected.result.as_ref().map(|result| result.case.as_str());
        self.lines.insert(format!(
            "rejected {}/{} {}",
            rejected.attempt,
            rejected.seq,
            case.unwrap_or_default()
        ));
    }

    pub(crate) fn changed(&mut self, changed: &EnvironmentChanged) {
        let EnvironmentChanged { region, from, to } = changed;
        self.lines.insert(format!("changed {region} {from} {to}"));
    }

    pub(crate) fn probed(&mut self, probed: &RegionProbed) {
        let preflight = probed.preflight.clone().unwrap_or_default();
        let colour = if preflight.green { "green" } else { "red" };
        self.lines.insert(format!(
            "probed {} {colour} {}",
            probed.region, preflight.fingerprint
        ));
    }

    /// All lines, when the last event was read: a kept result may come before the counted one.
    pub(crate) fn finish(mut self) -> BTreeSet<String> {
        for (case, (outcome, tries_differ)) in &self.counted {
            let contradicts = |(of, kept): &&(String, Outcome)| {
                of == case && is_proof(*kept) && is_proof(*outcome) && kept != outcome
            };
            if *tries_differ || self.kept.iter().any(|kept| contradicts(&kept)) {
                self.lines.insert(format!("flaky {case}"));
            }
        }
        self.lines
    }
}

fn is_proof(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Passed | Outcome::Failed)
}

fn said(proof: &Proof) -> String {
    match proof {
        Proof::Known(known) => {
            let survivors = known.checks.iter().filter(|check| !check.can_fail).count();
            let all = known.checks.len();
            let cut = if known.is_complete { "" } else { " cut" };
            format!("{}/{all}{cut}", all - survivors)
        }
        Proof::Unknown(_) => "unknown".to_owned(),
    }
}
