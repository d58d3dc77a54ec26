//! Verdicts on small plans. What holds for every plan is in `properties`.

use super::testing::{MADE_AT_MS, all_passed, end, plan, release};
use super::*;
use crate::gate::{Tolerance, ToleratedSkip};
use crate::ids::{SuiteName, TestId};
use crate::plan::{DeclaredSkip, Tier};

mod tolerated;

#[track_caller]
fn check(plan: &Plan, findings: &Findings, word: VerdictWord, first_reason: &str) {
    let (found, reasons) = judge(plan, findings);
    assert_eq!(
        (found, reasons.first().map(String::as_str)),
        (word, Some(first_reason)),
        "{reasons:#?}"
    );
}

#[test]
fn all_passed_is_go_with_a_gate_and_passed_without() {
    let gated = plan(Some(release()), &[("p1", Tier::P1, 2)]);
    check(
        &gated,
        &all_passed(&gated),
        VerdictWord::Go,
        "all 2 tests passed in every case, as the gate `release` asks",
    );
    let ungated = plan(None, &[("p1", Tier::P1, 2)]);
    check(
        &ungated,
        &all_passed(&ungated),
        VerdictWord::Passed,
        "all 2 tests passed in all their 4 cases",
    );
}

#[test]
fn a_failure_in_one_region_fails_its_test_once() {
    let plan = plan(Some(release()), &[("p1", Tier::P1, 3)]);
    let mut findings = all_passed(&plan);
    findings.cases[0].outcome = Outcome::Failed;
    check(
        &plan,
        &findings,
        VerdictWord::NoGo,
        "P1: 1 failed, 0 allowed (of 3): t1",
    );
    findings.cases[1].outcome = Outcome::Failed;
    check(
        &plan,
        &findings,
        VerdictWord::NoGo,
        "P1: 1 failed, 0 allowed (of 3): t1",
    );
}

#[test]
fn below_five_percent_is_strictly_below() {
    for (tests, allowed) in [(0, 0), (1, 0), (20, 0), (21, 1), (40, 1), (41, 2), (100, 4)] {
        assert_eq!(
            Tolerance::BelowPercent(5).allowed(tests),
            allowed,
            "of {tests}"
        );
    }
    assert_eq!(Tolerance::BelowPercent(0).allowed(50), 0);
    assert_eq!(Tolerance::BelowPercent(u32::MAX).allowed(7), 7);
    assert_eq!(Tolerance::Tests(9).allowed(7), 7);
}

#[test]
fn a_go_lists_by_name_what_it_accepts() {
    let plan = plan(Some(release()), &[("p3", Tier::P3, 15)]);
    let mut findings = all_passed(&plan);
    end(&mut findings, &["p3::t4"], Outcome::Failed, "check_failed");
    let (word, reasons) = judge(&plan, &findings);
    assert_eq!(word, VerdictWord::Go);
    assert_eq!(
        reasons,
        [
            "14 of 15 tests passed, and the gate `release` accepts the rest",
            "accepted by the gate, P3: 1 failed, 1 allowed (of 15): t4",
        ]
    );
    end(&mut findings, &["p3::t9"], Outcome::Failed, "check_failed");
    check(
        &plan,
        &findings,
        VerdictWord::NoGo,
        "P3: 2 failed, 1 allowed (of 15): t4, t9",
    );
}

#[test]
fn the_environment_being_down_is_inconclusive() {
    let plan = plan(Some(release()), &[("p1", Tier::P1, 2)]);
    let mut findings = all_passed(&plan);
    end(
        &mut findings,
        &["p1::t1", "p1::t2"],
        Outcome::Skipped,
        "env_unreachable: refused",
    );
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "suite p1 was not exercised: 4 cases skipped (env_unreachable) in t1, t2",
    );
}

#[test]
fn what_is_not_proven_is_named_with_its_reason() {
    let plan = plan(Some(release()), &[("p1", Tier::P1, 3)]);
    let mut findings = all_passed(&plan);
    end(&mut findings, &["p1::t2"], Outcome::Lost, "poisoned");
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "P1: 1 not proven, 0 allowed (of 3): 2 cases lost (poisoned) in t2",
    );
    findings.cases[0].outcome = Outcome::Failed;
    check(
        &plan,
        &findings,
        VerdictWord::NoGo,
        "P1: 1 failed, 0 allowed (of 3): t1",
    );
}

#[test]
fn a_tier_that_the_gate_does_not_name_is_inconclusive() {
    let plan = plan(Some(release()), &[("p1", Tier::P1, 1), ("p6", Tier::P6, 2)]);
    let mut findings = all_passed(&plan);
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "P6: the gate `release` says nothing of this tier (2 tests)",
    );
    end(&mut findings, &["p6::t1"], Outcome::Failed, "check_failed");
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "P6: the gate `release` says nothing of this tier (2 tests, 1 failed: t1)",
    );
}

