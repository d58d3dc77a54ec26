//! Cases of several legs in the fold: what may be leased, what ends them, what they come to.

use std::time::Duration;

use crate::event::{LegLease, RunEvent};
use crate::ids::{AttemptId, CaseId, Region, SessionId, WorkerId};
use crate::outcome::Outcome;
use crate::plan::{Leg, PlannedRegion};
use crate::record::{CaseProof, CaseResult, CheckProof, Preflight};
use crate::run::testing::{begun, lost, plan, planned, result};
use crate::run::{CaseState, Illegal, Run};

const REGIONS: [&str; 2] = ["east", "north"];

fn across() -> CaseId {
    CaseId::from("suite::across@east+north")
}

/// One case with a leg in the east and one in the north, and a worker in each.
fn ready() -> Run {
    let roles = REGIONS.map(|region| (region.to_owned(), Region::from(region)));
    let mut case = planned("across", PlannedRegion::Roles(roles.to_vec()));
    case.legs = REGIONS
        .map(|region| Leg {
            role: Some(region.to_owned()),
            region: Some(Region::from(region)),
        })
        .to_vec();
    let mut plan = plan(vec![case]);
    plan.regions.push(Region::from("north"));
    let mut run = begun(plan);
    let joined = RunEvent::WorkerJoined {
        worker: WorkerId::from("north-1"),
        region: Region::from("north"),
        slots: 1,
        incarnation: 1.into(),
    };
    let probed = RunEvent::RegionProbed {
        region: Region::from("north"),
        preflight: Preflight {
            green: true,
            ..Preflight::default()
        },
    };
    for event in [joined, probed] {
        run.apply(&event).expect("the north takes part");
    }
    run
}

fn leg(attempt: u64, region: &str) -> LegLease {
    LegLease {
        attempt: AttemptId(attempt),
        worker: WorkerId::from(format!("{region}-1")),
        session: SessionId(1),
        region: Region::from(region),
    }
}

fn leased(legs: Vec<LegLease>) -> RunEvent {
    let case = across();
    RunEvent::LegsLeased { case, legs }
}

fn both(first: u64) -> RunEvent {
    leased(vec![leg(first, "east"), leg(first + 1, "north")])
}

fn of_leg(region: &str, outcome: Outcome) -> CaseResult {
    CaseResult {
        case: across(),
        region: Region::from(region),
        worker: WorkerId::from(format!("{region}-1")),
        ..result("across", outcome)
    }
}

fn settled(attempt: u64, result: CaseResult) -> RunEvent {
    RunEvent::LegSettled {
        attempt: AttemptId(attempt),
        seq: 1,
        result,
    }
}

fn after(events: &[RunEvent]) -> Run {
    let mut run = ready();
    for event in events {
        run.apply(event).expect("a legal event");
    }
    run
}

fn state(run: &Run) -> &CaseState {
    run.state(&across()).expect("the case")
}

#[test]
fn legs_are_leased_all_in_their_order_each_to_another_worker() {
    let twice = LegLease {
        worker: WorkerId::from("east-1"),
        ..leg(2, "east")
    };
    for legs in [
        vec![],
        vec![leg(1, "east")],
        vec![leg(1, "north"), leg(2, "east")],
        vec![leg(2, "east"), leg(1, "north")],
        vec![leg(1, "east"), twice],
        vec![leg(1, "east"), leg(2, "north"), leg(3, "east")],
    ] {
        let refused = ready().apply(&leased(legs.clone()));
        assert_eq!(refused, Err(Illegal::NotItsLegs(across())), "{legs:?}");
    }
    assert_eq!(ready().apply(&both(1)), Ok(()));
}

#[test]
fn a_case_of_several_legs_is_neither_leased_nor_settled_like_a_plain_one() {
    let shard = RunEvent::ShardLeased {
        attempt: AttemptId(1),
        worker: WorkerId::from("east-1"),
        session: SessionId(1),
        region: Region::from("east"),
        cases: vec![across()],
    };
    let several = Err(Illegal::SeveralLegs(across()));
    assert_eq!(ready().apply(&shard), several);
    let whole = RunEvent::CaseSettled {
        attempt: AttemptId(1),
        seq: 1,
        result: of_leg("east", Outcome::Passed),
    };
    assert_eq!(after(&[both(1)]).apply(&whole), several);
}

