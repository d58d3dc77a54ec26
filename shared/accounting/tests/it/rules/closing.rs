//! Red regions, empty regions, red tiers, stops and deadlines.

use std::time::Duration;

use domain::event::StopCause;
use domain::gate::{Gate, TierGate, Tolerance};
use domain::message::ToWorkerBody;
use domain::run::Run;
use domain::{Outcome, Plan, Tier, VerdictWord};

use crate::rig::{Rig, plan, result};

fn ends(run: &Run) -> Vec<(String, String)> {
    run.cases()
        .map(|(case, facts)| {
            let outcome = facts.outcome().map_or("open", Outcome::word);
            (
                case.test.to_string(),
                format!("{outcome} {}", facts.reason()),
            )
        })
        .collect()
}

pub(super) fn gated(mut plan: Plan) -> Plan {
    let none = Tolerance::Tests(0);
    let tier = |tier| TierGate {
        tier,
        failed: none,
        not_proven: none,
        flaky: none,
    };
    plan.gate = Some(Gate {
        name: "release".to_owned(),
        tiers: vec![tier(Tier::P1), tier(Tier::P2)],
        tolerated_skips: Vec::new(),
        retries_failed: false,
        proven_checks: None,
    });
    plan
}

#[test]
fn a_red_region_skips_its_cases_and_no_others() {
    let cases = [("a", "east"), ("b", "west"), ("c", "any")];
    let (mut rig, plan) = (Rig::new(), plan("run", &cases));
    rig.submit(&plan);
    rig.hello(1, "east-1", 1, &[]);
    rig.probed(1, "east-1", false);
    rig.join(2, "west-1");
    rig.work_off(&plan, &[("west-1", 2)], Outcome::Passed);
    rig.pass(1, &[]);
    let ends = ends(&rig.run(&plan));
    assert!(ends[0].1.starts_with("skipped env_unreachable"), "{ends:?}");
    assert_eq!(
        (ends[1].1.as_str(), ends[2].1.as_str()),
        ("passed ", "passed ")
    );
}

#[test]
fn a_platform_that_is_down_skips_everything_and_is_inconclusive() {
    let cases = [("a", "east"), ("b", "west"), ("c", "any")];
    let (mut rig, plan) = (Rig::new(), gated(plan("run", &cases)));
    rig.submit(&plan);
    for (stream, worker) in [(1, "east-1"), (2, "west-1")] {
        rig.hello(stream, worker, 1, &[]);
        rig.probed(stream, worker, false);
    }
    rig.pass(1, &[]);
    let run = rig.run(&plan);
    assert_eq!(run.totals().skipped, 3);
    assert_eq!(
        run.verdict().map(|verdict| verdict.word),
        Some(VerdictWord::Inconclusive)
    );
}

#[test]
fn a_region_without_a_worker_is_given_up_at_the_placement_deadline() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east"), ("b", "west")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.work_off(&plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(55, &[1]);
    assert_eq!(rig.run(&plan).n_open(), 1);
    rig.pass(6, &[1]);
    let ends = ends(&rig.run(&plan));
    assert_eq!(ends[1].1, "errored no_capacity: west");
    assert!(rig.run(&plan).is_ended());
}

#[test]
fn no_worker_at_all_still_ends_the_run() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "any"), ("b", "west")]));
    rig.submit(&plan);
    rig.pass(65, &[]);
    assert_eq!(rig.run(&plan).totals().errored, 2);
    assert!(rig.run(&plan).is_ended());
}

#[test]
fn a_red_p1_ends_what_has_not_started_in_later_tiers() {
    let cases = [("a", "east"), ("b", "east"), ("c", "west")];
    let mut plan = gated(plan("run", &cases));
    plan.cases[1].tier = Tier::P2;
    plan.cases[2].tier = Tier::P2;
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.deliver(
        1,
        &plan,
        1,
        1,
        result(&plan.cases[0].id, "east-1", Outcome::Failed),
    );
    let run = rig.run(&plan);
    let started = rig.open(&plan).len();
    let ends = ends(&run);
    assert!(
        ends[2]
            .1
            .starts_with("skipped tier_gate: P1: 1 failed, 0 allowed (of 1)"),
        "{ends:?}"
    );
    assert_eq!(
        (started, ends[1].1.as_str()),
        (2, "open "),
        "what runs is finished"
    );
    assert_eq!(run.gates_closed().len(), 1);
}

#[test]
fn without_a_gate_everything_runs() {
    let mut plan = plan("run", &[("a", "east"), ("b", "west")]);
    plan.cases[1].tier = Tier::P2;
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.work_off(&plan, &[("east-1", 1)], Outcome::Failed);
    assert_eq!(rig.run(&plan).n_open(), 1);
}

#[test]
fn max_fail_cancels_the_rest() {
    let cases = [("a", "east"), ("b", "west"), ("c", "west")];
    let mut plan = plan("run", &cases);
    plan.max_fail = Some(1);
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.deliver(
        1,
        &plan,
        1,
        1,
        result(&plan.cases[0].id, "east-1", Outcome::Failed),
    );
    let run = rig.run(&plan);
    assert_eq!(run.stop().map(|stop| stop.cause), Some(StopCause::MaxFail));
    assert_eq!((run.totals().failed, run.totals().cancelled), (1, 2));
    assert_eq!(
        run.verdict().map(|verdict| verdict.word),
        Some(VerdictWord::Failed)
    );
}

#[test]
fn the_deadline_ends_a_run_whoever_is_silent() {
    let mut plan = plan("run", &[("a", "east"), ("b", "west"), ("c", "west")]);
    plan.deadline = Duration::from_secs(10);
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.pass(11, &[1]);
    let cancels = |body: &ToWorkerBody| matches!(body, ToWorkerBody::Cancel { .. });
    assert!(rig.seen(1).iter().any(cancels));
    assert_eq!(
        rig.run(&plan).n_open(),
        1,
        "what is leased has time to stop"
    );
    let stream = accounting::coordinator::StreamId(1);
    rig.step(accounting::coordinator::Input::Disconnected { stream });
    rig.pass(31, &[]);
    let run = rig.run(&plan);
    assert!(run.is_ended());
    assert_eq!(
        (run.totals().lost + run.totals().cancelled, run.n_open()),
        (3, 0)
    );
    assert!(
        run.elapsed() <= Duration::from_secs(45),
        "{:?}",
        run.elapsed()
    );
}
