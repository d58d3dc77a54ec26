//! A coordinator dies, another leads.

use std::time::Duration;

use accounting::coordinator::{
    Answer, AppendError, ClientId, Events, Exit, Input, LogId, Output, Request, StreamId,
};
use domain::event::{RunEvent, StopCause};
use domain::message::{FromWorker, ToWorkerBody};
use domain::{Instant, Outcome, Plan, Term};

use crate::rig::{Rig, plan, result};
use crate::store::Append;

fn led() -> (Rig, Plan) {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east"), ("b", "west")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    (rig, plan)
}

#[test]
fn a_stop_that_stands_alone_in_the_log_drains_the_run_under_the_next_leader() {
    let (mut rig, plan) = led();
    let log = LogId::Run(plan.run.clone());
    let (cause, why) = (StopCause::Client, "enough".to_owned());
    let stop = Append {
        at: rig.store.len(&log),
        log,
        term: Term(1),
        elapsed: Duration::from_secs(1),
        wall_ms: rig.now.0 / 1_000_000,
        events: Events::Run(vec![RunEvent::StopRequested { cause, why }]),
    };
    rig.store.append(&stop).expect("the end of the log");
    let rig = rig.takeover(|_| {});
    assert_eq!(rig.run(&plan).draining(), Some("client: enough"));
}

#[test]
fn a_worker_goes_on_under_the_next_leader() {
    let (rig, plan) = led();
    let mut rig = rig.takeover(|_| {});
    assert_eq!(rig.run(&plan).term(), Some(Term(2)));
    rig.hello(11, "east-1", 1, &[(plan.run.clone(), 1)]);
    let sent = rig.sent(11);
    assert!(matches!(sent[0], ToWorkerBody::Welcome { .. }), "{sent:?}");
    assert!(
        matches!(sent[1], ToWorkerBody::Expect { seq: 1, .. }),
        "{sent:?}"
    );
    rig.deliver(
        11,
        &plan,
        1,
        1,
        result(&plan.cases[0].id, "east-1", Outcome::Passed),
    );
    assert_eq!(rig.run(&plan).totals().passed, 1);
    assert!(
        rig.run(&plan)
            .case(&plan.cases[0].id)
            .is_some_and(|case| case.losses.is_empty())
    );
}

#[test]
fn what_was_acknowledged_is_not_asked_for_again() {
    let (mut rig, plan) = led();
    rig.deliver(
        1,
        &plan,
        1,
        1,
        result(&plan.cases[0].id, "east-1", Outcome::Passed),
    );
    let mut rig = rig.takeover(|_| {});
    rig.hello(11, "east-1", 1, &[(plan.run.clone(), 1)]);
    let sent = rig.sent(11);
    assert!(
        sent.iter()
            .any(|body| matches!(body, ToWorkerBody::Expect { seq: 2, .. })),
        "{sent:?}"
    );
}

#[test]
fn a_worker_that_does_not_come_back_has_ttl_and_guard() {
    let (rig, plan) = led();
    let mut rig = rig.takeover(|_| {});
    rig.join(12, "east-2");
    rig.pass(16, &[12]);
    assert_eq!(rig.open(&plan)[0].1, "east-1");
    rig.pass(2, &[12]);
    assert_eq!(rig.open(&plan)[0].1, "east-2");
}

/// The first leader leased a case to east-1, which is gone. The second led for some seconds, as the
/// results of west-1 show, and is gone too.
fn led_twice(seconds: u64, comes_back: bool) -> (Rig, Plan) {
    let cases = [("a", "east"), ("b", "west"), ("c", "west")];
    let (mut rig, plan) = (Rig::new(), plan("run", &cases));
    rig.submit(&plan);
    rig.join(1, "east-1");
    let mut rig = rig.takeover(|_| {});
    rig.join(12, "west-1");
    if comes_back {
        rig.hello(11, "east-1", 1, &[(plan.run.clone(), 1)]);
    }
    let held = rig.open(&plan);
    let (attempt, _, cases) = held.last().expect("what west-1 holds").clone();
    rig.pass(seconds, &[12]);
    let passed = result(&cases[0], "west-1", Outcome::Passed);
    rig.deliver(12, &plan, attempt, 1, passed);
    let mut rig = rig.led_next(3, |_| {});
    rig.join(22, "east-2");
    assert_eq!(rig.open(&plan)[0].1, "east-1");
    (rig, plan)
}

#[test]
fn what_the_last_leader_waited_for_a_gone_worker_is_not_waited_again() {
    let (mut rig, plan) = led_twice(10, false);
    rig.pass(6, &[22]);
    assert_eq!(rig.open(&plan)[0].1, "east-1", "16.75 s in all");
    rig.pass(1, &[22]);
    assert!(rig.open(&plan).iter().any(|open| open.1 == "east-2"));
}

#[test]
fn however_long_it_was_waited_for_a_worker_can_still_come_back() {
    let (mut rig, plan) = led_twice(15, false);
    rig.pass(4, &[22]);
    assert_eq!(rig.open(&plan)[0].1, "east-1");
    rig.pass(2, &[22]);
    assert!(rig.open(&plan).iter().any(|open| open.1 == "east-2"));
}

#[test]
fn a_worker_that_came_back_to_the_last_leader_has_ttl_and_guard_again() {
    let (mut rig, plan) = led_twice(10, true);
    rig.pass(16, &[22]);
    assert_eq!(rig.open(&plan)[0].1, "east-1");
    rig.pass(1, &[22]);
    assert!(rig.open(&plan).iter().any(|open| open.1 == "east-2"));
}

