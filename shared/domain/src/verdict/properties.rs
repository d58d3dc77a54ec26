//! What holds for the verdict on every plan and every way its cases may end.

use proptest::prelude::*;

use super::testing::{PROOF, all_passed, plan, release};
use super::*;
use crate::gate::{Gate, TierGate, Tolerance};
use crate::ids::Region;
use crate::plan::Tier;

fn integrity() -> impl Strategy<Value = Integrity> {
    let why = || "why".to_owned();
    prop_oneof![
        Just(Integrity::ResultRejected {
            case: CaseId::from("p1::t1@eu"),
            why: why()
        }),
        Just(Integrity::Environment(EnvironmentDoubt::Changed {
            region: Region::from("eu"),
            from: why(),
            to: why()
        })),
        Just(Integrity::Environment(EnvironmentDoubt::Differs {
            regions: ["eu", "us"].map(Region::from),
            fingerprints: [why(), why()]
        })),
        Just(Integrity::Environment(EnvironmentDoubt::NotConfirmed {
            region: Region::from("eu"),
            why: why()
        })),
        Just(Integrity::RecheckDisagrees { why: why() }),
        Just(Integrity::ConservationBroken { why: why() }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    proptest::sample::select(Outcome::ALL.to_vec())
}

fn tolerance() -> impl Strategy<Value = Tolerance> {
    prop_oneof![
        (0..30u32).prop_map(Tolerance::Tests),
        (0..120u32).prop_map(Tolerance::BelowPercent)
    ]
}

/// A gate as lax or strict as can be written, for some of the tiers.
fn any_gate() -> impl Strategy<Value = Gate> {
    let tier = proptest::sample::select(Tier::ALL.to_vec());
    let entry = (tier, tolerance(), tolerance(), tolerance()).prop_map(
        |(tier, failed, not_proven, flaky)| TierGate {
            tier,
            failed,
            not_proven,
            flaky,
        },
    );
    proptest::collection::vec(entry, 0..9).prop_map(|tiers| Gate { tiers, ..release() })
}

/// A gate with an entry for each of the three tiers, mostly lax.
fn lax_gate() -> impl Strategy<Value = Gate> {
    let entries = [Tier::P1, Tier::P2, Tier::P3].map(|tier| {
        (tolerance(), tolerance(), tolerance()).prop_map(move |(failed, not_proven, flaky)| {
            TierGate {
                tier,
                failed,
                not_proven,
                flaky,
            }
        })
    });
    entries.prop_map(|tiers| Gate {
        tiers: tiers.to_vec(),
        ..release()
    })
}

/// Any end of any case, over three suites.
fn any_run(gate: impl Strategy<Value = Option<Gate>>) -> impl Strategy<Value = (Plan, Findings)> {
    let ends = proptest::collection::vec((outcome(), any::<bool>(), 0..3u64, 0..3u64), 26);
    (gate, ends, 0..4usize).prop_map(|(gate, ends, passed)| {
        let plan = plan(
            gate,
            &[
                ("p1", Tier::P1, 3),
                ("p2", Tier::P2, 6),
                ("p3", Tier::P3, 4),
            ],
        );
        let mut findings = all_passed(&plan);
        for (finding, (outcome, flaky, exchanges, checks)) in findings.cases.iter_mut().zip(ends) {
            // Without a bias towards passing, hardly any run would be near a GO.
            if passed > 0 && !(exchanges + checks).is_multiple_of(4) {
                continue;
            }
            (finding.outcome, finding.flaky) = (outcome, flaky);
            finding.evidence = Evidence {
                exchanges,
                checks,
                ..PROOF
            };
            finding.reason = if outcome == Outcome::Skipped {
                "tier_gate"
            } else {
                "why"
            }
            .to_owned();
        }
        (plan, findings)
    })
}

proptest! {
    #[test]
    fn any_step_away_from_passed_in_p1_is_never_go(at in 0..6usize, to in outcome(), cut in 0..4u8) {
        let plan = plan(Some(release()), &[("p1", Tier::P1, 3), ("p2", Tier::P2, 6)]);
        let mut findings = all_passed(&plan);
        match (cut, to) {
            (0, _) => { findings.cases.remove(at); }
            (1, _) => findings.cases[at].evidence.exchanges = 0,
            (2, _) => findings.cases[at].flaky = true,
            (_, Outcome::Passed) => findings.cases[at].case = CaseId::from("p1::t9@eu"),
            (_, to) => findings.cases[at].outcome = to,
        }
        prop_assert_ne!(judge(&plan, &findings).0, VerdictWord::Go);
    }

    #[test]
    fn nothing_that_pollutes_a_run_lets_a_go_through(
        gate in any_gate(), defects in proptest::collection::vec(integrity(), 1..4),
    ) {
        let plan = plan(Some(gate), &[("p1", Tier::P1, 3)]);
        let mut findings = all_passed(&plan);
        findings.integrity = defects;
        prop_assert_eq!(judge(&plan, &findings).0, VerdictWord::Inconclusive);
    }

    #[test]
    fn a_lock_problem_never_goes(gate in any_gate(), problem in "[a-z ]{1,20}") {
        let mut plan = plan(Some(gate), &[("p1", Tier::P1, 3)]);
        plan.lock_problems.push(problem);
        prop_assert_eq!(judge(&plan, &all_passed(&plan)).0, VerdictWord::Inconclusive);
    }

    #[test]
    fn order_has_no_influence((plan, findings) in any_run(proptest::option::of(any_gate())), by in 0..26usize) {
        let (mut plan_2, mut findings_2) = (plan.clone(), findings.clone());
        plan_2.cases.rotate_left(by);
        plan_2.suites.reverse();
        findings_2.cases.reverse();
        findings_2.integrity.reverse();
        prop_assert_eq!(judge(&plan, &findings), judge(&plan_2, &findings_2));
    }

    #[test]
    fn a_failure_beyond_tolerance_wins_over_everything(
        (plan, findings) in any_run(Just(Some(release()))), defects in proptest::collection::vec(integrity(), 0..3),
    ) {
        let is_in_p1 = |finding: &&CaseFinding| finding.case.as_str().starts_with("p1::");
        let failed = findings.cases.iter().filter(is_in_p1).any(|one| one.outcome == Outcome::Failed);
        let findings = Findings { integrity: defects, ..findings };
        let (word, _) = judge(&plan, &findings);
        prop_assert!(!failed || word == VerdictWord::NoGo);
    }

    /// The rules once more, by another road: a GO needs every tier within what its entry allows.
    #[test]
    fn a_go_is_within_every_tolerance((plan, findings) in any_run(lax_gate().prop_map(Some))) {
        let (word, reasons) = judge(&plan, &findings);
        prop_assert!(!reasons.is_empty());
        prop_assume!(word == VerdictWord::Go);
        for tier in [Tier::P1, Tier::P2, Tier::P3] {
            let tests: Vec<_> = standings(&plan, &findings).into_iter().filter(|test| test.tier == tier).collect();
            let entries = plan.gate.iter().flat_map(|gate| &gate.tiers).filter(|entry| entry.tier == tier);
            let (mut n_entries, of) = (0, tests.len() as u64);
            for entry in entries {
                n_entries += 1;
                let count = |is: fn(&TestStanding) -> bool| tests.iter().filter(|test| is(test)).count() as u64;
                prop_assert!(count(TestStanding::is_failed) <= entry.failed.allowed(of));
                prop_assert!(count(TestStanding::is_not_proven) <= entry.not_proven.allowed(of));
                prop_assert!(count(|test| test.is_flaky) <= entry.flaky.allowed(of));
            }
            prop_assert!(n_entries > 0);
        }
        prop_assert!(findings.cases.iter().any(|finding| finding.outcome == Outcome::Passed));
    }

    #[test]
    fn without_a_gate_only_a_clean_table_passes((plan, findings) in any_run(Just(None))) {
        let (word, _) = judge(&plan, &findings);
        let any_failed = findings.cases.iter().any(|one| one.outcome == Outcome::Failed);
        let all_proven = findings.cases.iter().all(|one| {
            one.outcome == Outcome::Passed && one.evidence.exchanges > 0 && one.evidence.checks > 0
        });
        let expected = match (any_failed, all_proven) {
            (true, _) => VerdictWord::Failed,
            (false, true) => VerdictWord::Passed,
            (false, false) => VerdictWord::Incomplete,
        };
        prop_assert_eq!(word, expected);
    }
}
