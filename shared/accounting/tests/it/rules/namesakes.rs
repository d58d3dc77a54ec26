//! Two workers of one name, each with a spool folder of its own: neither proves anything about the other.

use std::time::Duration;

use domain::message::{FromWorker, ToWorkerBody};
use domain::{Incarnation, Outcome, Plan};

use crate::rig::{Rig, plan, result};

/// A process of another folder than the rig's other workers have, and further on than they are.
const ELSEWHERE: Incarnation = Incarnation {
    home: 7,
    number: 99,
};

/// `east-1` holds both cases, on stream 1.
fn held() -> (Rig, Plan) {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    (rig, plan)
}

/// How long the one on this stream has to stay away, and why; it was let in if `None`.
fn told(rig: &Rig, stream: u64) -> Option<(Duration, String)> {
    let answer = rig.seen(stream).iter().find_map(|body| match body {
        ToWorkerBody::Later { after, why } => Some(Some((*after, why.clone()))),
        ToWorkerBody::Welcome { .. } => Some(None),
        _ => None,
    });
    answer.expect("an answer to its hello")
}

#[test]
fn a_worker_whose_name_is_taken_waits_and_takes_nothing_from_its_namesake() {
    let (mut rig, plan) = held();
    rig.pass(2, &[]);
    rig.hello(2, "east-1", ELSEWHERE, &[]);
    let (after, why) = told(&rig, 2).expect("the name is taken");
    assert_eq!(
        why,
        "another worker named east-1 is here and was heard 2 s ago: give each worker its own name, or wait \
         until it is gone"
    );
    assert!(Duration::from_secs(1) <= after && after <= Duration::from_secs(5));
    assert_eq!(rig.closed_streams, [2], "and the other's stream goes on");
    assert!(
        rig.run(&plan)
            .case(&plan.cases[0].id)
            .expect("the case")
            .losses
            .is_empty()
    );
    let passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    rig.deliver(1, &plan, 1, 1, passed);
    assert_eq!(rig.run(&plan).totals().passed, 1);
}

#[test]
fn what_a_disconnected_worker_holds_is_not_released_by_a_namesake() {
    let (mut rig, plan) = held();
    rig.disconnect(1);
    let before = rig.open(&plan);
    // Counted alike: a folder that is new counts from one again.
    rig.hello(
        2,
        "east-1",
        Incarnation {
            number: 1,
            ..ELSEWHERE
        },
        &[],
    );
    assert!(told(&rig, 2).is_some());
    assert_eq!(rig.open(&plan), before);
    rig.hello(3, "east-1", 1, &[(plan.run.clone(), 1)]);
    assert_eq!(told(&rig, 3), None, "the one that holds them comes back");
}

#[test]
fn a_name_is_free_when_its_worker_was_silent_for_ttl_and_guard() {
    let (mut rig, plan) = held();
    rig.pass(16, &[]);
    rig.hello(2, "east-1", ELSEWHERE, &[]);
    assert!(told(&rig, 2).is_some());
    rig.pass(1, &[]);
    rig.hello(3, "east-1", ELSEWHERE, &[]);
    assert_eq!(told(&rig, 3), None);
    let losses = &rig
        .run(&plan)
        .case(&plan.cases[0].id)
        .expect("the case")
        .losses
        .clone();
    assert!(
        matches!(&losses[..], [loss] if loss.why == "no word from it for 16.75 s"),
        "{losses:?}"
    );
}

#[test]
fn a_name_is_free_when_its_worker_is_away_and_holds_nothing() {
    let mut rig = Rig::new();
    rig.hello(1, "east-1", 1, &[]);
    rig.hello(2, "east-1", ELSEWHERE, &[]);
    assert!(told(&rig, 2).is_some());
    rig.disconnect(1);
    rig.hello(3, "east-1", ELSEWHERE, &[]);
    assert_eq!(told(&rig, 3), None);
    let why = "done".to_owned();
    rig.say(3, FromWorker::Goodbye { why });
    rig.hello(4, "east-1", 1, &[]);
    assert_eq!(told(&rig, 4), None);
}

#[test]
fn the_next_leader_knows_whose_the_name_is() {
    let (rig, plan) = held();
    let mut rig = rig.takeover(|_| {});
    rig.hello(12, "east-1", ELSEWHERE, &[]);
    assert!(told(&rig, 12).is_some());
    rig.hello(11, "east-1", 1, &[(plan.run.clone(), 1)]);
    assert_eq!(told(&rig, 11), None);
}

/// The log of one run names one folder, that of the other another: both held something of theirs
/// when the leader died, one of them in a run that it could not read.
#[test]
fn what_another_folder_holds_in_another_run_is_waited_for() {
    let mut plans = ["one", "two"].map(|run| plan(run, &[("a", "east")]));
    plans[1].environment = "another".to_owned();
    let mut rig = Rig::new();
    rig.submit(&plans[0]);
    rig.join(1, "east-1");
    rig.unreadable = Some(plans[0].run.clone());
    let mut rig = rig.takeover(|_| {});
    rig.submit(&plans[1]);
    rig.hello(12, "east-1", ELSEWHERE, &[]);
    assert_eq!(told(&rig, 12), None, "nothing is known of the other");
    rig.probed(12, "east-1", true);
    assert_eq!(rig.open(&plans[1]).len(), 1);
    rig.unreadable = None;
    let mut rig = rig.led_next(3, |_| {});
    rig.hello(13, "east-1", ELSEWHERE, &[(plans[1].run.clone(), 1)]);
    assert!(told(&rig, 13).is_some());
    assert_eq!(rig.open(&plans[0]).len(), 1, "it may still be at work");
    rig.pass(17, &[]);
    rig.hello(14, "east-1", ELSEWHERE, &[]);
    assert_eq!(told(&rig, 14), None);
}
