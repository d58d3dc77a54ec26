//! The word of a run with a gate: tolerances per tier, and everything that keeps a GO away.
//!
//! A tier without an entry and a suite that was not exercised are never judged by silence.

use std::collections::BTreeSet;

use super::date::Day;
use super::skips::Skips;
use super::standing::{TestStanding, standings};
use super::tier_count::TierCount;
use super::wording::causes;
use super::{Findings, soundness};
use crate::gate::{Gate, TierGate, VerdictWord};
use crate::ids::SuiteName;
use crate::plan::{Plan, Tier};
use crate::proven::ProvenChecks;

pub(super) fn judge(plan: &Plan, gate: &Gate, findings: &Findings) -> (VerdictWord, Vec<String>) {
    let tests = standings(plan, findings);
    let skips = Skips::of(gate, &tests, Day::of_unix_ms(plan.created_at_ms));
    let tiers = Tiers::count(&tests, gate, &skips);
    let failures = tiers.broken(TierCount::beyond_failed);
    let mut doubts = soundness::defects(plan, findings);
    doubts.extend(
        plan.lock_problems
            .iter()
            .map(|problem| format!("lock out of date: {problem}")),
    );
    doubts.extend(skips.ambiguous());
    doubts.extend(
        ProvenChecks::of(plan, findings)
            .iter()
            .flat_map(ProvenChecks::doubts),
    );
    doubts.extend(tiers.without_entry());
    doubts.extend(unexercised_suites(plan, &tests));
    doubts.extend(tiers.broken(TierCount::beyond_not_proven));
    doubts.extend(tiers.broken(TierCount::beyond_flaky));
    if doubts.is_empty() && !tests.iter().any(TestStanding::is_passed) {
        doubts.push("no test passed in all its cases, so nothing speaks for a GO".to_owned());
    }
    let mut accepted = tiers.accepted();
    accepted.extend(accepted_skips(&tests, &skips));
    match (failures.is_empty(), doubts.is_empty()) {
        (false, _) => (VerdictWord::NoGo, [failures, doubts].concat()),
        (true, false) => (VerdictWord::Inconclusive, [doubts, accepted].concat()),
        (true, true) => (
            VerdictWord::Go,
            [vec![go_sentence(&tests, gate)], accepted].concat(),
        ),
    }
}

/// The tiers that the plan has, each with the gate's entries for it.
struct Tiers<'run> {
    gate: &'run Gate,
    counts: Vec<(TierCount<'run>, Vec<&'run TierGate>)>,
}

impl<'run> Tiers<'run> {
    fn count(tests: &'run [TestStanding], gate: &'run Gate, skips: &Skips<'_>) -> Self {
        let counts = Tier::ALL.into_iter().map(|tier| {
            let entries = gate
                .tiers
                .iter()
                .filter(|entry| entry.tier == tier)
                .collect();
            (TierCount::of(tier, tests, skips), entries)
        });
        Self {
            gate,
            counts: counts.filter(|(count, _)| count.of > 0).collect(),
        }
    }

    /// One sentence per tier and entry that is not met.
    fn broken(&self, beyond: fn(&TierCount<'run>, &TierGate) -> Option<String>) -> Vec<String> {
        let pairs = self.counts.iter().flat_map(|(count, entries)| {
            entries.iter().filter_map(move |entry| beyond(count, entry))
        });
        pairs.collect()
    }

    fn without_entry(&self) -> Vec<String> {
        let ungated = self.counts.iter().filter(|(_, entries)| entries.is_empty());
        ungated
            .map(|(count, _)| count.without_entry(&self.gate.name))
            .collect()
    }

    fn accepted(&self) -> Vec<String> {
        let pairs = self.counts.iter().flat_map(|(count, entries)| {
            entries.iter().flat_map(move |entry| count.accepted(entry))
        });
        pairs.collect()
    }
}

/// Suites of the plan in which no case ran to a pass or a failure, whatever is tolerated.
fn unexercised_suites(plan: &Plan, tests: &[TestStanding]) -> Vec<String> {
    let of_suites = plan.suites.iter().map(|suite| &suite.name);
    let of_tests = tests.iter().map(|test| &test.suite);
    let suites: BTreeSet<&SuiteName> = of_suites.chain(of_tests).collect();
    let unexercised = suites.into_iter().filter_map(|suite| {
        let of_suite: Vec<_> = tests.iter().filter(|test| test.suite == *suite).collect();
        match of_suite.iter().any(|test| test.is_exercised()) {
            true => None,
            false if of_suite.is_empty() => Some(format!("suite {suite} has no case in this run")),
            false => Some(format!(
                "suite {suite} was not exercised: {}",
                causes(&of_suite)
            )),
        }
    });
    unexercised.collect()
}

fn accepted_skips(tests: &[TestStanding], skips: &Skips<'_>) -> Vec<String> {
    let accepted = tests
        .iter()
        .filter_map(|test| Some((test, skips.accepting(test)?)));
    let mut sentences: Vec<_> = accepted
        .map(|(test, skip)| {
            let (owner, until, why) = (&skip.owner, &skip.until, &skip.why);
            format!(
                "accepted by the gate, {}: {} skipped until {until}, owner {owner}: {why}",
                test.tier, test.test
            )
        })
        .collect();
    sentences.sort();
    sentences
}

fn go_sentence(tests: &[TestStanding], gate: &Gate) -> String {
    let passed = tests.iter().filter(|test| test.is_passed()).count();
    let of = tests.len();
    match passed == of {
        true if of == 1 => format!("the one test passed, as the gate `{}` asks", gate.name),
        true => format!(
            "all {of} tests passed in every case, as the gate `{}` asks",
            gate.name
        ),
        false => format!(
            "{passed} of {of} tests passed, and the gate `{}` accepts the rest",
            gate.name
        ),
    }
}
