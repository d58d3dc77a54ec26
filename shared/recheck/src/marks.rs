//! What decides a verdict beside the table: flaky cases, rejected results, how many checks can
//! fail, and every word about the environment. Lines, so that the first routine's can be compared with them as a set.

use std::collections::{BTreeMap, BTreeSet};

use proto::v1::case_proof::Proof;
use proto::v1::{CaseResult, EnvironmentChanged, Outcome, RegionProbed, ResultRejected};

use crate::pass::text;

#[derive(Default)]
pub(crate) struct Marks {
    counted: BTreeMap<String, Counted>,
    kept: Vec<(String, Outcome)>,
    lines: BTreeSet<String>,
}

/// How an execution ended a case.
struct Counted {
    outcome: Outcome,
    /// Its own tries differ.
    tries_differ: bool,
    /// What is kept of it are results of legs, of which only a failure says something of the case.
    has_legs: bool,
}

impl Marks {
    pub(crate) fn counted(&mut self, result: &CaseResult, is_taken_over: bool) {
        let counted = Counted {
            outcome: result.outcome(),
            tries_differ: result.flaky,
            has_legs: false,
        };
        self.counted.insert(result.case.clone(), counted);
        self.met(result, if is_taken_over { "carried" } else { "met" });
        self.proven(&result.case, std::slice::from_ref(result));
    }

    /// A case whose legs all brought a result.
    pub(crate) fn gang(&mut self, case: &str, outcome: Outcome, legs: &[CaseResult]) {
        let counted = Counted {
            outcome,
            tries_differ: legs.iter().any(|leg| leg.flaky),
            has_legs: true,
        };
        self.counted.insert(case.to_owned(), counted);
        for leg in legs {
            self.met(leg, "met");
        }
        self.proven(case, legs);
    }

    /// The environment that a counted result saw.
    fn met(&mut self, result: &CaseResult, kind: &str) {
        let is_sure = is_proof(result.outcome());
        let silence = if is_sure { "sure" } else { "maybe" };
        let fingerprint = text(result.fingerprint.as_ref());
        self.lines
            .insert(format!("{kind} {} {silence} {fingerprint}", result.region));
    }

    /// Only where every part was asked which of its checks can fail.
    fn proven(&mut self, case: &str, parts: &[CaseResult]) {
        let proofs = parts.iter().map(|part| part.proof.as_ref()?.proof.as_ref());
        if let Some(proofs) = proofs.collect::<Option<Vec<_>>>() {
            self.lines.insert(format!("proof {case} {}", said(&proofs)));
        }
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
        for (case, counted) in &self.counted {
            let contradicts = |(of, kept): &&(String, Outcome)| {
                let both_say = is_proof(*kept) && is_proof(counted.outcome);
                let says_enough = !counted.has_legs || *kept == Outcome::Failed;
                of == case && both_say && says_enough && *kept != counted.outcome
            };
            if counted.tries_differ || self.kept.iter().any(|kept| contradicts(&kept)) {
                self.lines.insert(format!("flaky {case}"));
            }
        }
        self.lines
    }
}

fn is_proof(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Passed | Outcome::Failed)
}

fn said(proofs: &[&Proof]) -> String {
    let (mut survivors, mut all, mut cut) = (0, 0, "");
    for proof in proofs {
        let Proof::Known(known) = proof else {
            return "unknown".to_owned();
        };
        survivors += known.checks.iter().filter(|check| !check.can_fail).count();
        all += known.checks.len();
        cut = if known.is_complete { cut } else { " cut" };
    }
    format!("{}/{all}{cut}", all - survivors)
}
