//! Steps around steps: turns, branches, sampling, polling, conditions.

use domain::Outcome;

use crate::support::{Target, assert_ended, run};

#[tokio::test]
async fn turns_hand_out_what_each_keeps() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - repeat: { times: 5, index: i }
    into: hits
    each: { status: status, hit: body.hit, none: body.no.such }
    steps:
      - http: GET /limited
        status: [200, 429]
        save:
          inner: body.hit
  - check:
      - hits.map(h, h.status) == [200, 200, 200, 429, 429]
      - hits.map(h, h.hit) == range(5).map(n, n + 1)
      - hits.all(h, h.none == null)
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    let steps: Vec<_> = ended.record.tries[0]
        .exchanges
        .iter()
        .map(|exchange| exchange.step.as_str())
        .collect();
    assert_eq!(steps[2], "steps[0].repeat[0].steps[0]");
    assert_eq!(
        ended.record.tries[0].saved.len(),
        5,
        "a name saved in a turn is saved anew in the next"
    );
}

#[tokio::test]
async fn branches_overlap_and_are_sampled_while_they_run() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - parallel: { count: 4, index: i }
    as: nobody
    within: 5s
    during:
      every: 20ms
      into: samples
      each: { used: body.used }
      steps:
        - http: GET /gauge
          as: nobody
    into: runs
    each: { running: body.running, i: i }
    steps:
      - http: GET /work/150
  - http: GET /gauge
    as: nobody
    check:
      - body.peak == 4
  - check:
      - runs.map(r, r.i) == [0, 1, 2, 3]
      - samples.size() > 2
      - samples.exists(s, s.used == 4)
      - samples.all(s, s.used <= 4)
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
}

#[tokio::test]
async fn a_branch_that_fails_ends_the_others() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - parallel:
      branches:
        good:
          - http: GET /hang
            as: nobody
            within: 60s
        bad:
          - http: GET /health
            as: nobody
            check:
              - body.version == 4
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Failed, "check_failed: body.version == 4");
    assert!(ended.result.duration.as_secs() < 3);
    let late = run(
        &target,
        "steps:\n  - parallel: { count: 2 }\n    as: nobody\n    within: 80ms\n    steps:\n      - http: GET /hang\n        within: 60s\n",
    )
    .await;
    assert_ended(&late, Outcome::Failed, "within: ");
    assert!(
        late.result
            .reason
            .contains("not done within 80ms, during steps[0].parallel["),
        "{}",
        late.result.reason
    );
}

#[tokio::test]
async fn a_poll_goes_on_until_its_steps_pass() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - poll: { every: 5ms }
    within: 5s
    into: polled
    steps:
      - http: GET /flip/2
        as: nobody
        check:
          - body.hit > 2
  - check:
      - polled.turns == 3
      - polled.elapsed_ms >= 10
      - polled.body.hit == 3
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    assert!(
        ended.record.tries[0].checks.iter().all(|check| check.held),
        "turns that did not pass are not judged"
    );
    let never = run(&target, "steps:\n  - poll: { every: 5ms }\n    within: 60ms\n    steps:\n      - http: GET /status/503\n        as: nobody\n").await;
    assert_ended(&never, Outcome::Failed, "within: ");
    assert!(
        never
            .result
            .reason
            .contains("at last status: expected 2xx, was 503"),
        "{}",
        never.result.reason
    );
}

#[tokio::test]
async fn conditions_choose_and_a_lonely_barrier_ends_in_time() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: GET /health
    as: nobody
    save:
      version: body.version
    check:
      - body.status == "ok"
  - when: version == 3
    steps:
      - http: GET /status/204
        as: nobody
  - when: version == 4
    steps:
      - http: GET /status/205
        as: nobody
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    assert_eq!(
        (
            target.seen("GET /status/204").len(),
            target.seen("GET /status/205").len()
        ),
        (1, 0)
    );
    let lonely = run(
        &target,
        r#"
steps:
  - parallel:
      branches:
        meets:
          - barrier: here
            within: 60ms
        stays:
          - http: GET /health
            as: nobody
"#,
    )
    .await;
    assert_ended(&lonely, Outcome::Failed, "within: barrier here");
}

#[tokio::test]
async fn a_block_of_no_turns_or_branches_never_passes_silently() {
    let target = Target::start().await;
    for block in [
        "repeat: { times: body.code - 200 }",
        "parallel: { count: body.code - 200 }",
    ] {
        let body = format!(
            "steps:\n  - http: GET /status/200\n    as: nobody\n    status: 200\n  - {block}\n    as: nobody\n    steps:\n      - http: GET /status/500\n        status: 200\n"
        );
        let ended = run(&target, &body).await;
        assert_ended(&ended, Outcome::Failed, "evaluation: ");
        assert!(
            ended
                .result
                .reason
                .contains(": 0 is not a whole number from 1 to "),
            "{}",
            ended.result.reason
        );
    }
}
