//! The share of proven checks, and that nothing but a known and sufficient one lets a GO through.

use proptest::prelude::*;

use super::*;
use crate::gate::VerdictWord;
use crate::outcome::Outcome;
use crate::plan::{DeclaredSkip, Tier};
use crate::record::{CaseResult, CheckProof};
use crate::run::testing::result;
use crate::verdict::judge;
use crate::verdict::testing::{all_passed, plan, release};

fn asking(percent: u32) -> Plan {
    let gate = Gate {
        proven_checks: Some(percent),
        ..release()
    };
    plan(Some(gate), &[("p1", Tier::P1, 2)])
}

fn known(checks: &[(u32, bool)]) -> CaseProof {
    let checks = checks.iter().map(|&(line, can_fail)| CheckProof {
        line,
        expression: format!("check {line}"),
        can_fail,
    });
    CaseProof::Known {
        checks: checks.collect(),
        is_complete: true,
    }
}

/// All passed, and the proofs stand at those cases on which workers try it.
fn proven(plan: &Plan, proof: &CaseProof) -> Findings {
    let to_prove = to_prove(plan);
    let mut findings = all_passed(plan);
    for finding in &mut findings.cases {
        finding.proof = to_prove.contains(&finding.case).then(|| proof.clone());
    }
    findings
}

#[test]
fn each_row_is_tried_in_the_first_region_that_executes_it() {
    let mut plan = asking(95);
    assert_eq!(
        to_prove(&plan),
        ["p1::t1@eu", "p1::t2@eu"].map(CaseId::from).into()
    );
    plan.cases[0].declared_skip = Some(DeclaredSkip::NotSelected);
    assert!(to_prove(&plan).contains(&CaseId::from("p1::t1@us")));
    let carried = |proof| CaseResult {
        case: CaseId::from("p1::t2@eu"),
        proof,
        ..result("t2", Outcome::Passed)
    };
    plan.carried = vec![carried(None)];
    assert!(to_prove(&plan).contains(&CaseId::from("p1::t2@us")));
    plan.carried = vec![carried(Some(known(&[(1, true)])))];
    assert_eq!(to_prove(&plan), [CaseId::from("p1::t1@us")].into());
    plan.gate = Some(release());
    assert!(to_prove(&plan).is_empty());
}

/// As `known`, but time ran out.
fn cut(checks: &[(u32, bool)]) -> CaseProof {
    match known(checks) {
        CaseProof::Known { checks, .. } => CaseProof::Known {
            checks,
            is_complete: false,
        },
        unknown @ CaseProof::Unknown(_) => unknown,
    }
}

#[test]
fn only_a_complete_proof_that_was_brought_along_spares_its_row() {
    let mut plan = asking(95);
    let unknown = CaseProof::Unknown("there was no time to prove it".to_owned());
    for (proof, is_spared) in [
        (known(&[(1, false)]), true),
        (cut(&[(1, true)]), false),
        (known(&[]), false),
        (unknown, false),
    ] {
        plan.carried = vec![CaseResult {
            case: CaseId::from("p1::t2@eu"),
            proof: Some(proof.clone()),
            ..result("t2", Outcome::Passed)
        }];
        let is_tried = to_prove(&plan).contains(&CaseId::from("p1::t2@us"));
        assert_eq!(is_tried, !is_spared, "{proof:?}");
    }
}

#[test]
fn what_was_cut_short_counts_only_what_it_showed() {
    let plan = asking(100);
    let mut findings = proven(&plan, &known(&[(4, true)]));
    findings.cases[0].proof = Some(cut(&[(4, true), (5, false)]));
    let (word, reasons) = judge(&plan, &findings);
    assert_eq!(word, VerdictWord::Inconclusive, "{reasons:?}");
    assert!(reasons[0].contains("time ran out"), "{reasons:?}");
}

#[test]
fn as_many_as_asked_let_a_go_through() {
    let plan = asking(50);
    let findings = proven(&plan, &known(&[(4, true), (5, false)]));
    assert_eq!(judge(&plan, &findings).0, VerdictWord::Go);
    let figure = ProvenChecks::of(&plan, &findings).unwrap_or_default();
    assert!(figure.is_enough());
    assert_eq!(
        figure.sentence(),
        "2 of 4 checks can fail (50 %), at least 50 % are asked"
    );
}

#[test]
fn one_check_too_few_is_inconclusive_and_named() {
    let plan = asking(51);
    let findings = proven(&plan, &known(&[(4, true), (5, false)]));
    let (word, reasons) = judge(&plan, &findings);
    assert_eq!(word, VerdictWord::Inconclusive);
    assert_eq!(
        reasons[0],
        "2 of 4 checks can fail (50 %), at least 51 % are asked: nothing made false `check 5` \
         (p.yaml:5), `check 5` (p.yaml:5)"
    );
}

#[test]
fn a_check_that_can_fail_in_one_case_can_fail() {
    let plan = asking(100);
    let mut findings = proven(&plan, &known(&[(4, true), (5, false)]));
    for finding in &mut findings.cases {
        finding
            .proof
            .get_or_insert_with(|| known(&[(4, false), (5, true)]));
    }
    assert_eq!(judge(&plan, &findings).0, VerdictWord::Go);
}

#[test]
fn what_is_not_known_is_never_a_go() {
    let plan = asking(1);
    let unknown = CaseProof::Unknown("its recording is not judged as it was live".to_owned());
    for proof in [None, Some(known(&[])), Some(unknown)] {
        let mut findings = proven(&plan, &known(&[(4, true)]));
        findings.cases[0].proof = proof;
        let (word, reasons) = judge(&plan, &findings);
        assert_eq!(word, VerdictWord::Inconclusive, "{reasons:?}");
        assert!(
            reasons[0].contains("nothing is known of those of t1"),
            "{reasons:?}"
        );
    }
}

#[test]
fn a_failure_still_wins() {
    let plan = asking(100);
    let mut findings = proven(&plan, &known(&[(5, false)]));
    findings.cases[0].outcome = Outcome::Failed;
    assert_eq!(judge(&plan, &findings).0, VerdictWord::NoGo);
}

#[test]
fn a_share_is_cut_and_not_rounded() {
    assert_eq!(percent(999, 1_000), "99.9");
    assert_eq!(percent(99_999, 100_000), "99.9");
    assert_eq!(percent(5, 5), "100");
    assert_eq!(percent(0, 0), "0");
}

proptest! {
    /// By another road: whole numbers over all checks.
    #[test]
    fn a_go_needs_the_share(asked in 1..=100u32, first in 0..40usize, second in 1..40usize, shown in 0..80usize) {
        let plan = asking(asked);
        let lines: Vec<(u32, bool)> = (1..).zip((0..first + second).map(|at| at < shown)).collect();
        let mut findings = all_passed(&plan);
        findings.cases[0].proof = Some(known(&lines[..first]));
        findings.cases[2].proof = Some(known(&lines[first..]));
        let shown = shown.min(lines.len());
        let is_enough = first > 0 && shown * 100 >= lines.len() * asked as usize;
        prop_assert_eq!(judge(&plan, &findings).0 == VerdictWord::Go, is_enough);
    }
}
