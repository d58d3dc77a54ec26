//! What makes the environment of a run doubtful, and what does not.

use crate::event::RunEvent;
use crate::ids::{Digest, Region, RunId};
use crate::outcome::Outcome;
use crate::plan::PlannedRegion;
use crate::record::{CaseResult, Preflight};
use crate::run::testing::{plan, planned, result, term};
use crate::run::{EnvironmentDoubt, Run};

/// A run of one case in the east, with what each region's preflight met.
fn probed(carried: &[CaseResult], preflights: &[(&str, bool, &str)]) -> Run {
    let east = PlannedRegion::Named(Region::from("east"));
    let mut plan = plan(vec![planned("a", east)]);
    plan.carried = carried.to_vec();
    let mut run = Run::new(plan);
    let opened = RunEvent::RunOpened {
        run: RunId::from("run"),
        plan: Digest::from("plan"),
        bundle: Digest::from("bundle"),
    };
    let mut events = vec![opened, term(1)];
    events.extend(carried.iter().map(|result| RunEvent::CaseCarried {
        case: result.case.clone(),
    }));
    events.extend(
        preflights
            .iter()
            .map(|(region, green, fingerprint)| RunEvent::RegionProbed {
                region: Region::from(*region),
                preflight: Preflight {
                    green: *green,
                    probes: Vec::new(),
                    fingerprint: (*fingerprint).to_owned(),
                },
            }),
    );
    for event in &events {
        run.apply(event).expect("a legal event");
    }
    run
}

fn passed(fingerprint: &str) -> CaseResult {
    CaseResult {
        fingerprint: fingerprint.to_owned(),
        ..result("a", Outcome::Passed)
    }
}

#[test]
fn regions_that_meet_different_environments_are_a_doubt() {
    let run = probed(&[], &[("east", true, "A"), ("west", true, "B")]);
    let differs = EnvironmentDoubt::Differs {
        regions: ["east", "west"].map(Region::from),
        fingerprints: ["A", "B"].map(str::to_owned),
    };
    assert_eq!(run.environment_doubts(), [differs]);
    for agreed in [
        [("east", true, "A"), ("west", true, "A")],
        [("east", true, "A"), ("west", true, "")],
        [("east", true, "A"), ("west", false, "B")],
    ] {
        assert_eq!(probed(&[], &agreed).environment_doubts(), [], "{agreed:?}");
    }
}

#[test]
fn what_was_taken_over_must_be_met_again() {
    let not_confirmed = |why: &str| {
        [EnvironmentDoubt::NotConfirmed {
            region: Region::from("east"),
            why: why.to_owned(),
        }]
    };
    let carried = [passed("A")];
    let doubts = |preflights: &[_]| probed(&carried, preflights).environment_doubts();
    assert_eq!(doubts(&[("east", true, "A")]), []);
    assert_eq!(doubts(&[]), not_confirmed("it was not probed again"));
    let red = [("east", false, "")];
    assert_eq!(doubts(&red), not_confirmed("its preflight is red now"));
}

#[test]
fn another_fingerprint_or_silence_is_another_environment() {
    for (before, now) in [("A", "B"), ("A", ""), ("", "B")] {
        let run = probed(&[passed(before)], &[("east", true, now)]);
        let changed = EnvironmentDoubt::Changed {
            region: Region::from("east"),
            from: before.to_owned(),
            to: now.to_owned(),
        };
        assert_eq!(run.environment_doubts(), [changed], "{before} {now}");
    }
    let silent = probed(&[passed("")], &[("east", true, "")]);
    assert_eq!(silent.environment_doubts(), []);
}

#[test]
fn what_was_taken_over_of_several_legs_must_be_met_again_in_all_their_regions() {
    let mut across = planned("a", PlannedRegion::Named(Region::from("east")));
    across.legs = ["east", "west"]
        .map(|region| crate::plan::Leg {
            role: None,
            region: Some(Region::from(region)),
        })
        .to_vec();
    let mut plan = plan(vec![across]);
    plan.carried = vec![passed("A")];
    let regions = Run::new(plan).regions_to_confirm();
    assert_eq!(regions, ["east", "west"].map(Region::from));
}
