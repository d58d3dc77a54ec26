//! How runs that are active at once share workers and the caps of their environment.

use accounting::coordinator::{Input, StreamId};
use domain::event::GridEvent;
use domain::plan::Caps;
use domain::queue::Priority;
use domain::{Outcome, Plan};

use crate::rig::{Rig, plan};

/// A run of many cases in one region.
fn long(name: &str, n_cases: usize) -> Plan {
    let names: Vec<String> = (0..n_cases).map(|number| format!("t{number:03}")).collect();
    let cases: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "east")).collect();
    plan(name, &cases)
}

fn capped(name: &str, n_cases: usize, rps: u32) -> Plan {
    Plan {
        caps: Some(Caps {
            rps: Some(rps),
            users: None,
            users_at_once: 1,
        }),
        ..long(name, n_cases)
    }
}

fn n_leased(rig: &Rig, plan: &Plan) -> usize {
    rig.open(plan).iter().map(|(.., cases)| cases.len()).sum()
}

/// Pairs of run and worker that hold leases.
fn holders(rig: &Rig, plans: &[&Plan]) -> Vec<(String, String)> {
    let mut holders: Vec<(String, String)> = plans
        .iter()
        .flat_map(|plan| {
            let open = rig.open(plan).into_iter();
            open.map(|(_, worker, _)| (plan.run.to_string(), worker))
        })
        .collect();
    holders.sort();
    holders.dedup();
    holders
}

fn stream_of(worker: &str) -> u64 {
    worker
        .trim_start_matches("east-")
        .parse()
        .expect("a number")
}

/// Each worker finishes one attempt of the run, if it holds any; says how many ended.
fn turn(rig: &mut Rig, plan: &Plan) -> usize {
    let open = rig.open(plan);
    let mut served = std::collections::BTreeSet::new();
    for (attempt, worker, cases) in open {
        if !served.insert(worker.clone()) {
            continue;
        }
        let stream = stream_of(&worker);
        let run = rig.run(plan);
        let mut seq = run
            .attempt(domain::AttemptId(attempt))
            .expect("it is open")
            .acked;
        for case in cases {
            seq += 1;
            // Time passes with each result, and every worker is heard meanwhile.
            (1..=3).for_each(|stream| rig.beat(stream));
            let result = crate::rig::result(&case, &worker, Outcome::Passed);
            rig.deliver(stream, plan, attempt, seq, result);
        }
        rig.end(stream, plan, attempt, seq);
    }
    served.len()
}

#[test]
fn a_short_run_is_served_beside_a_long_one_of_the_same_priority() {
    let (first, second) = (long("a", 200), long("b", 4));
    let mut rig = Rig::new();
    rig.submit(&first);
    rig.join(1, "east-1");
    assert!(n_leased(&rig, &first) > 0);
    rig.submit(&second);
    rig.probed(1, "east-1", true);
    for _ in 0..20 {
        assert!(n_leased(&rig, &second) > 0, "it waits behind the long run");
        turn(&mut rig, &first);
        turn(&mut rig, &second);
        if rig.run(&second).is_ended() {
            break;
        }
    }
    assert!(rig.run(&second).is_ended());
    assert!(
        rig.run(&first).n_waiting() > 100,
        "the long run has begun only"
    );
}

#[test]
fn a_higher_priority_gets_every_slot_while_it_has_cases() {
    let (low, high) = (long("a", 100), long("b", 30));
    let mut rig = Rig::new();
    rig.submit(&low);
    rig.join(1, "east-1");
    rig.wish.0 = Priority::HIGH;
    rig.submit(&high);
    rig.probed(1, "east-1", true);
    for _ in 0..60 {
        let before = rig.run(&low).n_waiting();
        turn(&mut rig, &low);
        turn(&mut rig, &high);
        if rig.run(&high).n_waiting() > 0 {
            assert_eq!(
                rig.run(&low).n_waiting(),
                before,
                "the lower run was leased more"
            );
        }
        if rig.run(&high).is_ended() {
            break;
        }
    }
    assert!(rig.run(&high).is_ended());
    assert!(
        n_leased(&rig, &low) > 0,
        "what is idle goes to the lower run"
    );
}

