//! The queue of runs: who is admitted, what the others wait for, and how waiting ends.

use accounting::coordinator::{Answer, Input, QueueLook, Request, StreamId};
use domain::event::{GridEvent, RunEvent, StopCause};
use domain::plan::Caps;
use domain::queue::{Lock, Priority, Wait};
use domain::{Outcome, Plan, RunId};

use crate::rig::{Rig, plan};

fn run_of(name: &str) -> Plan {
    plan(name, &[("a", "east")])
}

fn on(name: &str, environment: &str) -> Plan {
    Plan {
        environment: environment.to_owned(),
        ..run_of(name)
    }
}

fn queue(rig: &mut Rig) -> QueueLook {
    rig.ask(Request::List);
    match rig.answers.pop() {
        Some(Answer::Runs(look)) => look,
        other => panic!("{other:?} is no list"),
    }
}

fn waiting(rig: &mut Rig) -> Vec<(String, Wait)> {
    let waiting = queue(rig).waiting.into_iter();
    waiting.map(|(run, wait)| (run.to_string(), wait)).collect()
}

/// The run's cases are done, and its last lease has ended.
fn finish(rig: &mut Rig, plan: &Plan) {
    rig.probed(1, "east-1", true);
    rig.work_off(plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[1]);
    assert!(rig.run(plan).is_ended(), "{} has no verdict", plan.run);
}

fn cancel(rig: &mut Rig, run: &str) {
    rig.ask(Request::Cancel {
        run: RunId::from(run),
        why: "no need".to_owned(),
    });
}

#[test]
fn runs_on_one_environment_are_active_together() {
    let mut rig = Rig::new();
    rig.submit(&run_of("one"));
    rig.submit(&run_of("two"));
    rig.join(1, "east-1");
    assert_eq!(rig.active(), ["one", "two"]);
    assert_eq!(waiting(&mut rig), []);
    for name in ["one", "two"] {
        finish(&mut rig, &run_of(name));
    }
}

#[test]
fn a_run_waits_for_a_place_and_a_higher_priority_has_it_first() {
    let mut rig = Rig::of(|config| config.max_active = 1);
    rig.submit(&run_of("one"));
    rig.submit(&run_of("two"));
    rig.wish.0 = Priority::HIGH;
    rig.submit(&run_of("high"));
    let place = || Wait::Place { n_active: 1 };
    let expected = [("high".to_owned(), place()), ("two".to_owned(), place())];
    assert_eq!(waiting(&mut rig), expected);
    rig.join(1, "east-1");
    for name in ["one", "high", "two"] {
        assert_eq!(rig.active(), [name]);
        finish(&mut rig, &run_of(name));
    }
}

#[test]
fn an_exclusive_run_waits_until_all_others_are_closed_and_holds_up_those_behind_it() {
    let mut rig = Rig::new();
    rig.submit(&run_of("one"));
    rig.wish.1 = true;
    rig.submit(&run_of("alone"));
    rig.wish.1 = false;
    rig.submit(&run_of("two"));
    rig.submit(&on("elsewhere", "other"));
    assert_eq!(rig.active(), ["one", "elsewhere"]);
    let (name, environment) = ("rig".to_owned(), "rig".to_owned());
    let held_by = RunId::from("one");
    let after = RunId::from("alone");
    let lock = ("alone".to_owned(), Wait::Lock { name, held_by });
    let turn = ("two".to_owned(), Wait::Turn { environment, after });
    assert_eq!(waiting(&mut rig), [lock, turn]);
    rig.join(1, "east-1");
    finish(&mut rig, &run_of("one"));
    assert_eq!(rig.active(), ["elsewhere", "alone"]);
    let exclusive = |event| match event {
        GridEvent::RunAdmitted { run, locks, .. } if run.as_str() == "alone" => Some(locks),
        _ => None,
    };
    let locks: Vec<_> = rig
        .grid_events()
        .into_iter()
        .filter_map(exclusive)
        .collect();
    let name = "rig".to_owned();
    let lock = Lock {
        name,
        exclusive: true,
    };
    assert_eq!(locks, [[lock]]);
    finish(&mut rig, &run_of("alone"));
    assert_eq!(rig.active(), ["elsewhere", "two"]);
}

#[test]
fn a_run_with_an_exclusive_test_is_alone_on_its_environment() {
    let mut with_exclusive = run_of("one");
    with_exclusive.cases[0].exclusive = true;
    let mut skipped = with_exclusive.clone();
    skipped.run = RunId::from("two");
    skipped.cases[0].declared_skip = Some(domain::plan::DeclaredSkip::Quarantined);
    let mut rig = Rig::new();
    rig.submit(&with_exclusive);
    rig.submit(&skipped);
    rig.submit(&run_of("three"));
    assert_eq!(rig.active(), ["one"]);
    rig.join(1, "east-1");
    finish(&mut rig, &with_exclusive);
    rig.pass(1, &[1]);
    assert!(
        rig.active().contains(&"three".to_owned()),
        "{:?}",
        rig.active()
    );
}

#[test]
fn a_lock_is_free_only_once_no_lease_can_live() {
    let mut rig = Rig::new();
    rig.wish.1 = true;
    rig.submit(&run_of("one"));
    rig.submit(&run_of("two"));
    rig.join(1, "east-1");
    rig.hello(2, "east-2", 1, &[]);
    let stream = StreamId(1);
    rig.step(Input::Disconnected { stream });
    cancel(&mut rig, "one");
    rig.pass(31, &[2]);
    assert!(rig.run(&run_of("one")).is_ended());
    assert_eq!(rig.active(), ["two"], "the lease had run out meanwhile");
}

