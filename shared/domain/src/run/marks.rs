//! What decides a verdict beside the table, as lines that the second routine writes as well.
//!
//! Flaky cases, rejected results, changes of the environment, preflights, and the environment that
//! each counted result met, and how many of its
//! checks can fail. Late results are never part of it. `recheck` writes the same lines from
//! its own reading of the raw log.

use std::collections::BTreeSet;

use crate::record::CaseProof;
use crate::run::Run;

/// One line per mark, sorted; two readings of one log give the same set.
pub fn marks(run: &Run) -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    for (case, facts) in run.cases() {
        if facts.is_flaky() {
            marks.insert(format!("flaky {}", case.id));
        }
        let kind = if facts.is_carried() { "carried" } else { "met" };
        marks.extend(facts.counted().map(|result| {
            let silence = match result.outcome.is_not_proven() {
                true => "maybe",
                false => "sure",
            };
            let (region, fingerprint) = (&result.region, &result.fingerprint);
            format!("{kind} {region} {silence} {fingerprint}")
        }));
        let proof = facts.result().and_then(|result| result.proof.as_ref());
        marks.extend(proof.map(|proof| format!("proof {} {}", case.id, of_proof(proof))));
    }
    marks.extend(run.rejected().iter().map(|aside| {
        let (attempt, seq, case) = (aside.attempt.0, aside.seq, &aside.result.case);
        format!("rejected {attempt}/{seq} {case}")
    }));
    let changes = run.environment_changes().iter();
    marks.extend(changes.map(|change| {
        let (region, from, to) = (&change.region, &change.from, &change.to);
        format!("changed {region} {from} {to}")
    }));
    let preflights = run.preflights().iter();
    marks.extend(preflights.map(|(region, preflight)| {
        let colour = if preflight.green { "green" } else { "red" };
        format!("probed {region} {colour} {}", preflight.fingerprint)
    }));
    marks
}

/// `9/10`, `9/10 cut` when time ran out, or `unknown`.
fn of_proof(proof: &CaseProof) -> String {
    match proof {
        CaseProof::Known {
            checks,
            is_complete,
        } => {
            let can_fail = checks.iter().filter(|check| check.can_fail).count();
            let end = if *is_complete { "" } else { " cut" };
            format!("{can_fail}/{}{end}", checks.len())
        }
        CaseProof::Unknown(_) => "unknown".to_owned(),
    }
}
