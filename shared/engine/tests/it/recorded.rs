//! A recording judged again gives the identical judgement.

use std::sync::Arc;

use domain::Outcome;
use engine::case::evaluate;
use engine::judge::Judged;
use engine::{Engine, OpenGate};
use tokio_util::sync::CancellationToken;

use crate::support::{Target, config, environment, job, suite};

async fn judged_twice(target: &Target, body: &str) -> Judged {
    let engine = Engine::new(config(&environment(target), &suite(body))).unwrap();
    let (case, recording, live) = engine
        .record_case(&job(None), Arc::new(OpenGate), CancellationToken::new())
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(evaluate(&case, &recording), live);
    }
    live
}

#[tokio::test]
async fn a_pass_is_a_pass_again() {
    let target = Target::start().await;
    let judged = judged_twice(
        &target,
        r#"
users: { alice: member, bob: member }
setup:
  - http: GET /health
    as: nobody
    save:
      version: body.version
steps:
  - repeat: { times: 3, index: i }
    as: alice
    into: turns
    each: { nonce: body.json.nonce, now: now() }
    steps:
      - http: POST /echo
        json:
          nonce: "${uuid()}"
        check:
          - body.json.nonce.size() == 36
  - poll: { every: 5ms }
    within: 5s
    into: polled
    steps:
      - http: GET /flip/2
        as: bob
        check:
          - body.hit > 2
  - parallel: { count: 3, index: i }
    as: alice
    within: 5s
    during:
      every: 10ms
      into: samples
      each: { used: body.used }
      steps:
        - http: GET /gauge
          as: nobody
          check:
            - body.used >= 0
    steps:
      - barrier: all
      - http: GET /work/40
        check:
          - body.running > 0
  - when: version == 3
    steps:
      - http: GET /redirect
        as: bob
        follow_redirects: true
        check:
          - body.status == "ok"
  - stream: GET /events
    as: nobody
    into: parts
    check:
      - parts.size() == 3
  - websocket: /ws
    as: alice
    socket: chat
  - send: chat
    as: alice
    json: { type: ping, nonce: n }
  - receive: chat
    as: alice
    check:
      - message.nonce == "n"
  - silence: chat
    as: alice
    for: 20ms
  - wait: 5ms
  - check:
      - turns.size() == 3 && turns[0].nonce != turns[1].nonce
      - samples.size() > 0
      - polled.turns == 3
teardown:
  - http: GET /health
    as: nobody
"#,
    )
    .await;
    assert_eq!(judged.outcome, Outcome::Passed, "{}", judged.reason);
    assert!(judged.checks.len() > 12);
}

#[tokio::test]
async fn failures_times_and_cuts_are_judged_alike() {
    let target = Target::start().await;
    let branch_fails = r#"
steps:
  - parallel:
      branches:
        slow:
          - http: GET /health
            as: nobody
            check:
              - body.version == 3
          - http: GET /hang
            as: nobody
            within: 60s
        bad:
          - http: GET /work/60
            as: nobody
            check:
              - body.running == 77
"#;
    let judged = judged_twice(&target, branch_fails).await;
    assert_eq!((judged.outcome, judged.checks.len()), (Outcome::Failed, 2));
    let block_late = r#"
steps:
  - parallel: { count: 2, index: i }
    as: nobody
    within: 100ms
    steps:
      - http: GET /health
        check:
          - body.version == 3
      - http: GET /hang
        within: 60s
      - http: GET /health
"#;
    let judged = judged_twice(&target, block_late).await;
    assert!(
        judged.reason.starts_with("within: ") && judged.checks.len() == 2,
        "{judged:?}"
    );
    let all_late = "timeout: 120ms\nsteps:\n  - http: GET /health\n    as: nobody\n    status: 200\n  - http: GET /hang\n    as: nobody\n    within: 60s\n";
    let judged = judged_twice(&target, all_late).await;
    assert!(judged.reason.starts_with("within: "), "{}", judged.reason);
    let poll_late = "steps:\n  - poll: { every: 5ms }\n    within: 50ms\n    steps:\n      - http: GET /status/503\n        as: nobody\n        check:\n          - body.code == 200\n";
    assert!(
        judged_twice(&target, poll_late)
            .await
            .reason
            .contains("at last")
    );
    let refused =
        "steps:\n  - websocket: /ws\n    as: nobody\n  - receive: socket\n    as: nobody\n";
    assert_eq!(
        judged_twice(&target, refused).await.outcome,
        Outcome::Failed
    );
    let silent = "steps:\n  - websocket: /ws\n  - receive: socket\n    within: 40ms\n    where: message.x == 1\n";
    assert!(
        judged_twice(&target, silent)
            .await
            .reason
            .starts_with("within: ")
    );
}

#[tokio::test]
async fn reconnects_are_judged_from_the_log() {
    let target = Target::start().await;
    for path in ["/runs/cut", "/runs/lossy", "/runs/whole"] {
        let body = format!(
            r#"
steps:
  - websocket: {path}
    socket: chat
    track: {{ sequence: message.seq }}
    reconnect:
      within: 5s
      backoff: 20ms
      resume: {{ type: resume, last_seq: "${{chat.last.json.seq}}" }}
  - send: chat
    json: {{ type: run }}
  - collect: chat
    until: 'message.type == "done"'
    within: 5s
expect:
  - chat.lost == 0
  - chat.log.size() == 6
"#
        );
        judged_twice(&target, &body).await;
    }
}
