//! Every outcome, by design's table.

use std::sync::Arc;
use std::time::Duration;

use domain::Outcome;
use engine::{Engine, OpenGate};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Target, TestGate, assert_ended, config, environment, job, run, run_in, suite,
};

#[tokio::test]
async fn a_false_check_fails_with_what_it_read() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: GET /health
    as: nobody
    check:
      - body.status == "ok"
      - body.version == 4
      - body.nothing.here == 1
"#,
    )
    .await;
    assert_ended(
        &ended,
        Outcome::Failed,
        "check_failed: body.version == 4 (line 11)",
    );
    let checks = &ended.record.tries[0].checks;
    let held: Vec<_> = checks
        .iter()
        .map(|check| (check.line, check.held))
        .collect();
    assert_eq!(
        held,
        [(10, true), (11, false), (12, false)],
        "all checks of the step are evaluated"
    );
    assert_eq!(
        checks[1].actual,
        [("body.version".to_owned(), "3".to_owned())]
    );
    assert!(
        checks[2].error.as_ref().unwrap().contains("body.nothing"),
        "{:?}",
        checks[2]
    );
    let failure = ended.record.tries[0].failure.as_ref().unwrap();
    assert_eq!(
        (failure.step.as_str(), failure.actual.as_str()),
        ("steps[0]", "body.version = 3")
    );
}

#[tokio::test]
async fn a_wrong_status_a_passed_time_and_a_refusal_fail() {
    let target = Target::start().await;
    let status = run(
        &target,
        "steps:\n  - http: GET /status/500\n    as: nobody\n    check:\n      - body.code == 500\n",
    )
    .await;
    assert_ended(&status, Outcome::Failed, "status: expected 2xx, was 500");
    let listed = run(
        &target,
        "steps:\n  - http: GET /health\n    as: nobody\n    status: [401, 403]\n",
    )
    .await;
    assert_ended(
        &listed,
        Outcome::Failed,
        "status: expected 401 or 403, was 200",
    );
    let late = run(
        &target,
        "steps:\n  - http: GET /hang\n    as: nobody\n    within: 50ms\n    status: 200\n",
    )
    .await;
    assert_ended(
        &late,
        Outcome::Failed,
        "within: GET /hang: no answer within 50ms",
    );
    let all = run(&target, "timeout: 100ms\nsteps:\n  - http: GET /hang\n    as: nobody\n    within: 60s\n    status: 200\n").await;
    assert_ended(&all, Outcome::Failed, "within: ");
    assert!(all.result.duration < Duration::from_secs(2));
    let port = crate::support::unused_port();
    let allow = format!("  - \"127.0.0.1:{port}\"\n");
    let refused = run_in(
        &crate::support::environment_with(port, &allow, ""),
        "steps:\n  - http: GET /health\n    as: nobody\n    status: 200\n",
    )
    .await;
    assert_ended(&refused, Outcome::Failed, "refused: ");
}

#[tokio::test]
async fn what_breaks_before_or_after_the_steps_is_errored() {
    let target = Target::start().await;
    let setup = run(&target, "setup:\n  - http: GET /status/503\n    as: nobody\nsteps:\n  - http: GET /health\n    as: nobody\n    status: 200\n").await;
    assert_ended(
        &setup,
        Outcome::Errored,
        "setup: status: expected 2xx, was 503",
    );
    let teardown = "\nteardown:\n  - http: GET /status/503\n    as: nobody\n";
    let passed = run(
        &target,
        &format!("steps:\n  - http: GET /health\n    as: nobody\n    status: 200{teardown}"),
    )
    .await;
    assert_ended(
        &passed,
        Outcome::Errored,
        "teardown: status: expected 2xx, was 503",
    );
    let failed = run(
        &target,
        &format!("steps:\n  - http: GET /health\n    as: nobody\n    status: 201{teardown}"),
    )
    .await;
    assert_ended(&failed, Outcome::Failed, "status: expected 201, was 200");
    assert_eq!(
        target.seen("GET /status/503").len(),
        3,
        "teardown always runs"
    );
    let environment = environment(&target).replace("POST /auth/login", "POST /status/401");
    let login = run_in(
        &environment,
        "steps:\n  - http: GET /health\n    check:\n      - body.status == \"ok\"\n",
    )
    .await;
    assert_ended(
        &login,
        Outcome::Errored,
        "login: status: expected 2xx, was 401",
    );
}

#[tokio::test]
async fn without_evidence_a_case_is_unproven() {
    let target = Target::start().await;
    let bare = run(&target, "steps:\n  - http: GET /health\n    as: nobody\n").await;
    assert_ended(&bare, Outcome::Unproven, "no_check: ");
    let idle = run(&target, "steps:\n  - wait: 1ms\n").await;
    assert_ended(&idle, Outcome::Unproven, "no_exchange: ");
    let login_only = run(
        &target,
        "rows:\n  one: { id: \"${user.id}\" }\nsteps:\n  - wait: 1ms\n",
    )
    .await;
    assert_ended(&login_only, Outcome::Unproven, "no_exchange: ");
    let setup_only = run(&target, "setup:\n  - http: GET /health\n    as: nobody\n    check:\n      - body.status == \"ok\"\nsteps:\n  - http: GET /health\n    as: nobody\n").await;
    assert_ended(&setup_only, Outcome::Unproven, "no_check: ");
}