#[test]
fn runs_use_the_same_parts_of_the_caps_and_no_more_than_there_are() {
    let (first, second) = (capped("a", 60, 100), capped("b", 60, 100));
    let mut rig = Rig::new();
    for worker in 1..=2 {
        rig.hello(worker, &format!("east-{worker}"), 1, &[]);
    }
    rig.submit(&first);
    rig.probed(1, "east-1", true);
    rig.submit(&second);
    rig.pass(1, &[1, 2]);
    let shared = |event| match event {
        GridEvent::CapsShared { sharers, .. } => Some(sharers),
        _ => None,
    };
    let shared: Vec<u32> = rig.grid_events().into_iter().filter_map(shared).collect();
    assert_eq!(
        shared,
        [3],
        "two workers in the east, one to come in the west"
    );
    for round in 0..40 {
        let holding = holders(&rig, &[&first, &second]);
        assert!(holding.len() <= 3, "{holding:?}");
        for stream in [1, 2] {
            rig.probed(stream, &format!("east-{stream}"), true);
        }
        if round > 10 && !rig.run(&second).is_ended() && !rig.run(&first).is_ended() {
            let runs: Vec<&str> = holding.iter().map(|(run, _)| run.as_str()).collect();
            assert!(runs.contains(&"a") && runs.contains(&"b"), "{holding:?}");
        }
        turn(&mut rig, &first);
        turn(&mut rig, &second);
    }
    assert!(rig.run(&first).is_ended() && rig.run(&second).is_ended());
}

#[test]
fn runs_take_turns_where_the_caps_are_one_part() {
    let (first, second) = (capped("a", 40, 1), capped("b", 40, 1));
    let mut rig = Rig::new();
    rig.submit(&first);
    rig.join(1, "east-1");
    rig.submit(&second);
    rig.pass(1, &[1]);
    let mut changes = 0;
    let mut last = String::new();
    for round in 0..200 {
        let holding = holders(&rig, &[&first, &second]);
        assert!(holding.len() <= 1, "{holding:?}");
        if let Some((run, _)) = holding.into_iter().next().filter(|(run, _)| *run != last) {
            changes += 1;
            last = run;
        }
        rig.probed(1, "east-1", true);
        turn(&mut rig, if round % 2 == 0 { &first } else { &second });
        if rig.run(&first).is_ended() && rig.run(&second).is_ended() {
            break;
        }
    }
    assert!(rig.run(&first).is_ended() && rig.run(&second).is_ended());
    assert!(changes > 4, "they changed places {changes} times");
}

#[test]
fn parts_are_kept_over_a_takeover_and_divided_anew_when_all_are_gone() {
    let (first, second) = (capped("a", 4, 100), capped("b", 4, 100));
    let mut rig = Rig::new();
    rig.hello(1, "east-1", 1, &[]);
    rig.submit(&first);
    let mut rig = rig.takeover(|_| {});
    rig.submit(&second);
    for stream in 1..=3 {
        rig.hello(10 + stream, &format!("east-{stream}"), 2, &[]);
    }
    let shared = |rig: &Rig| -> Vec<u32> {
        let events = rig.grid_events().into_iter();
        events
            .filter_map(|event| match event {
                GridEvent::CapsShared { sharers, .. } => Some(sharers),
                _ => None,
            })
            .collect()
    };
    assert_eq!(shared(&rig), [2], "three workers don't change it");
    assert_eq!(rig.run(&second).sharers(), Some(2));
    for plan in [&first, &second] {
        rig.ask(accounting::coordinator::Request::Cancel {
            run: plan.run.clone(),
            why: "no need".to_owned(),
        });
    }
    rig.pass(100, &[11, 12, 13]);
    assert_eq!(rig.active(), Vec::<String>::new());
    rig.submit(&capped("c", 4, 100));
    assert_eq!(shared(&rig), [2, 4]);
}

