//! What becomes of a result.

use domain::message::ToWorkerBody;
use domain::record::{CaseProof, CheckProof};
use domain::run::CaseState;
use domain::{AttemptId, Outcome, Plan, VerdictWord};

use crate::rig::{Rig, plan, result};

/// One case leased to `east-1` as attempt 1, and another that keeps the run open.
fn leased() -> (Rig, Plan) {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east"), ("b", "west")]));
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.sent(1);
    (rig, plan)
}

fn acks(rig: &Rig) -> Vec<u64> {
    let through = |body: &ToWorkerBody| match body {
        ToWorkerBody::Ack { through, .. } => Some(*through),
        _ => None,
    };
    rig.seen(1).iter().filter_map(through).collect()
}

#[test]
fn a_result_is_acknowledged_once_it_is_durable() {
    let (mut rig, plan) = leased();
    rig.slow_log();
    let case = plan.cases[0].id.clone();
    rig.deliver(1, &plan, 1, 1, result(&case, "east-1", Outcome::Failed));
    assert_eq!(acks(&rig), Vec::<u64>::new());
    rig.log_catches_up();
    assert_eq!(acks(&rig), [1]);
    assert_eq!(rig.run(&plan).totals().failed, 1);
}

#[test]
fn a_result_waits_for_its_record() {
    let (mut rig, plan) = leased();
    rig.slow_blobs();
    let record = b"what was exchanged".to_vec();
    let mut passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    passed.record = Some(accounting::digest::of(&record));
    let session = rig.session(&plan, 1);
    rig.deliver_under(1, &plan, (1, session, 1), passed, record);
    assert_eq!(rig.run(&plan).totals().passed, 0);
    rig.blobs_catch_up();
    rig.pass(1, &[]);
    assert_eq!((rig.run(&plan).totals().passed, acks(&rig)), (1, vec![1]));
}

#[test]
fn a_record_with_another_digest_is_rejected() {
    let (mut rig, plan) = leased();
    let mut passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    passed.record = Some(accounting::digest::of(b"one"));
    let session = rig.session(&plan, 1);
    rig.deliver_under(1, &plan, (1, session, 1), passed, b"another".to_vec());
    assert_eq!(rig.run(&plan).rejected().len(), 1);
}

#[test]
fn a_repeated_result_is_acknowledged_and_counted_once() {
    let (mut rig, plan) = leased();
    let passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    rig.deliver(1, &plan, 1, 1, passed.clone());
    rig.deliver(1, &plan, 1, 1, passed);
    assert_eq!(acks(&rig), [1, 1]);
    assert_eq!(rig.run(&plan).totals().passed, 1);
}

#[test]
fn a_gap_is_answered_with_what_is_expected() {
    let (mut rig, plan) = leased();
    rig.deliver(
        1,
        &plan,
        1,
        2,
        result(&plan.cases[0].id, "east-1", Outcome::Passed),
    );
    assert!(
        matches!(rig.seen(1), [ToWorkerBody::Expect { seq: 1, .. }]),
        "{:?}",
        rig.seen(1)
    );
    assert_eq!(rig.run(&plan).totals().settled(), 0);
}

#[test]
fn another_content_for_the_same_case_pollutes_the_run() {
    let (mut rig, plan) = leased();
    let case = plan.cases[0].id.clone();
    rig.deliver(1, &plan, 1, 1, result(&case, "east-1", Outcome::Passed));
    rig.deliver(1, &plan, 1, 2, result(&case, "east-1", Outcome::Failed));
    assert_eq!(rig.run(&plan).rejected().len(), 1);
    rig.join(2, "west-1");
    rig.work_off(&plan, &[("east-1", 1), ("west-1", 2)], Outcome::Passed);
    rig.end(1, &plan, 1, 2);
    let verdict = rig.run(&plan).verdict().cloned().expect("a verdict");
    assert_eq!(
        verdict.word,
        VerdictWord::Incomplete,
        "{:?}",
        verdict.reasons
    );
}

#[test]
fn the_same_content_again_under_the_next_number_is_kept() {
    let (mut rig, plan) = leased();
    let passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    rig.deliver(1, &plan, 1, 1, passed.clone());
    rig.deliver(1, &plan, 1, 2, passed);
    let run = rig.run(&plan);
    assert_eq!((run.rejected().len(), acks(&rig)), (0, vec![1, 2]));
    assert!(
        !run.case(&plan.cases[0].id)
            .is_some_and(|case| case.is_flaky())
    );
}

#[test]
fn a_case_of_another_shard_is_rejected() {
    let (mut rig, plan) = leased();
    rig.deliver(
        1,
        &plan,
        1,
        1,
        result(&plan.cases[1].id, "east-1", Outcome::Passed),
    );
    assert_eq!(rig.run(&plan).rejected().len(), 1);
    assert_eq!(rig.run(&plan).totals().settled(), 0);
}

