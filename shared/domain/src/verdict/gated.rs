//! The word of a run with a gate: tolerances per tier, and everything that keeps a GO away.
//!
//! A tier without an entry and a suite that was not exercised are never judged by silence.

use std::collections::BTreeMap;

use super::date::Day;
use super::standing::{TestStanding, standings};
use super::{Findings, soundness};
use crate::gate::{Gate, TierGate, Tolerance, ToleratedSkip, VerdictWord};
use crate::outcome::Outcome;
use crate::plan::{Plan, Tier};

pub(super) fn judge(plan: &Plan, gate: &Gate, findings: &Findings) -> (VerdictWord, Vec<String>) {
    let tests = standings(plan, findings);
    let today = Day::of_unix_ms(plan.created_at_ms);
    let tiers: Vec<_> = Tier::ALL
        .into_iter()
        .map(|tier| TierCount::of(tier, &tests, gate, today))
        .filter(|count| count.of > 0)
        .collect();
    let entries = |count: &TierCount<'_>| -> Vec<TierGate> {
        gate.tiers.iter().filter(|entry| entry.tier == count.tier).cloned().collect()
    };
    let no_go: Vec<String> = tiers
        .iter()
        .flat_map(|count| entries(count).into_iter().find_map(|entry| count.beyond_failed(&entry)))
        .collect();
    let mut doubts = soundness::defects(plan, findings);
    doubts.extend(plan.lock_problems.iter().map(|problem| format!("lock out of date: {problem}")));
    doubts.extend(tiers.iter().filter(|count| entries(count).is_empty()).map(|count| {
        format!("{}: the gate `{}` has no entry for this tier ({})", count.tier, gate.name, count.size())
    }));
    doubts.extend(unexercised_suites(plan, &tests));
    doubts.extend(
        tiers.iter().flat_map(|count| entries(count).into_iter().find_map(|entry| count.beyond_not_proven(&entry))),
    );
    doubts.extend(
        tiers.iter().flat_map(|count| entries(count).into_iter().find_map(|entry| count.beyond_flaky(&entry))),
    );
    if doubts.is_empty() && !tests.iter().any(TestStanding::is_passed) {
        doubts.push("no test passed in all its cases, so nothing speaks for a GO".to_owned());
    }
    let accepted = tiers.iter().flat_map(|count| count.accepted(&entries(count)));
    let skips = accepted_skips(&tests, gate, today);
    conclude(no_go, doubts, accepted.chain(skips).collect(), &tests)
}