#[tokio::test]
async fn a_soft_step_goes_on_and_the_case_still_fails() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: GET /health
    as: nobody
    soft: true
    check:
      - body.version == 4
  - http: GET /health
    as: nobody
    check:
      - body.version == 3
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Failed, "check_failed: body.version == 4");
    assert_eq!(target.seen("GET /health").len(), 2);
    assert_eq!(
        ended.record.tries[0]
            .checks
            .iter()
            .map(|check| check.soft)
            .collect::<Vec<_>>(),
        [true, false]
    );
}

#[tokio::test]
async fn an_endless_evaluation_is_errored() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: GET /health
    as: nobody
    check:
      - range(2000).filter(a, range(2000).filter(b, a + b > 0).size() > 0).size() > body.version
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Errored, "budget: ");
}

#[tokio::test]
async fn retries_serve_errored_cases_and_differing_tries_are_flaky() {
    let target = Target::start().await;
    let body = "setup:\n  - http: GET /flip/1\n    as: nobody\nsteps:\n  - http: GET /health\n    as: nobody\n    status: 200\n";
    let engine = Engine::new(config(&environment(&target), &suite(body))).unwrap();
    let again = engine::Job {
        retries: 2,
        ..job(None)
    };
    let ended = engine
        .run_case(again, Arc::new(OpenGate), CancellationToken::new())
        .await;
    assert_ended(&ended, Outcome::Passed, "");
    assert_eq!(
        (
            ended.result.tries,
            ended.result.flaky,
            ended.record.tries.len()
        ),
        (2, true, 2)
    );
    let nonces: Vec<_> = target
        .seen("GET /flip")
        .iter()
        .map(|seen| seen.headers["baggage"].clone())
        .collect();
    assert_ne!(nonces[0], nonces[1], "each try has a nonce of its own");

    let failing = "steps:\n  - http: GET /flip/9\n    as: nobody\n    status: 200\n";
    let engine = Engine::new(config(&environment(&target), &suite(failing))).unwrap();
    for (retries_failed, tries) in [(false, 1), (true, 3)] {
        let job = engine::Job {
            retries: 2,
            retries_failed,
            ..job(None)
        };
        let ended = engine
            .run_case(job, Arc::new(OpenGate), CancellationToken::new())
            .await;
        assert_ended(&ended, Outcome::Failed, "status");
        assert_eq!((ended.result.tries, ended.result.flaky), (tries, false));
    }
}

#[tokio::test]
async fn a_stopped_case_is_cancelled_and_still_torn_down() {
    let target = Target::start().await;
    let body = "steps:\n  - http: GET /hang\n    as: nobody\n    within: 60s\nteardown:\n  - http: GET /health\n    as: nobody\n";
    let engine = Engine::new(config(&environment(&target), &suite(body))).unwrap();
    let stop = CancellationToken::new();
    let running = engine.run_case(job(None), Arc::new(OpenGate), stop.clone());
    let stopping = async {
        while target.seen("GET /hang").is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(running, stopping);
    assert_ended(&ended, Outcome::Cancelled, "aborted");
    assert_eq!(target.seen("GET /health").len(), 1);
    let hung = &ended.record.tries[0].exchanges[0];
    assert!(
        hung.url.ends_with("/hang") && hung.error.is_some(),
        "the record shows what hung"
    );
}

#[tokio::test]
async fn behind_a_closed_gate_nothing_leaves() {
    let target = Target::start().await;
    let gate = TestGate::open();
    gate.close();
    let body = "steps:\n  - http: GET /health\n    status: 200\nteardown:\n  - http: GET /health\n";
    let engine = Engine::new(config(&environment(&target), &suite(body))).unwrap();
    let ended = engine
        .run_case(job(None), gate, CancellationToken::new())
        .await;
    assert_ended(&ended, Outcome::Cancelled, "lease_gate");
    assert!(target.seen("").is_empty());
    assert_eq!(
        target
            .state
            .connections
            .load(std::sync::atomic::Ordering::SeqCst),
        0
    );

    let gate = TestGate::open();
    let body = "steps:\n  - http: GET /health\n    as: nobody\n  - http: GET /hang\n    as: nobody\n    within: 60s\n  - http: GET /health\n    as: nobody\n";
    let engine = Engine::new(config(&environment(&target), &suite(body))).unwrap();
    let running = engine.run_case(job(None), gate.clone(), CancellationToken::new());
    let closing = async {
        while target.seen("GET /hang").is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        gate.close();
    };
    let (ended, ()) = tokio::join!(running, closing);
    assert_ended(&ended, Outcome::Cancelled, "lease_gate");
    assert_eq!(target.seen("GET /health").len(), 1);
}

#[tokio::test]
async fn endless_and_dripping_bodies_are_bounded() {
    let target = Target::start().await;
    let endless = run(
        &target,
        "steps:\n  - http: GET /endless\n    as: nobody\n    status: 200\n",
    )
    .await;
    assert_ended(&endless, Outcome::Failed, "body_limit: ");
    let drip = run(
        &target,
        "steps:\n  - http: GET /drip\n    as: nobody\n    within: 150ms\n    status: 200\n",
    )
    .await;
    assert_ended(&drip, Outcome::Failed, "within: ");
    let kept = &endless.record.tries[0].exchanges[0].response_body;
    assert!(kept.is_cut && kept.text.len() <= 16 * 1024);
}