/// The division stood in the log of the run that shares, and not in the grid log, when the
/// coordinator died: who is admitted next must fit into it all the same.
#[test]
fn parts_of_a_run_whose_coordinator_died_between_two_logs_bind_the_next_leader() {
    let of_users = |name, users_at_once| Plan {
        caps: Some(Caps {
            rps: None,
            users: Some(6),
            users_at_once,
        }),
        ..long(name, 4)
    };
    let (first, second, third) = (of_users("a", 1), of_users("b", 4), of_users("c", 2));
    let mut rig = Rig::new();
    rig.submit(&first);
    rig.slow_log();
    rig.hello(1, "east-1", 1, &[]);
    rig.land_those_of_runs();
    assert_eq!(rig.run(&first).sharers(), Some(2));
    let is_shared = |event: GridEvent| matches!(event, GridEvent::CapsShared { .. });
    assert!(!rig.grid_events().into_iter().any(is_shared));
    let mut rig = rig.takeover(|_| {});
    rig.submit(&second);
    rig.submit(&third);
    assert_eq!(rig.active(), ["a"], "4 of 6 users don't fit into a half");
    rig.ask(accounting::coordinator::Request::Cancel {
        run: second.run.clone(),
        why: "no need".to_owned(),
    });
    rig.hello(12, "east-2", 1, &[]);
    rig.pass(1, &[12]);
    assert_eq!(rig.run(&third).sharers(), Some(2));
    assert!(rig.grid_events().into_iter().any(is_shared));
}

#[test]
fn nobody_leases_on_an_environment_that_an_unreadable_run_may_still_touch() {
    let (first, second) = (capped("a", 4, 100), capped("b", 4, 100));
    let mut rig = Rig::new();
    rig.submit(&first);
    rig.submit(&second);
    rig.join(1, "east-1");
    rig.probed(1, "east-1", true);
    rig.unreadable = Some(first.run.clone());
    let mut rig = rig.takeover(|_| {});
    rig.hello(12, "east-2", 1, &[]);
    rig.pass(55, &[12]);
    let may_touch = |rig: &Rig| {
        holders(rig, &[&second])
            .iter()
            .any(|(_, who)| who == "east-2")
    };
    rig.probed(12, "east-2", true);
    assert!(!may_touch(&rig));
    rig.pass(20, &[12]);
    rig.probed(12, "east-2", true);
    rig.pass(1, &[12]);
    assert!(
        may_touch(&rig),
        "leases and probes of the last leader have run out"
    );
}

#[test]
fn a_case_that_must_be_alone_gets_a_worker_beside_a_long_run() {
    let (first, second) = (plan("a", &[("poison", "east")]), long("b", 300));
    let mut rig = Rig::new();
    rig.submit(&first);
    rig.submit(&second);
    for stream in 1..=3 {
        rig.hello(stream, &format!("east-{stream}"), 1, &[]);
    }
    rig.probed(1, "east-1", true);
    for lost in 0..2u64 {
        let open = rig.open(&first);
        let (_, worker, _) = open.first().expect("the case is leased").clone();
        let stream = StreamId(stream_of(&worker));
        rig.step(Input::Disconnected { stream });
        let others: Vec<u64> = (1..=3).filter(|&other| other != stream.0).collect();
        rig.pass(18, &others);
        rig.hello(stream.0, &worker, 2 + lost, &[]);
    }
    let is_leased_alone = |rig: &Rig| {
        let open = rig.open(&first);
        let worker = open.first().map(|(_, worker, _)| worker.clone());
        let others = holders(rig, &[&second]);
        worker.is_some_and(|worker| others.iter().all(|(_, held)| *held != worker))
    };
    let mut n_turns = 0;
    while !is_leased_alone(&rig) {
        n_turns += 1;
        assert!(n_turns < 20, "the long run keeps every worker busy");
        assert!(turn(&mut rig, &second) > 0);
    }
    assert!(
        rig.run(&second).n_waiting() > 0,
        "the long run goes on elsewhere"
    );
}
