//! Where a line of value stands, over plans of one suite.

use proptest::prelude::*;

use super::*;
use crate::outcome::Outcome;
use crate::plan::Tier;
use crate::verdict::testing::{all_passed, end, plan, release};

fn line(name: &str, mrr: u64, needs: Needs) -> ValueLine {
    ValueLine {
        name: name.to_owned(),
        mrr,
        needs,
    }
}

#[track_caller]
fn check(plan: &Plan, findings: &Findings, state: ValueState, why: &str, tests: &[&str]) {
    let value = assess(plan, findings);
    let found = &value.lines[0];
    let names: Vec<_> = found.tests.iter().map(TestId::as_str).collect();
    assert_eq!(
        (found.state, found.why.as_str(), names),
        (state, why, tests.to_vec())
    );
}

#[test]
fn too_few_tests_verify_nothing() {
    let mut plan = plan(Some(release()), &[("p1", Tier::P1, 8)]);
    plan.value = vec![line("P1", 120_000, Needs::Tests(25))];
    let value = assess(&plan, &all_passed(&plan));
    assert_eq!(value.lines[0].why, "8 of 25 tests exist");
    assert_eq!(value.lines[0].tests.len(), 8);
    assert_eq!(value.sum_of(ValueState::NotVerified), 120_000);
    assert_eq!(value.total(), 120_000);
    plan.currency = "EUR".to_owned();
    assert_eq!(assess(&plan, &all_passed(&plan)).currency, "EUR");
}

#[test]
fn a_line_is_verified_by_all_its_tests_in_all_cases() {
    let mut plan = plan(None, &[("p1", Tier::P1, 2)]);
    plan.value = vec![line("p1", 5, Needs::Tests(2))];
    let mut findings = all_passed(&plan);
    check(
        &plan,
        &findings,
        ValueState::Verified,
        "2 of 2 tests passed in every case",
        &["t1", "t2"],
    );
    findings.cases[0].flaky = true;
    check(
        &plan,
        &findings,
        ValueState::NotVerified,
        "1 of 2 tests flaky",
        &["t1"],
    );
    findings.cases[2].outcome = Outcome::Lost;
    check(
        &plan,
        &findings,
        ValueState::NotVerified,
        "1 of 2 tests not proven",
        &["t2"],
    );
    end(&mut findings, &["p1::t2"], Outcome::Failed, "check_failed");
    check(
        &plan,
        &findings,
        ValueState::Failing,
        "1 of 2 tests failed",
        &["t2"],
    );
}

#[test]
fn a_capability_is_what_its_suites_say_they_stand_for() {
    let mut plan = plan(None, &[("chat", Tier::P1, 1), ("other", Tier::P1, 1)]);
    plan.suites[0].value = Some("live chat".to_owned());
    plan.value = vec![line("live chat", 5, Needs::Tests(1))];
    let mut findings = all_passed(&plan);
    end(
        &mut findings,
        &["other::t1"],
        Outcome::Failed,
        "check_failed",
    );
    check(
        &plan,
        &findings,
        ValueState::Verified,
        "1 of 1 test passed in every case",
        &["t1"],
    );
}

#[test]
fn named_tests_must_all_be_there() {
    let mut plan = plan(Some(release()), &[("p1", Tier::P1, 2)]);
    let needs = Needs::Named(vec![TestId::from("t1"), TestId::from("t9")]);
    plan.value = vec![line("billing", 5, needs)];
    check(
        &plan,
        &all_passed(&plan),
        ValueState::NotVerified,
        "1 of 2 tests exist",
        &["t1"],
    );
}

#[test]
fn a_line_that_asks_for_nothing_and_has_nothing_is_not_verified() {
    let mut plan = plan(None, &[("p1", Tier::P1, 1)]);
    plan.value = vec![line("P5", 5, Needs::Tests(0))];
    check(
        &plan,
        &all_passed(&plan),
        ValueState::NotVerified,
        "0 of 0 tests are in this run",
        &[],
    );
}

proptest! {
    #[test]
    fn the_three_sums_add_up_to_the_total(
        lines in proptest::collection::vec((0..6usize, 0..1_000_000u64, 0..5u32), 0..8),
        ends in proptest::collection::vec(proptest::sample::select(Outcome::ALL.to_vec()), 16),
    ) {
        let names = ["P1", "P2", "core", "p1", "nothing", "P6"];
        let mut plan = plan(None, &[("p1", Tier::P1, 4), ("p2", Tier::P2, 4)]);
        plan.value = lines.iter().map(|(name, mrr, n)| line(names[*name], *mrr, Needs::Tests(*n))).collect();
        let mut findings = all_passed(&plan);
        for (finding, outcome) in findings.cases.iter_mut().zip(ends) {
            finding.outcome = outcome;
        }
        let value = assess(&plan, &findings);
        let states = [ValueState::Verified, ValueState::Failing, ValueState::NotVerified];
        let sum: u64 = states.into_iter().map(|state| value.sum_of(state)).sum();
        prop_assert_eq!(sum, value.total());
        prop_assert_eq!(sum, lines.iter().map(|(_, mrr, _)| mrr).sum::<u64>());
    }
}