#[test]
fn an_accepted_skip_holds_to_its_last_day_and_only_for_declared_skips() {
    let mut gate = release();
    gate.tolerated_skips = vec![ToleratedSkip {
        suite: None,
        test: TestId::from("t1"),
        owner: "payments".to_owned(),
        until: "2026-03-01".to_owned(),
        why: "the sandbox is moving".to_owned(),
    }];
    let mut plan = plan(Some(gate), &[("p1", Tier::P1, 2)]);
    let mut findings = all_passed(&plan);
    end(&mut findings, &["p1::t1"], Outcome::Skipped, "quarantined");
    for case in plan
        .cases
        .iter_mut()
        .filter(|case| case.test == TestId::from("t1"))
    {
        case.declared_skip = Some(DeclaredSkip::Quarantined);
    }
    let (word, reasons) = judge(&plan, &findings);
    assert_eq!(word, VerdictWord::Go);
    assert_eq!(
        reasons[1],
        "accepted by the gate, P1: t1 skipped until 2026-03-01, owner payments: the sandbox is moving"
    );
    let beyond = "P1: 1 not proven, 0 allowed (of 2): 2 cases skipped (quarantined) in t1";
    plan.created_at_ms += 12 * 3_600_000;
    check(&plan, &findings, VerdictWord::Inconclusive, beyond);
    plan.created_at_ms = MADE_AT_MS;
    end(
        &mut findings,
        &["p1::t1"],
        Outcome::Skipped,
        "env_unreachable",
    );
    assert_eq!(judge(&plan, &findings).0, VerdictWord::Inconclusive);
    end(&mut findings, &["p1::t1"], Outcome::Skipped, "quarantined");
    if let Some(gate) = &mut plan.gate {
        gate.tolerated_skips[0].owner = " ".to_owned();
    }
    check(&plan, &findings, VerdictWord::Inconclusive, beyond);
}

#[test]
fn a_suite_wholly_skipped_is_inconclusive_though_each_skip_is_accepted() {
    let mut gate = release();
    gate.tiers[0].not_proven = Tolerance::Tests(99);
    let mut plan = plan(Some(gate), &[("p1", Tier::P1, 1), ("more", Tier::P1, 1)]);
    for case in plan
        .cases
        .iter_mut()
        .filter(|case| case.suite == SuiteName::from("more"))
    {
        case.declared_skip = Some(DeclaredSkip::NotSelected);
    }
    let mut findings = all_passed(&plan);
    end(
        &mut findings,
        &["more::t1"],
        Outcome::Skipped,
        "not_selected",
    );
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "suite more was not exercised: 2 cases skipped (not_selected) in t1",
    );
}

#[test]
fn a_skip_that_nobody_declared_breaks_the_count() {
    for gate in [None, Some(release())] {
        let word = if gate.is_some() {
            VerdictWord::Inconclusive
        } else {
            VerdictWord::Incomplete
        };
        let plan = plan(gate, &[("p1", Tier::P1, 2)]);
        let mut findings = all_passed(&plan);
        end(&mut findings, &["p1::t1"], Outcome::Skipped, "felt_like_it");
        check(
            &plan,
            &findings,
            word,
            "the count does not add up: p1::t1@eu was skipped for no declared reason (and 1 more)",
        );
    }
}

#[test]
fn a_pass_without_evidence_proves_nothing() {
    let plan = plan(Some(release()), &[("p1", Tier::P1, 2)]);
    let mut findings = all_passed(&plan);
    findings.cases[0].evidence.checks = 0;
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "P1: 1 not proven, 0 allowed (of 2): 1 case unproven (no_evidence) in t1",
    );
}

#[test]
fn an_empty_plan_shows_nothing() {
    for (gate, word) in [
        (None, VerdictWord::Incomplete),
        (Some(release()), VerdictWord::Inconclusive),
    ] {
        let plan = plan(gate, &[]);
        check(
            &plan,
            &Findings::default(),
            word,
            "the plan has no case, so nothing was shown",
        );
    }
}

#[test]
fn flaky_tests_beyond_tolerance_keep_a_go_away() {
    let plan = plan(Some(release()), &[("p1", Tier::P1, 2)]);
    let mut findings = all_passed(&plan);
    findings.cases[0].flaky = true;
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "P1: 1 flaky, 0 allowed (of 2): t1",
    );
}

#[test]
fn without_a_gate_one_failure_decides_and_one_gap_is_incomplete() {
    let plan = plan(None, &[("p1", Tier::P1, 2)]);
    let mut findings = all_passed(&plan);
    end(&mut findings, &["p1::t1"], Outcome::Cancelled, "deadline");
    check(
        &plan,
        &findings,
        VerdictWord::Incomplete,
        "1 test not proven (of 2): 2 cases cancelled (deadline) in t1",
    );
    end(&mut findings, &["p1::t2"], Outcome::Failed, "check_failed");
    check(
        &plan,
        &findings,
        VerdictWord::Failed,
        "1 test failed (of 2): t2",
    );
}
