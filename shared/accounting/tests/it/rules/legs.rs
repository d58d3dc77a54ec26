//! Cases of several legs: leased together or not at all, and settled or given back together.

use domain::message::ToWorkerBody;
use domain::plan::Caps;
use domain::run::CaseState;
use domain::{CaseId, Outcome, Plan};

use crate::rig::{Rig, plan, result};

fn across() -> Plan {
    plan("run", &[("across", "east+west")])
}

fn case(plan: &Plan) -> CaseId {
    plan.cases[0].id.clone()
}

/// A worker in each region, with what the plan gives them.
fn both(plan: &Plan) -> Rig {
    let mut rig = Rig::new();
    rig.submit(plan);
    rig.join(1, "east-1");
    rig.join(2, "west-1");
    rig
}

fn holders(rig: &Rig, plan: &Plan) -> Vec<(u64, String)> {
    let open = rig.open(plan).into_iter();
    open.map(|(attempt, worker, _)| (attempt, worker)).collect()
}

fn on(attempt: u64, worker: &str) -> (u64, String) {
    (attempt, worker.to_owned())
}

fn brings(
    rig: &mut Rig,
    plan: &Plan,
    (stream, worker): (u64, &str),
    attempt: u64,
    outcome: Outcome,
) {
    let result = result(&case(plan), worker, outcome);
    rig.deliver(stream, plan, attempt, 1, result);
}

fn is_cancelled(rig: &Rig, stream: u64) -> bool {
    let mut seen = rig.seen(stream).iter();
    seen.any(|body| matches!(body, ToWorkerBody::Cancel { why, .. } if why.starts_with("choreography_lost")))
}

#[test]
fn no_leg_is_leased_before_every_leg_can_be() {
    let (mut rig, plan) = (Rig::new(), across());
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.pass(1, &[1]);
    assert_eq!(holders(&rig, &plan), []);
    rig.join(2, "west-1");
    assert_eq!(holders(&rig, &plan), [on(1, "east-1"), on(2, "west-1")]);
    let is_lease = |body: &&ToWorkerBody| matches!(body, ToWorkerBody::Lease { .. });
    for stream in [1, 2] {
        assert_eq!(rig.seen(stream).iter().filter(is_lease).count(), 1);
    }
}

#[test]
fn the_last_leg_ends_the_case_and_the_worst_of_them_is_its_outcome() {
    let plan = across();
    let mut rig = both(&plan);
    brings(&mut rig, &plan, (1, "east-1"), 1, Outcome::Failed);
    assert!(
        rig.run(&plan)
            .state(&case(&plan))
            .is_some_and(CaseState::is_open)
    );
    assert_eq!(rig.run(&plan).totals().failed, 0);
    brings(&mut rig, &plan, (2, "west-1"), 2, Outcome::Passed);
    let run = rig.run(&plan);
    let result = run.case(&case(&plan)).and_then(|facts| facts.result());
    let result = result.expect("a result");
    assert_eq!(
        (result.outcome, result.region.as_str()),
        (Outcome::Failed, "east")
    );
    assert_eq!(result.evidence.exchanges, 2, "the evidence of both");
    assert_eq!(run.totals().failed, 1);
}

#[test]
fn when_one_leg_is_lost_the_others_are_ended_and_all_are_leased_again() {
    let plan = across();
    let mut rig = both(&plan);
    rig.hello(3, "east-1", 2, &[]);
    rig.pass(1, &[2, 3]);
    assert!(is_cancelled(&rig, 2));
    assert_eq!(
        holders(&rig, &plan),
        [on(2, "west-1")],
        "not before the other is over"
    );
    rig.end(2, &plan, 2, 0);
    assert_eq!(holders(&rig, &plan), [on(3, "east-1"), on(4, "west-1")]);
    let run = rig.run(&plan);
    let losses = &run.case(&case(&plan)).expect("the case").losses;
    assert_eq!(losses.len(), 1, "one leasing, one loss: {losses:?}");
    assert!(
        losses[0].why.starts_with("choreography_lost:") && losses[0].blames,
        "{losses:?}"
    );
}

#[test]
fn a_leg_that_was_settled_in_vain_is_kept_and_makes_the_test_flaky() {
    let plan = across();
    let mut rig = both(&plan);
    brings(&mut rig, &plan, (2, "west-1"), 2, Outcome::Failed);
    rig.end(2, &plan, 2, 1);
    rig.hello(3, "east-1", 2, &[]);
    rig.pass(1, &[2, 3]);
    assert_eq!(holders(&rig, &plan), [on(3, "east-1"), on(4, "west-1")]);
    brings(&mut rig, &plan, (3, "east-1"), 3, Outcome::Passed);
    brings(&mut rig, &plan, (2, "west-1"), 4, Outcome::Passed);
    let run = rig.run(&plan);
    let facts = run.case(&case(&plan)).expect("the case");
    assert_eq!(
        (facts.outcome(), facts.is_flaky()),
        (Some(Outcome::Passed), true)
    );
}

