//! A run that completes an earlier one: what it takes over must be of the same environment, and its
//! failures are not this run's.

use domain::event::RunEvent;
use domain::record::CaseResult;
use domain::run::Run;
use domain::{Outcome, Plan, RunId, VerdictWord};

use super::closing::gated;
use crate::rig::{Rig, plan, result};

/// The first cases of the plan were proven by an earlier run, each by a worker of its region.
fn completing(mut plan: Plan, carried: &[(&str, Outcome)]) -> Plan {
    let results = plan.cases.iter().zip(carried);
    plan.carried = results
        .map(|(case, (worker, outcome))| result(&case.id, worker, *outcome))
        .collect();
    plan.completes = Some(RunId::from("earlier"));
    plan
}

fn verdict(run: &Run) -> (Option<VerdictWord>, String) {
    let verdict = run.verdict();
    let first = verdict.and_then(|verdict| verdict.reasons.first().cloned());
    (
        verdict.map(|verdict| verdict.word),
        first.unwrap_or_default(),
    )
}

fn two_in_the_east() -> Plan {
    let plan = gated(plan("run", &[("a", "east"), ("b", "east")]));
    completing(plan, &[("east-1", Outcome::Passed)])
}

fn completed(plan: &Plan) -> Rig {
    let mut rig = Rig::new();
    rig.submit(plan);
    rig.join(1, "east-1");
    rig.work_off(plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[]);
    rig
}

#[test]
fn results_of_the_same_environment_are_counted_with_the_new_ones() {
    let plan = two_in_the_east();
    let run = completed(&plan).run(&plan);
    assert_eq!(
        verdict(&run).0,
        Some(VerdictWord::Go),
        "{:?}",
        run.verdict()
    );
}

#[test]
fn results_of_another_revision_keep_a_go_away() {
    for earlier in ["revision 0", ""] {
        let mut plan = two_in_the_east();
        plan.carried[0].fingerprint = earlier.to_owned();
        let rig = completed(&plan);
        let (word, why) = verdict(&rig.run(&plan));
        assert_eq!(word, Some(VerdictWord::Inconclusive));
        assert!(
            why.starts_with("the environment changed under the run, seen from east"),
            "{why}"
        );
        let is_change = |event: &&RunEvent| matches!(event, RunEvent::EnvironmentChanged { .. });
        assert_eq!(rig.events(&plan).iter().filter(is_change).count(), 1);
    }
}

#[test]
fn a_region_of_carried_results_alone_is_probed_before_the_end() {
    let plan = gated(plan("run", &[("a", "west"), ("b", "east")]));
    let plan = completing(plan, &[("west-1", Outcome::Passed)]);
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.hello(2, "west-1", 1, &[]);
    rig.join(1, "east-1");
    rig.work_off(&plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[]);
    assert_eq!(
        (rig.run(&plan).n_open(), rig.run(&plan).is_ended()),
        (0, false)
    );
    rig.probed(2, "west-1", true);
    rig.pass(1, &[]);
    assert_eq!(verdict(&rig.run(&plan)).0, Some(VerdictWord::Go));
}

#[test]
fn a_region_of_carried_results_that_nobody_can_probe_is_not_confirmed() {
    let plan = gated(plan("run", &[("a", "west"), ("b", "east")]));
    let plan = completing(plan, &[("west-1", Outcome::Passed)]);
    let mut rig = completed(&plan);
    assert!(!rig.run(&plan).is_ended());
    rig.pass(65, &[1]);
    let not_confirmed =
        "the results taken over from west are not confirmed: it was not probed again";
    assert_eq!(
        verdict(&rig.run(&plan)),
        (Some(VerdictWord::Inconclusive), not_confirmed.to_owned())
    );
}

#[test]
fn failures_that_were_taken_over_do_not_stop_the_run() {
    let mut plan = plan("run", &[("a", "east"), ("b", "east"), ("c", "east")]);
    plan.max_fail = Some(1);
    let plan = completing(plan, &[("east-1", Outcome::Failed)]);
    let run = completed(&plan).run(&plan);
    assert_eq!(run.stop(), None);
    assert_eq!((run.totals().failed, run.totals().passed), (1, 2));
}

#[test]
fn an_environment_that_falls_silent_is_a_changed_one() {
    let plan = gated(plan("run", &[("a", "east")]));
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    let silent = CaseResult {
        fingerprint: String::new(),
        ..result(&plan.cases[0].id, "east-1", Outcome::Passed)
    };
    rig.deliver(1, &plan, 1, 1, silent);
    let run = rig.run(&plan);
    assert_eq!(verdict(&run).0, Some(VerdictWord::Inconclusive));
    assert_eq!(run.environment_changes().len(), 1);
}