#[test]
fn cases_never_leased_are_granted_at_once() {
    let (rig, plan) = led();
    let mut rig = rig.takeover(|_| {});
    rig.join(12, "west-1");
    assert!(rig.open(&plan).iter().any(|open| open.1 == "west-1"));
}

#[test]
fn workers_of_the_same_process_are_dead_at_once() {
    let (rig, plan) = led();
    let mut rig = rig.takeover(|config| config.one_process = true);
    rig.pass(1, &[]);
    let run = rig.run(&plan);
    assert_eq!(rig.open(&plan), []);
    let losses = &run.case(&plan.cases[0].id).expect("the case").losses;
    assert!(losses.len() == 1 && !losses[0].blames);
}

/// How far the run's elapsed time moves over so many seconds without a leader.
fn elapsed_over(downtime: u64) -> u64 {
    let (mut rig, plan) = led();
    let before = rig.run(&plan).elapsed();
    rig.now = rig.now + Duration::from_secs(downtime);
    let rig = rig.takeover(|_| {});
    (rig.run(&plan).elapsed() - before).as_secs()
}

#[test]
fn downtime_counts_towards_the_deadline_up_to_ten_minutes() {
    assert_eq!(elapsed_over(300), 300);
    assert_eq!(elapsed_over(7_000), 600);
}

#[test]
fn a_conflict_deposes_without_a_word() {
    let (mut rig, plan) = led();
    rig.slow_log();
    rig.deliver(
        1,
        &plan,
        1,
        1,
        result(&plan.cases[0].id, "east-1", Outcome::Passed),
    );
    rig.sent(1);
    rig.step(Input::AppendFailed {
        log: LogId::Run(plan.run.clone()),
        why: AppendError::Conflict,
    });
    assert!(matches!(rig.exit, Some(Exit::Deposed(_))));
    rig.beat(1);
    assert_eq!(rig.seen(1), []);
}

#[test]
fn a_later_term_in_the_log_is_not_led_over() {
    let (rig, _) = led();
    let rig = rig.takeover(|_| {});
    let rig = rig.takeover(|_| {});
    assert!(
        matches!(rig.exit, Some(Exit::Deposed(_))),
        "term 2 is in the log already"
    );
}

#[test]
fn a_run_that_can_not_be_read_keeps_no_other_from_going_on() {
    let mut rig = Rig::new();
    let plans = [
        plan("broken", &[("a", "east")]),
        plan("sound", &[("a", "east")]),
    ];
    rig.submit(&plans[0]);
    rig.submit(&plans[1]);
    rig.unreadable = Some(plans[0].run.clone());
    let mut rig = rig.takeover(|_| {});
    assert_eq!(rig.exit, None);
    let (run, why) = (plans[0].run.clone(), "no more".to_owned());
    rig.ask(Request::Cancel { run, why });
    assert!(
        matches!(&rig.answers[..], [Answer::Refused { why }] if why.contains("can't be read")),
        "{:?}",
        rig.answers
    );
    rig.join(1, "east-1");
    rig.work_off(&plans[1], &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[1]);
    assert!(rig.run(&plans[1]).is_ended());
}

#[test]
fn while_logs_are_read_only_so_many_may_wait() {
    let mut config = accounting::coordinator::Config::new("slow");
    config.max_deferred = 2;
    let mut machine = accounting::coordinator::Coordinator::new(config);
    let now = Instant(1);
    machine.step(now, Input::Elected { term: Term(1) });
    let ask = |client| Input::FromClient {
        client: ClientId(client),
        request: Request::List,
    };
    assert_eq!(machine.step(now, ask(1)), []);
    assert_eq!(machine.step(now, ask(2)), []);
    let refused = machine.step(now, ask(3));
    assert!(
        matches!(
            &refused[..],
            [Output::Reply {
                client: ClientId(3),
                answer: Answer::NotYet { .. },
                ..
            }]
        ),
        "{refused:?}"
    );
    let stream = StreamId(9);
    let why = String::new();
    let message = FromWorker::Leaving { why };
    let turned_away = machine.step(now, Input::FromWorker { stream, message });
    assert_eq!(turned_away, [Output::Close { stream }]);
}

/// `east-1` holds a case of each of two runs, and their logs are led one after the other.
#[test]
fn nobody_is_given_up_before_every_run_is_led() {
    let plans = ["one", "two"].map(|run| plan(run, &[("a", "east")]));
    let mut rig = Rig::new();
    plans.iter().for_each(|plan| rig.submit(plan));
    rig.join(1, "east-1");
    rig.probed(1, "east-1", true);
    let held = |rig: &Rig| plans.iter().map(|plan| rig.open(plan).len()).sum::<usize>();
    assert_eq!(held(&rig), 2);
    let mut rig = rig.slow_takeover();
    rig.pass(10, &[]);
    rig.land_one();
    rig.pass(10, &[]);
    assert_eq!(
        held(&rig),
        2,
        "one is led for longer than nothing, the other not yet"
    );
    rig.log_catches_up();
    rig.pass(16, &[]);
    assert_eq!(
        held(&rig),
        2,
        "an earlier leader could renew until the last was led"
    );
    rig.pass(1, &[]);
    assert_eq!(held(&rig), 0);
}