#[test]
fn a_leg_that_passed_in_vain_says_nothing_against_a_failure() {
    let plan = across();
    let mut rig = both(&plan);
    brings(&mut rig, &plan, (2, "west-1"), 2, Outcome::Passed);
    rig.end(2, &plan, 2, 1);
    rig.hello(3, "east-1", 2, &[]);
    rig.pass(1, &[2, 3]);
    brings(&mut rig, &plan, (3, "east-1"), 3, Outcome::Failed);
    brings(&mut rig, &plan, (2, "west-1"), 4, Outcome::Passed);
    let run = rig.run(&plan);
    let facts = run.case(&case(&plan)).expect("the case");
    assert_eq!(
        (facts.outcome(), facts.is_flaky()),
        (Some(Outcome::Failed), false)
    );
}

#[test]
fn legs_that_are_lost_again_and_again_spend_the_budget_of_their_case() {
    let plan = across();
    let mut rig = both(&plan);
    for round in 0..5 {
        let west = rig.open(&plan).into_iter().find(|open| open.1 == "west-1");
        let Some((attempt, ..)) = west else {
            break;
        };
        // Who goes takes its case along; the platform explains it.
        rig.say(
            1 + 10 * round,
            domain::message::FromWorker::Goodbye {
                why: "told to".to_owned(),
            },
        );
        rig.pass(1, &[2]);
        rig.end(2, &plan, attempt, 0);
        rig.hello(1 + 10 * (round + 1), "east-1", 2 + round, &[]);
        rig.pass(1, &[2]);
    }
    let run = rig.run(&plan);
    let facts = run.case(&case(&plan)).expect("the case");
    assert_eq!(facts.outcome(), Some(Outcome::Lost));
    assert!(
        facts.reason().starts_with("budget: lost 5 times"),
        "{}",
        facts.reason()
    );
}

#[test]
fn the_next_leader_takes_up_every_leg() {
    let plan = across();
    let mut rig = both(&plan);
    brings(&mut rig, &plan, (1, "east-1"), 1, Outcome::Passed);
    let mut rig = rig.takeover(|_| {});
    rig.hello(11, "east-1", 1, &[(plan.run.clone(), 1)]);
    rig.hello(12, "west-1", 1, &[(plan.run.clone(), 2)]);
    rig.pass(1, &[11, 12]);
    assert_eq!(holders(&rig, &plan), [on(1, "east-1"), on(2, "west-1")]);
    brings(&mut rig, &plan, (12, "west-1"), 2, Outcome::Passed);
    assert_eq!(rig.run(&plan).totals().passed, 1);
}

#[test]
fn a_leg_whose_leasing_has_come_to_nothing_is_told_so_when_it_comes_back() {
    let plan = across();
    let mut rig = both(&plan);
    rig.disconnect(2);
    rig.hello(3, "east-1", 2, &[]);
    rig.pass(1, &[3]);
    rig.hello(12, "west-1", 1, &[(plan.run.clone(), 2)]);
    rig.pass(1, &[3, 12]);
    assert!(is_cancelled(&rig, 12), "{:?}", rig.seen(12));
}

#[test]
fn room_is_kept_for_a_leg_whose_other_regions_are_busy() {
    let names: Vec<String> = (0..30).map(|number| format!("t{number}")).collect();
    let plain = plan(
        "plain",
        &names
            .iter()
            .map(|name| (name.as_str(), "any"))
            .collect::<Vec<_>>(),
    );
    let plan = across();
    let mut rig = both(&plain);
    rig.submit(&plan);
    rig.probed(1, "east-1", true);
    rig.probed(2, "west-1", true);
    let streams = [("east-1", 1), ("west-1", 2)];
    let mut n_rounds = 0;
    while holders(&rig, &plan).is_empty() {
        let (attempt, worker, cases) = rig.open(&plain)[0].clone();
        let stream = streams
            .iter()
            .find(|(name, _)| *name == worker)
            .expect("its stream")
            .1;
        for (seq, case) in (1..).zip(&cases) {
            rig.beat(1);
            rig.beat(2);
            rig.deliver(
                stream,
                &plain,
                attempt,
                seq,
                result(case, &worker, Outcome::Passed),
            );
        }
        rig.end(stream, &plain, attempt, cases.len() as u64);
        n_rounds += 1;
        assert!(n_rounds < 30, "the legs never had room in both regions");
    }
    assert!(
        rig.run(&plain).n_open() > 5,
        "long before the others are through"
    );
}

#[test]
fn legs_that_can_never_be_leased_together_end_at_once() {
    let twins = plan("run", &[("twins", "east+east")]);
    let mut capped = across();
    capped.caps = Some(Caps {
        rps: Some(1),
        users: None,
        users_at_once: 1,
    });
    for (plan, why) in [
        (twins, "2 legs that are not in as many regions"),
        (capped, "parts for 1 workers"),
    ] {
        let rig = both(&plan);
        let run = rig.run(&plan);
        let facts = run.case(&case(&plan)).expect("the case");
        assert_eq!(facts.outcome(), Some(Outcome::Errored), "{why}");
        assert!(
            facts.reason().starts_with("no_capacity:") && facts.reason().contains(why),
            "{}",
            facts.reason()
        );
    }
}
