//! Workers that go away, and what it costs their cases.

use std::time::Duration;

use domain::message::{FromWorker, ToWorkerBody};
use domain::plan::OnWorkerLoss;
use domain::{Instant, Outcome, Plan};

use crate::rig::{Rig, plan, result};

fn one_case() -> Plan {
    plan("run", &[("a", "east"), ("b", "west")])
}

/// The holder of the open attempt is started again, which proves its predecessor dead.
fn kill_holder(rig: &mut Rig, plan: &Plan, round: u64) -> String {
    let holder = rig.open(plan)[0].1.clone();
    rig.hello(100 + round, &holder, 100 + round, &[]);
    holder
}

#[test]
fn a_later_incarnation_gives_the_case_back_at_once() {
    let (mut rig, plan) = (Rig::new(), one_case());
    rig.submit(&plan);
    rig.join(1, "east-1");
    kill_holder(&mut rig, &plan, 1);
    assert_eq!(rig.open(&plan).len(), 1, "leased again");
    let run = rig.run(&plan);
    let losses = &run.case(&plan.cases[0].id).expect("the case").losses;
    assert!(losses.len() == 1 && losses[0].blames, "{losses:?}");
}

#[test]
fn a_third_loss_alone_is_blamed_on_the_case() {
    let (mut rig, plan) = (Rig::new(), one_case());
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.join(2, "east-2");
    let first = kill_holder(&mut rig, &plan, 1);
    let second = kill_holder(&mut rig, &plan, 2);
    let third = kill_holder(&mut rig, &plan, 3);
    assert!(
        first != third || second != third,
        "{first} {second} {third}"
    );
    let run = rig.run(&plan);
    let case = run.case(&plan.cases[0].id).expect("the case");
    assert_eq!(case.outcome(), Some(Outcome::Lost));
    assert!(case.reason().starts_with("poisoned:"), "{}", case.reason());
}

#[test]
fn a_case_lost_twice_runs_alone_and_elsewhere() {
    let cases = [("a", "east"), ("b", "east"), ("c", "east")];
    let (mut rig, plan) = (Rig::new(), plan("run", &cases));
    rig.submit(&plan);
    rig.join(1, "east-1");
    // Both attempts of the worker are lost twice; then each case has to be alone.
    kill_holder(&mut rig, &plan, 1);
    kill_holder(&mut rig, &plan, 2);
    let run = rig.run(&plan);
    let twice = run
        .cases()
        .filter(|(_, facts)| facts.losses.len() == 2)
        .count();
    assert!(twice > 0);
    let alone = rig.open(&plan).into_iter().filter(|(_, _, open)| {
        open.iter()
            .any(|case| run.case(case).is_some_and(|facts| facts.losses.len() == 2))
    });
    for (_, _, cases) in alone {
        assert_eq!(cases.len(), 1);
    }
    rig.join(9, "east-9");
    let held: Vec<_> = rig
        .open(&plan)
        .into_iter()
        .filter(|open| open.1 == "east-9")
        .collect();
    assert_eq!(
        held.len(),
        1,
        "the other worker takes one of them, alone: {held:?}"
    );
}

#[test]
fn a_test_may_ask_not_to_run_again() {
    let (mut rig, mut plan) = (Rig::new(), one_case());
    plan.cases[0].on_worker_loss = OnWorkerLoss::Lost;
    rig.submit(&plan);
    rig.join(1, "east-1");
    kill_holder(&mut rig, &plan, 1);
    let run = rig.run(&plan);
    let case = run.case(&plan.cases[0].id).expect("the case");
    assert!(
        case.reason().starts_with("worker_lost:"),
        "{}",
        case.reason()
    );
}

#[test]
fn a_worker_that_says_goodbye_blames_nobody() {
    let (mut rig, plan) = (Rig::new(), one_case());
    rig.submit(&plan);
    rig.join(1, "east-1");
    let why = "SIGTERM".to_owned();
    rig.say(1, FromWorker::Goodbye { why });
    rig.pass(1, &[]);
    let run = rig.run(&plan);
    let losses = &run.case(&plan.cases[0].id).expect("the case").losses;
    assert!(losses.len() == 1 && !losses[0].blames, "{losses:?}");
    assert!(run.workers().values().all(|seen| seen.left.is_some()));
}

#[test]
fn losses_without_blame_end_with_the_budget() {
    let (mut rig, plan) = (Rig::new(), one_case());
    rig.submit(&plan);
    for round in 0..5 {
        rig.join(10 + round, "east-1");
        let why = "SIGTERM".to_owned();
        rig.say(10 + round, FromWorker::Goodbye { why });
        rig.pass(1, &[]);
    }
    let run = rig.run(&plan);
    let case = run.case(&plan.cases[0].id).expect("the case");
    assert!(case.reason().starts_with("budget:"), "{}", case.reason());
}

#[test]
fn a_region_that_falls_silent_as_a_whole_blames_no_case() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east"), ("b", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.join(2, "east-2");
    rig.pass(18, &[]);
    let run = rig.run(&plan);
    let losses: Vec<_> = run.cases().flat_map(|(_, facts)| &facts.losses).collect();
    assert!(
        !losses.is_empty() && losses.iter().all(|loss| !loss.blames),
        "{losses:?}"
    );
}

/// The newest stamp that a stream was sent with a lease or a renewal.
fn newest_stamp(rig: &mut Rig, stream: u64) -> Option<Instant> {
    let stamp = |body| match body {
        ToWorkerBody::Lease { stamp, .. } | ToWorkerBody::Renew { stamp, .. } => Some(stamp),
        _ => None,
    };
    rig.sent(stream).into_iter().filter_map(stamp).max()
}

#[test]
fn a_worker_that_beats_and_does_nothing_is_stuck() {
    let (mut rig, plan) = (Rig::new(), one_case());
    let case = plan.cases[0].id.clone();
    let n_losses = |rig: &Rig| rig.run(&plan).case(&case).map(|case| case.losses.len());
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.pass(149, &[1]);
    assert_eq!(n_losses(&rig), Some(0));
    assert!(newest_stamp(&mut rig, 1) > Some(rig.now - Duration::from_secs(3)));
    rig.pass(2, &[1]);
    newest_stamp(&mut rig, 1);
    rig.pass(14, &[1]);
    assert_eq!(
        newest_stamp(&mut rig, 1),
        None,
        "it is not renewed any more"
    );
    assert_eq!(n_losses(&rig), Some(0), "its gate may still be open");
    rig.pass(4, &[1]);
    assert_eq!(n_losses(&rig), Some(1));
}

#[test]
fn a_stuck_worker_that_wakes_up_in_time_keeps_its_case() {
    let (mut rig, plan) = (Rig::new(), one_case());
    let case = plan.cases[0].id.clone();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.pass(160, &[1]);
    rig.deliver(1, &plan, 1, 1, result(&case, "east-1", Outcome::Passed));
    rig.pass(30, &[1]);
    let run = rig.run(&plan);
    let facts = run.case(&case).expect("the case");
    assert_eq!(
        (facts.outcome(), facts.losses.len()),
        (Some(Outcome::Passed), 0)
    );
}
