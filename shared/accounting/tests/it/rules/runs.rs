//! Submitting, queueing, ending.

use std::collections::BTreeSet;

use accounting::coordinator::{Answer, Request};
use domain::event::{RunEvent, StopCause};
use domain::message::ToWorkerBody;
use domain::{Digest, Outcome, RunId, VerdictWord};

use crate::rig::{Rig, plan, result};

#[test]
fn a_run_goes_from_submit_to_verdict() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east"), ("b", "any")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.work_off(&plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[]);
    let run = rig.run(&plan);
    let verdict = run.verdict().expect("a verdict");
    assert_eq!(verdict.word, VerdictWord::Passed, "{:?}", verdict.reasons);
    assert!(run.totals().is_conserved());
    assert_eq!(run.totals().passed, 2);
}

#[test]
fn a_submit_is_answered_once_the_grid_log_holds_it() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "any")]));
    rig.slow_log();
    rig.submit(&plan);
    assert_eq!(rig.answers, []);
    rig.log_catches_up();
    let run = RunId::from("run");
    assert_eq!(rig.answers, [Answer::Submitted { run }]);
}

#[test]
fn the_same_request_is_the_same_run() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "any")]));
    rig.submit_as("request", &plan);
    rig.submit_as("request", &plan);
    let submitted = Answer::Submitted {
        run: RunId::from("run"),
    };
    assert_eq!(rig.answers, [submitted.clone(), submitted]);
    let opened = |event: &RunEvent| matches!(event, RunEvent::RunOpened { .. });
    assert_eq!(rig.events(&plan).into_iter().filter(opened).count(), 1);
}

#[test]
fn a_plan_with_a_case_twice_is_refused() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "any"), ("a", "any")]));
    rig.submit(&plan);
    assert!(
        matches!(&rig.answers[..], [Answer::Refused { why }] if why.contains("suite::a@any")),
        "{:?}",
        rig.answers
    );
}

#[test]
fn an_empty_plan_is_refused() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[]));
    rig.submit(&plan);
    assert!(matches!(&rig.answers[..], [Answer::Refused { .. }]));
}

#[test]
fn a_cancelled_run_ends_with_its_cases_cancelled() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east"), ("b", "west")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.ask(Request::Cancel {
        run: plan.run.clone(),
        why: "Ctrl-C".to_owned(),
    });
    rig.end(1, &plan, 1, 0);
    let run = rig.run(&plan);
    assert_eq!(run.stop().map(|stop| stop.cause), Some(StopCause::Client));
    assert_eq!(run.totals().cancelled, 2);
    assert!(run.is_ended());
}

#[test]
fn what_lands_with_the_last_case_is_read_by_both_routines() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "west")]));
    rig.submit(&plan);
    rig.hello(1, "west-1", 1, &[]);
    rig.slow_appends_of_runs();
    // Under way, so that all that follows waits and lies in the same segment.
    rig.hello(2, "west-2", 1, &[]);
    rig.pass(1, &[]);
    rig.ask(Request::Cancel {
        run: plan.run.clone(),
        why: "Ctrl-C".to_owned(),
    });
    rig.probed(1, "west-1", true);
    rig.land_one();
    rig.log_catches_up();
    let verdict = rig.run(&plan).verdict().cloned().expect("a verdict");
    let disagrees = |why: &&String| why.contains("second count");
    assert_eq!(verdict.reasons.iter().find(disagrees), None);
    assert_eq!(rig.run(&plan).preflights().len(), 1);
}

#[test]
fn a_second_routine_that_disagrees_keeps_the_run_from_passing() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.forged_hash = Some(Digest::from("another"));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.work_off(&plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[]);
    let verdict = rig.run(&plan).verdict().cloned().expect("a verdict");
    assert_eq!(
        verdict.word,
        VerdictWord::Incomplete,
        "{:?}",
        verdict.reasons
    );
}

#[test]
fn a_mark_that_only_one_routine_reads_keeps_the_run_from_passing() {
    let flaky = "flaky suite::a@east".to_owned();
    for forged in [BTreeSet::from([flaky]), BTreeSet::new()] {
        let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
        rig.forged_marks = Some(forged);
        rig.submit(&plan);
        rig.join(1, "east-1");
        rig.work_off(&plan, &[("east-1", 1)], Outcome::Passed);
        rig.pass(1, &[]);
        let verdict = rig.run(&plan).verdict().cloned().expect("a verdict");
        let reasons = &verdict.reasons;
        assert_eq!(verdict.word, VerdictWord::Incomplete, "{reasons:?}");
        assert!(reasons[0].starts_with("the second count of the raw log disagrees"));
    }
}

