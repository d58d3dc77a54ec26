//! The environment's caps over the fleet: how many share them, and who has a part.

use domain::event::RunEvent;
use domain::message::{FromWorker, ToWorkerBody};
use domain::plan::Caps;
use domain::{Outcome, Plan};

use crate::rig::{Rig, plan};

/// Many cases in one region, and one in the other, whose requests are limited.
fn capped(rps: u32) -> Plan {
    let names: Vec<String> = (0..5).map(|number| format!("t{number}")).collect();
    let mut cases: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "east")).collect();
    cases.push(("other", "west"));
    let mut plan = plan("run", &cases);
    plan.caps = Some(Caps {
        rps: Some(rps),
        users: None,
        users_at_once: 1,
    });
    plan
}

fn shared(rig: &Rig, plan: &Plan) -> Vec<u32> {
    let sharers = |event| match event {
        RunEvent::CapsShared { sharers } => Some(sharers),
        _ => None,
    };
    rig.events(plan).into_iter().filter_map(sharers).collect()
}

fn holders(rig: &Rig, plan: &Plan) -> Vec<String> {
    let mut holders: Vec<_> = rig.open(plan).into_iter().map(|open| open.1).collect();
    holders.sort();
    holders.dedup();
    holders
}

/// Of all probes and leases that a stream was sent.
fn sharers(rig: &Rig, stream: u64) -> Vec<u32> {
    let sharers = |body: &ToWorkerBody| match body {
        ToWorkerBody::Probe { sharers, .. } | ToWorkerBody::Lease { sharers, .. } => Some(*sharers),
        _ => None,
    };
    rig.seen(stream).iter().filter_map(sharers).collect()
}

#[test]
fn workers_here_and_regions_without_one_get_a_part_each() {
    let (mut rig, plan) = (Rig::new(), capped(100));
    rig.hello(1, "east-1", 1, &[]);
    rig.hello(2, "east-2", 1, &[]);
    rig.submit(&plan);
    assert_eq!(shared(&rig, &plan), [3]);
    assert_eq!(sharers(&rig, 1), [3], "the probe");
    rig.probed(1, "east-1", true);
    assert!(!sharers(&rig, 1).is_empty(), "{:?}", rig.seen(1));
    assert!(sharers(&rig, 1).iter().all(|&sharers| sharers == 3));
}

#[test]
fn a_worker_that_comes_later_waits_for_a_part() {
    let (mut rig, plan) = (Rig::new(), capped(100));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.join(2, "west-1");
    rig.join(3, "east-3");
    assert_eq!(shared(&rig, &plan), [2]);
    assert_eq!(holders(&rig, &plan), ["east-1", "west-1"]);
    let why = "SIGTERM".to_owned();
    rig.say(1, FromWorker::Goodbye { why });
    rig.pass(1, &[2, 3]);
    assert_eq!(holders(&rig, &plan), ["east-3", "west-1"]);
}

#[test]
fn a_part_is_free_only_once_its_lease_has_run_out() {
    let (mut rig, plan) = (Rig::new(), capped(1));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.hello(2, "east-2", 1, &[]);
    assert_eq!(shared(&rig, &plan), [1]);
    let stream = accounting::coordinator::StreamId(1);
    rig.step(accounting::coordinator::Input::Disconnected { stream });
    rig.pass(16, &[2]);
    assert_eq!(holders(&rig, &plan), ["east-1"]);
    rig.pass(2, &[2]);
    assert_eq!(holders(&rig, &plan), ["east-2"]);
}

#[test]
fn a_probe_is_a_part_until_it_has_ended_by_the_clock() {
    let (mut rig, plan) = (Rig::new(), capped(1));
    rig.submit(&plan);
    rig.hello(1, "east-1", 1, &[]);
    rig.hello(2, "west-1", 1, &[]);
    assert_eq!((sharers(&rig, 1), sharers(&rig, 2)), (vec![1], vec![]));
    let stream = accounting::coordinator::StreamId(1);
    rig.step(accounting::coordinator::Input::Disconnected { stream });
    rig.pass(60, &[2]);
    assert_eq!(sharers(&rig, 2), Vec::<u32>::new());
    rig.pass(3, &[2]);
    assert_eq!(sharers(&rig, 2), [1]);
}

#[test]
fn regions_take_turns_where_there_is_one_part() {
    let (mut rig, plan) = (Rig::new(), capped(1));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.join(2, "west-1");
    while !rig.run(&plan).is_ended() {
        assert_eq!(holders(&rig, &plan).len(), 1);
        rig.work_off(&plan, &[("east-1", 1), ("west-1", 2)], Outcome::Passed);
        rig.probed(2, "west-1", true);
        rig.pass(1, &[1, 2]);
    }
    assert_eq!(rig.run(&plan).totals().passed, 6);
}

#[test]
fn the_next_leader_keeps_to_the_parts() {
    let (mut rig, plan) = (Rig::new(), capped(100));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.join(2, "west-1");
    let mut rig = rig.takeover(|_| {});
    rig.hello(13, "east-3", 1, &[]);
    rig.pass(10, &[13]);
    assert_eq!((shared(&rig, &plan), sharers(&rig, 13)), (vec![2], vec![]));
    rig.pass(8, &[13]);
    assert_eq!(holders(&rig, &plan), ["east-3"]);
}
