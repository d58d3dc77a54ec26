//! What a gate tolerates covers no more than it says: no loss behind a tolerated failure, no other
//! suite's test, and nothing that an INCONCLUSIVE is about.

use super::*;

fn skip_of(test: &str) -> ToleratedSkip {
    ToleratedSkip {
        suite: None,
        test: TestId::from(test),
        owner: "payments".to_owned(),
        until: "2026-12-31".to_owned(),
        why: "the sandbox is moving".to_owned(),
    }
}

/// Two suites with a test `t1` each, which the plan declares as not selected in both.
fn two_skipped(skips: Vec<ToleratedSkip>) -> (Plan, Findings) {
    let mut gate = release();
    gate.tolerated_skips = skips;
    let mut plan = plan(Some(gate), &[("p1", Tier::P1, 2), ("p3", Tier::P3, 3)]);
    let is_t1 = |case: &&mut crate::plan::PlannedCase| case.test == TestId::from("t1");
    for case in plan.cases.iter_mut().filter(is_t1) {
        case.declared_skip = Some(DeclaredSkip::NotSelected);
    }
    let mut findings = all_passed(&plan);
    let both = ["p1::t1", "p3::t1"];
    end(&mut findings, &both, Outcome::Skipped, "not_selected");
    (plan, findings)
}

#[test]
fn a_lost_case_is_not_hidden_behind_a_tolerated_failure() {
    let plan = plan(Some(release()), &[("p3", Tier::P3, 15)]);
    let mut findings = all_passed(&plan);
    end(&mut findings, &["p3::t4"], Outcome::Failed, "check_failed");
    let lost = findings
        .cases
        .iter_mut()
        .find(|one| one.outcome == Outcome::Failed);
    if let Some(lost) = lost {
        (lost.outcome, lost.reason) = (Outcome::Lost, "poisoned".to_owned());
    }
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "P3: 1 not proven, 0 allowed (of 15): 1 case lost (poisoned) in t4",
    );
}

#[test]
fn a_tolerated_skip_covers_the_test_of_its_suite_alone() {
    let of_p3 = ToleratedSkip {
        suite: Some(SuiteName::from("p3")),
        ..skip_of("t1")
    };
    let (plan, findings) = two_skipped(vec![of_p3.clone()]);
    check(
        &plan,
        &findings,
        VerdictWord::Inconclusive,
        "P1: 1 not proven, 0 allowed (of 2): 2 cases skipped (not_selected) in t1",
    );
    let of_p1 = ToleratedSkip {
        suite: Some(SuiteName::from("p1")),
        ..skip_of("t1")
    };
    let (plan, findings) = two_skipped(vec![of_p3, of_p1]);
    assert_eq!(judge(&plan, &findings).0, VerdictWord::Go);
}

#[test]
fn a_tolerated_skip_that_fits_tests_of_two_suites_accepts_neither() {
    let (plan, mut findings) = two_skipped(vec![skip_of("t1")]);
    let asks = "the tolerated skip of t1 fits tests of p1, p3; write p1::t1 in the gate file for \
                the one that is meant";
    check(&plan, &findings, VerdictWord::Inconclusive, asks);
    let (_, reasons) = judge(&plan, &findings);
    assert!(
        !reasons.iter().any(|reason| reason.starts_with("accepted")),
        "{reasons:#?}"
    );
    findings = all_passed(&plan);
    check(&plan, &findings, VerdictWord::Inconclusive, asks);
}

#[test]
fn an_inconclusive_lists_as_accepted_only_what_is() {
    let plan = plan(
        Some(release()),
        &[("p1", Tier::P1, 2), ("p3", Tier::P3, 15)],
    );
    let mut findings = all_passed(&plan);
    end(&mut findings, &["p1::t2"], Outcome::Lost, "poisoned");
    end(&mut findings, &["p3::t4"], Outcome::Failed, "check_failed");
    let (word, reasons) = judge(&plan, &findings);
    assert_eq!(word, VerdictWord::Inconclusive);
    assert_eq!(
        reasons,
        [
            "P1: 1 not proven, 0 allowed (of 2): 2 cases lost (poisoned) in t2",
            "accepted by the gate, P3: 1 failed, 1 allowed (of 15): t4",
        ]
    );
}
