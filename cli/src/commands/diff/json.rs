//! A difference for programs. Names are those of report.json where it has the same thing.

use serde_json::{Value, json};

use super::compare::{Difference, Head, Meaning};

pub(super) fn of(difference: &Difference) -> Value {
    let [before, after] = &difference.runs;
    let cases = difference.cases.iter().map(|case| {
        json!({
            "case": case.case,
            "change": word(case.meaning),
            "before": case.before,
            "after": case.after,
            "reason": case.why,
        })
    });
    let totals = difference
        .totals
        .iter()
        .map(|(outcome, was, is)| (outcome.to_string(), json!({"before": was, "after": is})));
    let times = difference.times.changed.iter().map(|one| {
        json!({
            "test": one.test,
            "p95_ms": {"before": one.change.before_p95, "after": one.change.after_p95},
            "exchanges": {"before": one.change.n_before, "after": one.change.n_after},
        })
    });
    json!({
        "before": head(before),
        "after": head(after),
        "totals": totals.collect::<serde_json::Map<_, _>>(),
        "cases": cases.collect::<Vec<_>>(),
        "only_before": difference.gone,
        "only_after": difference.new,
        "unchanged_cases": difference.n_same,
        "times": {
            "changed": times.collect::<Vec<_>>(),
            "compared_tests": difference.times.n_compared,
            "tests_with_too_few_exchanges": difference.times.n_too_few,
        },
        "plan": difference.plan,
    })
}

fn head(head: &Head) -> Value {
    json!({
        "run": head.run,
        "verdict": head.verdict,
        "reason": head.reason,
        "environment": head.environment,
        "created_at_ms": head.created_at_ms,
        "planned": head.planned,
    })
}

fn word(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::FailedAnew => "failed_anew",
        Meaning::NoLongerProven => "no_longer_proven",
        Meaning::Mended => "mended",
        Meaning::NowProven => "now_proven",
        Meaning::OtherReason => "other_reason",
        Meaning::Flakiness => "flakiness",
    }
}