#[test]
fn a_pass_that_shows_nothing_is_unproven() {
    let (mut rig, plan) = leased();
    let mut bare = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    bare.evidence.checks = 0;
    rig.deliver(1, &plan, 1, 1, bare);
    let totals = rig.run(&plan).totals();
    assert_eq!((totals.passed, totals.unproven), (0, 1));
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let (mut rig, plan) = leased();
    let mut wordy = result(&plan.cases[0].id, "east-1", Outcome::Failed);
    wordy.reason = "é".repeat(400);
    rig.deliver(1, &plan, 1, 1, wordy);
    let run = rig.run(&plan);
    let case = run.case(&plan.cases[0].id).expect("the case");
    assert_eq!(case.reason(), "é".repeat(150));
}

#[test]
fn of_a_proof_that_is_too_large_nothing_is_known() {
    let known = |checks: usize, length: usize| CaseProof::Known {
        checks: (1..=checks)
            .map(|_| CheckProof {
                line: 1,
                expression: "x".repeat(length),
                can_fail: true,
            })
            .collect(),
        is_complete: true,
    };
    let wordy = CaseProof::Unknown("x".repeat(16 * 1024 + 1));
    for (proof, is_kept) in [
        (known(200, 80), true),
        (known(201, 1), false),
        (known(1, 16 * 1024), true),
        (known(1, 16 * 1024 + 1), false),
        (wordy, false),
    ] {
        let (mut rig, plan) = leased();
        let mut passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
        passed.proof = Some(proof.clone());
        rig.deliver(1, &plan, 1, 1, passed);
        let run = rig.run(&plan);
        let Some(CaseState::Settled { result, .. }) = run.state(&plan.cases[0].id) else {
            panic!("the case is not settled");
        };
        assert_eq!(result.outcome, Outcome::Passed);
        match (&result.proof, is_kept) {
            (counted, true) => assert_eq!(counted.as_ref(), Some(&proof)),
            (Some(CaseProof::Unknown(why)), false) => {
                assert!(why.starts_with("too large") && why.len() < 200, "{why}");
            }
            (other, false) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_proof_that_is_too_large_is_not_kept_with_a_rejected_result_either() {
    let (mut rig, plan) = leased();
    let mut foreign = result(&plan.cases[1].id, "east-1", Outcome::Passed);
    foreign.proof = Some(CaseProof::Unknown("x".repeat(1024 * 1024)));
    rig.deliver(1, &plan, 1, 1, foreign);
    let run = rig.run(&plan);
    let rejected = format!("{:?}", run.rejected());
    assert!(
        rejected.contains("too large") && rejected.len() < 4096,
        "{} bytes",
        rejected.len()
    );
}

/// Its reason, the name of its trace and what the environment said of itself are a worker's words.
#[test]
fn texts_of_results_that_do_not_count_are_cut_too() {
    let (mut rig, plan) = leased();
    let case = plan.cases[0].id.clone();
    rig.deliver(1, &plan, 1, 1, result(&case, "east-1", Outcome::Passed));
    let mut other = result(&case, "east-1", Outcome::Failed);
    for text in [
        &mut other.reason,
        &mut other.trace_id,
        &mut other.fingerprint,
    ] {
        *text = "é".repeat(100_000);
    }
    rig.deliver(1, &plan, 1, 2, other);
    let run = rig.run(&plan);
    let [rejected] = run.rejected() else {
        panic!("{:?}", run.rejected());
    };
    let result = &rejected.result;
    for text in [&result.reason, &result.trace_id, &result.fingerprint] {
        assert_eq!(text.len(), 300);
    }
    let why = "no more ".repeat(1_000);
    rig.say(1, domain::message::FromWorker::Goodbye { why });
    let left = rig
        .run(&plan)
        .workers()
        .values()
        .find_map(|seen| seen.left.clone());
    assert_eq!(left.map(|why| why.len()), Some(300));
}

#[test]
fn a_failure_kept_beside_a_counted_pass_marks_the_case_flaky() {
    let (mut rig, plan) = leased();
    let case = plan.cases[0].id.clone();
    rig.pass(18, &[]);
    rig.join(3, "east-2");
    rig.hello(4, "east-1", 2, &[(plan.run.clone(), 1)]);
    let session = match rig.sent(4).first() {
        Some(ToWorkerBody::Welcome { session }) => *session,
        other => panic!("{other:?}"),
    };
    let failed = result(&case, "east-1", Outcome::Failed);
    rig.deliver_under(4, &plan, (1, session, 1), failed, Vec::new());
    let run = rig.run(&plan);
    assert_eq!(
        run.totals().settled(),
        0,
        "what a fenced attempt brings is never counted"
    );
    assert_eq!(run.case(&case).map(|case| case.kept.len()), Some(1));
    rig.deliver(3, &plan, 2, 1, result(&case, "east-2", Outcome::Passed));
    assert!(
        rig.run(&plan)
            .case(&case)
            .is_some_and(|case| case.is_flaky())
    );
}

#[test]
fn a_result_after_the_verdict_is_late() {
    let mut plan = plan("run", &[("a", "east")]);
    plan.deadline = std::time::Duration::from_secs(5);
    let mut rig = Rig::new();
    rig.submit(&plan);
    rig.join(1, "east-1");
    rig.pass(45, &[1]);
    let verdict = rig.run(&plan).verdict().cloned();
    assert!(verdict.is_some());
    rig.deliver(
        1,
        &plan,
        1,
        1,
        result(&plan.cases[0].id, "east-1", Outcome::Failed),
    );
    let run = rig.run(&plan);
    assert_eq!((run.late().len(), run.verdict().cloned()), (1, verdict));
    assert_eq!(acks(&rig).last(), Some(&1));
}

#[test]
fn a_closed_run_is_remembered_until_what_came_late_is_durable() {
    let mut rig = Rig::of(|config| config.keep_closed = 1);
    let deadlines = [("one", 5), ("two", 40)];
    let plans = deadlines.map(|(name, seconds)| Plan {
        deadline: std::time::Duration::from_secs(seconds),
        ..plan(name, &[("a", "east")])
    });
    plans.iter().for_each(|plan| rig.submit(plan));
    rig.join(1, "east-1");
    while !rig.run(&plans[1]).is_ended() {
        rig.pass(1, &[1]);
    }
    assert_eq!(rig.active(), ["two"]);
    rig.slow_appends_of_runs();
    let n_acks = acks(&rig).len();
    let late = result(&plans[0].cases[0].id, "east-1", Outcome::Failed);
    rig.deliver(1, &plans[0], 1, 1, late);
    while !rig.active().is_empty() {
        rig.pass(1, &[1]);
    }
    assert_eq!(
        acks(&rig).len(),
        n_acks,
        "acknowledged before it was durable"
    );
    rig.log_catches_up();
    assert_eq!(rig.run(&plans[0]).late().len(), 1);
    assert_eq!(acks(&rig).len(), n_acks + 1);
}

#[test]
fn a_changed_environment_is_said_once() {
    let (mut rig, plan) = (
        Rig::new(),
        plan("run", &[("a", "east"), ("b", "east"), ("c", "west")]),
    );
    rig.submit(&plan);
    rig.join(1, "east-1");
    for (attempt, _, cases) in rig.open(&plan) {
        let mut passed = result(&cases[0], "east-1", Outcome::Passed);
        passed.fingerprint = "revision 2".to_owned();
        rig.deliver(1, &plan, attempt, 1, passed);
    }
    let run = rig.run(&plan);
    assert_eq!(run.totals().passed, 2);
    assert_eq!(run.environment_changes().len(), 1);
}

#[test]
fn an_attempt_ends_after_its_last_result() {
    let (mut rig, plan) = leased();
    let session = rig.session(&plan, 1);
    rig.say(
        1,
        domain::message::FromWorker::AttemptEnd {
            run: plan.run.clone(),
            attempt: AttemptId(1),
            session,
            last_seq: 1,
            released: Vec::new(),
        },
    );
    assert!(matches!(
        rig.sent(1)[..],
        [ToWorkerBody::Expect { seq: 1, .. }]
    ));
    rig.deliver(
        1,
        &plan,
        1,
        1,
        result(&plan.cases[0].id, "east-1", Outcome::Passed),
    );
    rig.end(1, &plan, 1, 1);
    let sent = rig.sent(1);
    let sent: Vec<_> = sent
        .iter()
        .filter(|body| !matches!(body, ToWorkerBody::Renew { .. }))
        .collect();
    assert!(
        matches!(
            sent[..],
            [ToWorkerBody::Ack { .. }, ToWorkerBody::AttemptOver { .. }]
        ),
        "{sent:?}"
    );
    assert_eq!(rig.open(&plan), []);
}

#[test]
fn an_attempt_that_nobody_knows_is_forgotten_by_whoever_still_leads() {
    let (mut rig, plan) = leased();
    let passed = result(&plan.cases[0].id, "east-1", Outcome::Passed);
    let session = rig.session(&plan, 1);
    rig.slow_log();
    rig.deliver_under(1, &plan, (9, session, 1), passed, Vec::new());
    assert_eq!(rig.sent(1), Vec::new(), "a successor may have leased it");
    rig.log_catches_up();
    let over = AttemptId(9);
    let is_over = |said: &ToWorkerBody| matches!(said, ToWorkerBody::AttemptOver { attempt, .. } if *attempt == over);
    assert!(rig.sent(1).iter().any(is_over));
}
