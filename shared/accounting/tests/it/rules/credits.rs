//! How much of a worker's results may be under way.

use domain::{Outcome, Plan};

use crate::rig::{Rig, plan, result};

/// Room for one result of the rig, and not for two.
const ONE: usize = 800;

/// `east-1` holds two attempts of one case each; nothing becomes durable.
fn with_slow_log() -> (Rig, Plan) {
    let mut rig = Rig::of(|config| config.max_unacked = ONE);
    let plan = plan("run", &[("a", "east"), ("b", "east"), ("c", "west")]);
    rig.submit(&plan);
    rig.join(1, "east-1");
    assert_eq!(rig.open(&plan).len(), 2);
    rig.slow_appends_of_runs();
    (rig, plan)
}

fn deliver(rig: &mut Rig, stream: u64, plan: &Plan, place: usize) {
    let passed = result(&plan.cases[place].id, "east-1", Outcome::Passed);
    rig.deliver(stream, plan, place as u64 + 1, 1, passed);
}

#[test]
fn a_worker_beyond_its_credits_loses_its_stream_and_no_result() {
    let (mut rig, plan) = with_slow_log();
    deliver(&mut rig, 1, &plan, 0);
    assert!(rig.closed_streams.is_empty());
    deliver(&mut rig, 1, &plan, 1);
    assert_eq!(rig.closed_streams, [1]);
    rig.log_catches_up();
    rig.pass(1, &[]);
    assert_eq!(rig.run(&plan).totals().passed, 1, "what was taken counts");
    rig.hello(
        2,
        "east-1",
        1,
        &[(plan.run.clone(), 1), (plan.run.clone(), 2)],
    );
    deliver(&mut rig, 2, &plan, 1);
    assert_eq!(rig.run(&plan).totals().passed, 2);
}

#[test]
fn what_is_acknowledged_gives_its_credit_back() {
    let (mut rig, plan) = with_slow_log();
    deliver(&mut rig, 1, &plan, 0);
    rig.log_catches_up();
    rig.pass(1, &[]);
    deliver(&mut rig, 1, &plan, 1);
    assert!(rig.closed_streams.is_empty());
    assert_eq!(rig.run(&plan).totals().passed, 2);
}

#[test]
fn what_is_sent_again_counts_once() {
    let (mut rig, plan) = with_slow_log();
    deliver(&mut rig, 1, &plan, 0);
    deliver(&mut rig, 1, &plan, 0);
    assert!(rig.closed_streams.is_empty());
}

#[test]
fn a_worker_that_comes_back_begins_at_nothing() {
    let (mut rig, plan) = with_slow_log();
    deliver(&mut rig, 1, &plan, 0);
    rig.hello(
        2,
        "east-1",
        1,
        &[(plan.run.clone(), 1), (plan.run.clone(), 2)],
    );
    rig.log_catches_up();
    rig.slow_appends_of_runs();
    deliver(&mut rig, 2, &plan, 1);
    assert_eq!(rig.closed_streams, [1], "the one that it left");
}