#[test]
fn a_lock_outlives_the_verdict_while_a_probe_may_run() {
    let mut rig = Rig::new();
    rig.wish.1 = true;
    rig.submit(&run_of("one"));
    rig.submit(&run_of("two"));
    rig.hello(1, "east-1", 1, &[]);
    cancel(&mut rig, "one");
    rig.pass(1, &[1]);
    assert!(rig.run(&run_of("one")).is_ended());
    assert_eq!(rig.active(), ["one"], "east-1 may still be probing");
    rig.probed(1, "east-1", true);
    assert_eq!(rig.active(), ["two"]);
}

#[test]
fn locks_and_places_are_kept_over_a_takeover() {
    let mut rig = Rig::new();
    rig.wish.1 = true;
    rig.submit(&run_of("one"));
    rig.submit(&run_of("two"));
    rig.join(1, "east-1");
    let mut rig = rig.takeover(|_| {});
    rig.hello(11, "east-1", 1, &[(RunId::from("one"), 1)]);
    rig.pass(60, &[11]);
    assert_eq!(rig.active(), ["one"]);
    rig.work_off(&run_of("one"), &[("east-1", 11)], Outcome::Passed);
    rig.pass(1, &[11]);
    assert_eq!(rig.active(), ["two"]);
}

#[test]
fn a_request_is_one_run_over_a_takeover_too() {
    let mut rig = Rig::new();
    rig.submit_as("request", &run_of("one"));
    let mut rig = rig.takeover(|_| {});
    rig.submit_as("request", &run_of("one"));
    let run = RunId::from("one");
    assert_eq!(rig.answers, [Answer::Submitted { run }]);
    assert_eq!(rig.active(), ["one"]);
}

#[test]
fn a_run_that_waits_can_be_cancelled_and_disturbs_nobody() {
    let mut rig = Rig::of(|config| config.max_active = 1);
    rig.submit(&run_of("one"));
    rig.submit(&run_of("two"));
    rig.submit(&run_of("three"));
    cancel(&mut rig, "two");
    rig.pass(1, &[]);
    let two = rig.run(&run_of("two"));
    assert_eq!(two.totals().cancelled, 1);
    assert_eq!(two.stop().map(|stop| stop.cause), Some(StopCause::Client));
    assert_eq!(rig.active(), ["one"], "two is closed, three still waits");
    assert!(!rig.run(&run_of("one")).is_ended());
}

#[test]
fn a_run_cancelled_while_it_waited_is_ended_by_the_next_leader_too() {
    let mut rig = Rig::of(|config| config.max_active = 1);
    rig.submit(&run_of("one"));
    rig.submit(&run_of("two"));
    rig.slow_appends_of_runs();
    cancel(&mut rig, "two");
    assert!(
        !rig.run(&run_of("two")).is_opened(),
        "the leader dies before"
    );
    let mut rig = rig.takeover(|config| config.max_active = 1);
    rig.hello(11, "east-1", 1, &[]);
    rig.pass(1, &[11]);
    let two = rig.run(&run_of("two"));
    assert_eq!((two.totals().cancelled, two.is_ended()), (1, true));
    let leased = |event: &RunEvent| matches!(event, RunEvent::ShardLeased { .. });
    assert!(!rig.events(&run_of("two")).iter().any(leased));
}

#[test]
fn a_deadline_begins_with_the_admission() {
    let mut rig = Rig::of(|config| config.max_active = 1);
    let mut short = run_of("two");
    short.deadline = std::time::Duration::from_secs(30);
    rig.submit(&run_of("one"));
    rig.submit(&short);
    rig.join(1, "east-1");
    rig.pass(60, &[1]);
    assert_eq!(rig.active(), ["one"], "waiting is not counted");
    finish(&mut rig, &run_of("one"));
    rig.pass(25, &[1]);
    assert!(!rig.run(&short).is_ended());
    rig.pass(45, &[1]);
    let stop = rig.run(&short).stop().map(|stop| stop.cause);
    assert_eq!(stop, Some(StopCause::Deadline));
}

#[test]
fn other_caps_wait_until_the_environment_is_free() {
    let capped = |name: &str, rps: u32| Plan {
        caps: Some(Caps {
            rps: Some(rps),
            users: None,
            users_at_once: 1,
        }),
        ..run_of(name)
    };
    let mut rig = Rig::new();
    rig.submit(&capped("one", 100));
    rig.submit(&capped("two", 200));
    let (environment, held_by) = ("rig".to_owned(), RunId::from("one"));
    let caps = Wait::Caps {
        environment,
        held_by,
    };
    assert_eq!(waiting(&mut rig), [("two".to_owned(), caps)]);
    rig.join(1, "east-1");
    finish(&mut rig, &capped("one", 100));
    assert_eq!(rig.active(), ["two"]);
}

#[test]
fn only_so_many_runs_may_wait() {
    let mut rig = Rig::new();
    for number in 0..104 {
        rig.submit(&run_of(&format!("run {number}")));
    }
    let is_refused = |answer: &Answer| matches!(answer, Answer::Refused { .. });
    assert!(!rig.answers.iter().any(is_refused), "four run, 100 wait");
    rig.submit(&run_of("one more"));
    assert!(
        matches!(rig.answers.last(), Some(Answer::Refused { why }) if why.contains("100 runs wait")),
        "{:?}",
        rig.answers.last()
    );
}

#[test]
fn a_plan_of_too_many_bytes_is_refused() {
    let mut rig = Rig::of(|config| config.max_plan_bytes = 100);
    rig.submit(&run_of("one"));
    assert!(
        matches!(&rig.answers[..], [Answer::Refused { why }] if why.contains("takes 100: split it")),
        "{:?}",
        rig.answers
    );
}