#[test]
fn nothing_passes_by_standing_in_a_list_of_declared_skips() {
    let mut plan = plan("run", &[("a", "east"), ("b", "east")]);
    plan.cases[1].declared_skip = Some(domain::plan::DeclaredSkip::Quarantined);
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.work_off(&plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[]);
    let run = rig.run(&plan);
    let skipped = run.case(&plan.cases[1].id).expect("the case");
    assert_eq!(
        (skipped.outcome(), skipped.reason()),
        (Some(Outcome::Skipped), "quarantined")
    );
    assert!(run.is_ended());
}

#[test]
fn a_carried_outcome_counts_once_and_is_not_executed() {
    let mut plan = plan("run", &[("a", "east"), ("b", "east")]);
    plan.carried = vec![result(&plan.cases[0].id, "east-9", Outcome::Passed)];
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    assert_eq!(rig.open(&plan)[0].2, [plan.cases[1].id.clone()]);
    rig.work_off(&plan, &[("east-1", 1)], Outcome::Passed);
    rig.pass(1, &[]);
    let run = rig.run(&plan);
    assert!(
        run.case(&plan.cases[0].id)
            .is_some_and(|case| case.is_carried())
    );
    assert_eq!((run.totals().passed, run.is_ended()), (2, true));
}

#[test]
fn a_run_is_closed_only_when_no_lease_can_live() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    let case = plan.cases[0].id.clone();
    rig.deliver(1, &plan, 1, 1, result(&case, "east-1", Outcome::Passed));
    assert!(rig.run(&plan).is_ended());
    let is_closed = |rig: &Rig| {
        let segments = rig.store.grid.segments.iter();
        let mut events = segments.flat_map(|segment| &segment.events);
        events.any(|event| matches!(event, domain::event::GridEvent::RunClosed { .. }))
    };
    rig.pass(10, &[1]);
    assert!(!is_closed(&rig), "the attempt may still run");
    rig.pass(8, &[1]);
    assert!(is_closed(&rig));
}

#[test]
fn a_run_that_closes_thousands_of_cases_at_once_is_rechecked_whole() {
    let names: Vec<String> = (0..3_000).map(|number| format!("t{number:04}")).collect();
    let cases: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "east")).collect();
    let mut plan = plan("run", &cases);
    plan.completes = Some(RunId::from("an earlier run"));
    let carried = plan.cases.iter();
    plan.carried = carried
        .map(|case| result(&case.id, "east-1", Outcome::Passed))
        .collect();
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.pass(1, &[1]);
    let run = rig.run(&plan);
    let verdict = run.verdict().expect("a verdict");
    assert_eq!(verdict.word, VerdictWord::Passed, "{:?}", verdict.reasons);
    assert_eq!(run.totals().passed, 3_000);
}

#[test]
fn a_lease_behind_thousands_of_decisions_waits_for_all_of_them() {
    let names: Vec<String> = (0..1_500).map(|number| format!("t{number:04}")).collect();
    let mut cases: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "west")).collect();
    cases.push(("last", "east"));
    let mut plan = plan("run", &cases);
    for case in plan.cases.iter_mut().take(1_500) {
        case.declared_skip = Some(domain::plan::DeclaredSkip::NotSelected);
    }
    let mut rig = Rig::new();
    rig.hello(1, "east-1", 1, &[]);
    rig.slow_appends_of_runs();
    rig.submit(&plan);
    rig.land_one();
    rig.land_one();
    assert_eq!(rig.seen(1).len(), 1, "only the welcome: {:?}", rig.seen(1));
    rig.land_one();
    let probe = |body: &ToWorkerBody| matches!(body, ToWorkerBody::Probe { .. });
    assert!(rig.seen(1).iter().any(probe), "{:?}", rig.seen(1));
}

/// Its worker is silent, so the run is over and not closed for a while.
#[test]
fn to_cancel_a_run_that_has_its_verdict_is_answered() {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    let passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    rig.deliver(1, &plan, 1, 1, passed);
    assert!(rig.run(&plan).is_ended());
    assert_eq!(rig.active(), ["run"]);
    rig.ask(Request::Cancel {
        run: plan.run.clone(),
        why: "too late".to_owned(),
    });
    assert!(
        matches!(rig.answers.last(), Some(Answer::Cancelling { run }) if *run == plan.run),
        "{:?}",
        rig.answers
    );
}
