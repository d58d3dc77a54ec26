//! Known issues, risks, recommendations and the conclusion: each a sentence made of the data.

use domain::gate::VerdictWord;
use domain::outcome::Outcome;
use domain::plan::DeclaredSkip;
use domain::run::ClosedGate;
use domain::value::ValueState;

use crate::change::{Change, changes};
use crate::figures::{count, grouped, money};
use crate::first_screen::{gap, headline, unplanned_tiers};
use crate::summary::{CaseLine, Signature, Summary};

/// What is known to be wrong: failures, quarantined and flaky tests.
pub fn known_issues(summary: &Summary) -> Vec<String> {
    let failed = summary
        .signatures
        .iter()
        .filter(|signature| signature.outcome == Outcome::Failed);
    let mut issues: Vec<_> = failed.map(failure).collect();
    let quarantined = DeclaredSkip::Quarantined.word();
    let gaps = summary.gaps.iter().filter(|gap| gap.reason == quarantined);
    issues.extend(
        gaps.flat_map(|gap| &gap.tests)
            .map(|test| format!("{test} is quarantined")),
    );
    let flaky = |case: &&CaseLine| format!("{} is flaky: {}", case.id, case.endings().join("; "));
    issues.extend(summary.flaky().iter().map(flaky));
    issues
}

/// What may be wrong without this run having shown it.
pub fn risks(summary: &Summary) -> Vec<String> {
    let mut risks: Vec<_> = summary
        .gaps
        .iter()
        .map(|of| format!("not shown: {}", gap(of)))
        .collect();
    let unplanned: Vec<_> = unplanned_tiers(summary)
        .iter()
        .map(|tier| tier.word())
        .collect();
    if !unplanned.is_empty() {
        risks.push(format!("no test is planned in {}", unplanned.join(", ")));
    }
    risks.extend(value_at_risk(summary));
    risks.extend(environment_risks(summary));
    risks.extend(grid_risks(summary));
    risks
}

/// What to do next, most weighty first.
pub fn recommendations(summary: &Summary) -> Vec<Change> {
    let mut changes = changes(summary);
    let short = summary
        .value
        .lines
        .iter()
        .filter(|line| line.state == ValueState::NotVerified);
    changes.extend(short.map(|line| Change {
        what: format!("{} is not verified: {}", line.name, line.why),
        command: None,
    }));
    changes
}

/// The verdict in a paragraph.
pub fn conclusion(summary: &Summary) -> String {
    let tests = &summary.tests;
    let regions = count(
        u64::try_from(summary.regions.len()).unwrap_or(u64::MAX),
        "region",
    );
    let advice = match summary.verdict.as_ref().map(|verdict| verdict.word) {
        Some(VerdictWord::Go) => "By its gate, this environment is fit to ship",
        Some(VerdictWord::NoGo) => "By its gate, this environment is not fit to ship",
        Some(VerdictWord::Inconclusive) => "Whether this environment is fit to ship was not shown",
        Some(VerdictWord::Passed) => "Everything that was asked held; no gate was asked",
        Some(VerdictWord::Failed) => "Something that was asked did not hold; no gate was asked",
        Some(VerdictWord::Incomplete) => {
            "Nothing failed, and not everything was shown; no gate was asked"
        }
        None => "The run goes on; this is a partial report",
    };
    format!(
        "{}. {advice}. {} of {} passed over {regions}, {} failed, {} not proven.",
        headline(summary),
        grouped(tests.passed),
        count(tests.planned, "test"),
        grouped(tests.failed),
        grouped(tests.not_proven),
    )
}

/// Why what had not begun was held back: `the tier gate closed at P1: 1 failed, 0 allowed (of 8)`.
pub(crate) fn closed_gate(gate: &ClosedGate) -> String {
    let tier = gate.tier.word();
    let why = gate.why.strip_prefix(tier).unwrap_or(&gate.why);
    format!(
        "the tier gate closed at {tier}: {}",
        why.trim_start_matches([':', ' '])
    )
}

/// `1 try`, `3 tries`.
pub(crate) fn tries(number: u32) -> String {
    match number {
        1 => "1 try".to_owned(),
        more => format!("{more} tries"),
    }
}

fn failure(signature: &Signature) -> String {
    let why = match &signature.cause {
        Some(cause) => cause.sentence(),
        None => signature.reason.clone(),
    };
    format!(
        "{} fails in {}: {why}",
        signature.test,
        signature.regions.join(", ")
    )
}

fn value_at_risk(summary: &Summary) -> Vec<String> {
    let states = [ValueState::Failing, ValueState::NotVerified];
    let at_risk = states.map(|state| (state, summary.value.sum_of(state)));
    let shown = at_risk.into_iter().filter(|(_, sum)| *sum > 0);
    let total = money(summary.value.total(), &summary.value.currency);
    shown
        .map(|(state, sum)| {
            format!(
                "value: {} of {total} a month is {}",
                grouped(sum),
                state.word()
            )
        })
        .collect()
}

fn environment_risks(summary: &Summary) -> Vec<String> {
    let mut risks = Vec::new();
    for (region, seen) in &summary.preflights {
        if !seen.green {
            risks.push(format!("the environment did not answer from {region}"));
        } else if seen.fingerprint.is_empty() {
            risks.push(format!("seen from {region}, the environment does not tell its revision: a redeploy under the run would go unnoticed"));
        }
    }
    let mut known: Vec<_> = summary
        .preflights
        .values()
        .map(|seen| &seen.fingerprint)
        .filter(|one| !one.is_empty())
        .collect();
    known.sort();
    known.dedup();
    if known.len() > 1 {
        risks.push("regions met different revisions of the environment".to_owned());
    }
    risks.extend(summary.environment_changes.iter().map(|change| {
        format!(
            "the environment changed under the run, seen from {}",
            change.region
        )
    }));
    if summary.regions.len() == 1 {
        risks.push("one region only: nothing is known of the others".to_owned());
    }
    risks
}

fn grid_risks(summary: &Summary) -> Vec<String> {
    let fleet = &summary.fleet;
    let length = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let lines = [
        (
            fleet.leases.lost,
            "lease",
            "lost with a worker; what was begun may have been executed twice",
        ),
        (
            length(fleet.kept.len()),
            "result",
            "of a lost lease kept beside the counted ones",
        ),
        (
            length(fleet.rejected.len()),
            "result",
            "rejected: two contents under one key",
        ),
        (
            length(fleet.late.len()),
            "result",
            "came after the verdict and did not count",
        ),
        (
            summary.missing_records,
            "record",
            "could not be read: details of these cases are missing here",
        ),
    ];
    let shown = lines.into_iter().filter(|(number, _, _)| *number > 0);
    shown
        .map(|(number, noun, what)| format!("{} {what}", count(number, noun)))
        .collect()
}