#[test]
fn the_case_is_open_until_each_leg_has_its_result() {
    let first = settled(1, of_leg("east", Outcome::Passed));
    let mut run = after(&[both(1), first.clone()]);
    assert_eq!(state(&run), &CaseState::Leased(AttemptId(1)));
    let again = RunEvent::LegSettled {
        attempt: AttemptId(1),
        seq: 2,
        result: of_leg("east", Outcome::Failed),
    };
    let refused = Err(Illegal::NotUnderAttempt {
        case: across(),
        attempt: AttemptId(1),
    });
    assert_eq!(run.apply(&again), refused, "a leg has one result");
    let last = settled(2, of_leg("north", Outcome::Passed));
    assert_eq!(run.apply(&last), Ok(()));
    assert_eq!(state(&run).outcome(), Some(Outcome::Passed));
    assert_eq!(run.n_open(), 0);
}

#[test]
fn the_worst_leg_decides_and_all_of_them_are_the_evidence() {
    let proof = |can_fail| {
        Some(CaseProof::Known {
            checks: vec![CheckProof {
                line: 1,
                expression: "true".to_owned(),
                can_fail,
            }],
            is_complete: true,
        })
    };
    let east = CaseResult {
        duration: Duration::from_millis(9),
        proof: proof(true),
        ..of_leg("east", Outcome::Unproven)
    };
    let north = CaseResult {
        reason: "check_failed: there".to_owned(),
        proof: proof(false),
        ..of_leg("north", Outcome::Failed)
    };
    let run = after(&[both(1), settled(1, east), settled(2, north)]);
    let facts = run.case(&across()).expect("the case");
    let result = facts.result().expect("a result");
    assert_eq!(result.outcome, Outcome::Failed);
    assert_eq!(facts.reason(), "check_failed: there");
    assert_eq!(result.duration, Duration::from_millis(9));
    assert_eq!((result.evidence.exchanges, result.evidence.checks), (2, 2));
    let known =
        |proof: &CaseProof| matches!(proof, CaseProof::Known { checks, .. } if checks.len() == 2);
    assert!(result.proof.as_ref().is_some_and(known));
    assert_eq!(facts.counted().count(), 2);
}

#[test]
fn a_lost_leg_gives_the_case_back_when_the_others_are_over_too() {
    let failed = settled(2, of_leg("north", Outcome::Failed));
    let mut run = after(&[both(1), lost(1)]);
    assert_eq!(state(&run), &CaseState::Leased(AttemptId(1)));
    assert!(run.case(&across()).is_some_and(|facts| facts.is_broken()));
    assert_eq!(run.apply(&failed), Ok(()));
    let facts = run.case(&across()).expect("the case");
    assert_eq!(facts.state, CaseState::Waiting);
    assert_eq!((facts.losses.len(), facts.kept.len()), (1, 1));
    assert_eq!(run.apply(&both(3)), Ok(()), "leased again");
}

#[test]
fn legs_that_never_began_cost_the_case_nothing() {
    let released = |attempt| RunEvent::AttemptEnded {
        attempt: AttemptId(attempt),
        released: vec![across()],
    };
    let run = after(&[both(1), released(1), released(2)]);
    let facts = run.case(&across()).expect("the case");
    assert_eq!(facts.state, CaseState::Waiting);
    assert!(facts.losses.is_empty());
}

#[test]
fn what_the_legs_brought_stays_beside_a_case_that_a_drain_closes() {
    let failed = settled(2, of_leg("north", Outcome::Failed));
    let draining = RunEvent::Draining {
        why: "told to".to_owned(),
    };
    let closed = RunEvent::CaseClosed {
        case: across(),
        outcome: Outcome::Cancelled,
        reason: "told to".to_owned(),
    };
    let run = after(&[both(1), failed, draining, closed]);
    let facts = run.case(&across()).expect("the case");
    assert_eq!(facts.kept.len(), 1);
    assert!(run.open_attempts().all(|attempt| attempt.open.is_empty()));
}
