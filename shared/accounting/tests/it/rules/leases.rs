//! Who gets cases, and until when.

use domain::message::{FromWorker, ToWorkerBody};
use domain::{AttemptId, Instant, Outcome};

use crate::rig::{Rig, plan, result};

fn leases(rig: &Rig, stream: u64) -> usize {
    let is_lease = |body: &&ToWorkerBody| matches!(body, ToWorkerBody::Lease { .. });
    rig.seen(stream).iter().filter(is_lease).count()
}

fn renewed(rig: &mut Rig, stream: u64) -> Vec<Instant> {
    let stamp = |body| match body {
        ToWorkerBody::Renew { stamp, .. } => Some(stamp),
        _ => None,
    };
    rig.sent(stream).into_iter().filter_map(stamp).collect()
}

#[test]
fn nothing_is_leased_before_the_region_is_green() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.hello(1, "east-1", 1, &[]);
    assert_eq!(leases(&rig, 1), 0);
    rig.probed(1, "east-1", true);
    assert_eq!(leases(&rig, 1), 1);
}

#[test]
fn a_lease_waits_for_the_log() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.hello(1, "east-1", 1, &[]);
    rig.slow_log();
    rig.probed(1, "east-1", true);
    assert_eq!(leases(&rig, 1), 0);
    rig.log_catches_up();
    assert_eq!(leases(&rig, 1), 1);
}

#[test]
fn a_stamp_is_echoed_only_after_an_append_that_began_later() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.sent(1);
    rig.slow_log();
    rig.pass(2, &[1]);
    assert_eq!(renewed(&mut rig, 1), []);
    rig.log_catches_up();
    let stamps = renewed(&mut rig, 1);
    assert!(
        !stamps.is_empty() && stamps.iter().all(|&stamp| stamp < rig.now),
        "{stamps:?}"
    );
}

#[test]
fn an_idle_log_gets_a_tick_so_that_leases_are_renewed() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.pass(60, &[1]);
    assert_eq!(rig.open(&plan).len(), 1);
    let stamps = renewed(&mut rig, 1);
    let newest = stamps.last().copied().unwrap_or_default();
    assert!(
        rig.now.since(newest).as_secs() <= 3,
        "renewed up to {newest:?} at {:?}",
        rig.now
    );
}

#[test]
fn a_disconnect_alone_loses_nothing() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.disconnect(1);
    rig.pass(10, &[]);
    rig.hello(2, "east-1", 1, &[(plan.run.clone(), 1)]);
    assert_eq!(rig.open(&plan).len(), 1);
    assert_eq!(rig.run(&plan).attempts()[&AttemptId(1)].n_reattached, 1);
    let case = plan.cases[0].id.clone();
    rig.deliver(2, &plan, 1, 1, result(&case, "east-1", Outcome::Passed));
    assert_eq!(rig.run(&plan).totals().passed, 1);
}

#[test]
fn an_older_session_is_fenced_by_a_later_one() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    let old = rig.session(&plan, 1);
    rig.hello(2, "east-1", 1, &[(plan.run.clone(), 1)]);
    assert_eq!(rig.closed_streams, [1]);
    let case = plan.cases[0].id.clone();
    let passed = result(&case, "east-1", Outcome::Passed);
    rig.deliver_under(1, &plan, (1, old, 1), passed.clone(), Vec::new());
    rig.deliver_under(2, &plan, (1, old, 1), passed, Vec::new());
    assert_eq!(rig.run(&plan).totals().settled(), 0);
}

#[test]
fn a_lease_that_never_arrived_is_given_again_without_a_loss() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.hello(2, "east-1", 1, &[]);
    assert_eq!(rig.open(&plan).first().map(|open| open.0), Some(2));
    assert!(
        rig.run(&plan)
            .case(&plan.cases[0].id)
            .is_some_and(|case| case.losses.is_empty())
    );
}

#[test]
fn silence_for_ttl_and_guard_loses_the_lease_and_not_before() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.join(2, "east-2");
    rig.pass(16, &[2]);
    assert_eq!(rig.open(&plan)[0].1, "east-1");
    rig.pass(2, &[2]);
    assert_eq!(rig.open(&plan)[0].1, "east-2");
}

#[test]
fn a_leaving_worker_gets_nothing_new() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.hello(1, "east-1", 1, &[]);
    let why = "SIGTERM".to_owned();
    rig.say(1, FromWorker::Leaving { why });
    rig.submit(&plan);
    rig.probed(1, "east-1", true);
    assert_eq!(leases(&rig, 1), 0);
}

#[test]
fn an_exclusive_case_runs_alone() {
    let mut plan = plan("run", &[("a", "east"), ("b", "east"), ("c", "west")]);
    plan.cases[1].exclusive = true;
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.join(2, "west-1");
    let open = rig.open(&plan);
    assert_eq!(open.len(), 2, "{open:?}");
    for (attempt, worker, cases) in open {
        let stream = if worker == "east-1" { 1 } else { 2 };
        rig.deliver(
            stream,
            &plan,
            attempt,
            1,
            result(&cases[0], &worker, Outcome::Passed),
        );
        rig.end(stream, &plan, attempt, 1);
    }
    assert_eq!(
        rig.open(&plan),
        [(3, "east-1".to_owned(), vec![plan.cases[1].id.clone()])]
    );
}

#[test]
fn hellos_that_can_not_be_right_are_refused() {
    let mut rig = Rig::new();
    rig.hello(1, "east-1", 5, &[]);
    rig.hello(2, "east-1", 4, &[]);
    assert!(
        matches!(rig.seen(2), [ToWorkerBody::Refused { why }] if why.contains("later incarnation")),
        "{:?}",
        rig.seen(2)
    );
    assert_eq!(rig.closed_streams, [2]);
}

#[test]
fn where_workers_are_many_what_happens_at_once_is_looked_at_together() {
    let names: Vec<String> = (0..150).map(|number| format!("east-{number}")).collect();
    let cases: Vec<String> = (0..900).map(|number| format!("c{number}")).collect();
    let cases: Vec<(&str, &str)> = cases.iter().map(|case| (case.as_str(), "east")).collect();
    let (mut rig, plan) = (Rig::new(), plan("run", &cases));
    rig.submit(&plan);
    for (stream, name) in (1..).zip(&names) {
        rig.hello(stream, name, 1, &[]);
    }
    rig.pass(1, &[]);
    rig.probed(1, &names[0], true);
    rig.pass(1, &[]);
    let n_leased = |rig: &Rig| rig.open(&plan).len();
    let before = n_leased(&rig);
    assert!(before > 0 && before < 900, "{before} of 900 leased");
    let first: Vec<_> = rig.open(&plan).into_iter().take(50).collect();
    for (attempt, worker, held) in first {
        let stream = names.iter().position(|name| *name == worker);
        let stream = stream.expect("a worker of ours") as u64 + 1;
        for (seq, case) in (1..).zip(&held) {
            let message = FromWorker::Result {
                run: plan.run.clone(),
                attempt: AttemptId(attempt),
                session: rig.session(&plan, attempt),
                seq,
                result: Box::new(result(case, &worker, Outcome::Passed)),
                record: Vec::new(),
            };
            rig.say(stream, message);
        }
    }
    let n_attempts = |rig: &Rig| rig.run(&plan).attempts().len();
    let at_once = n_attempts(&rig);
    assert!(at_once < before + 50, "not each of 50 called for a look");
    rig.pass(1, &[]);
    assert!(n_attempts(&rig) > at_once, "and nobody is forgotten");
}
