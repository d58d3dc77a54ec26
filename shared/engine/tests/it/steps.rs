//! HTTP steps: what is sent, what is read, who acts, rows, redirects.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::Outcome;
use engine::{Engine, OpenGate};
use tokio_util::sync::CancellationToken;

use crate::support::{Target, assert_ended, config, environment, job, run, suite};

#[tokio::test]
async fn a_request_carries_identity_trace_and_baggage() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: POST /echo
    query: { page: 2, name: "a b&c" }
    headers:
      x-own: "${test.nonce}"
    json:
      title: "n ${test.nonce}"
      count: "${1 + 1}"
    check:
      - body.method == "POST"
      - body.json.count == 2
      - body.json.title == "n " + test.nonce
      - body.query == "page=2&name=a+b%26c"
      - body.headers["x-own"] == test.nonce
      - status == 200 && elapsed_ms >= 0
      - headers["content-type"] == "application/json"
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    let seen = target.seen("POST /echo").remove(0);
    assert!(seen.headers["authorization"].starts_with("Bearer tok-"));
    assert!(seen.headers["cookie"].starts_with("sid=cookie-"));
    let baggage = &seen.headers["baggage"];
    assert!(
        baggage.contains("muster.case=s::t[]@here") && baggage.ends_with("muster.attempt=1"),
        "{baggage}"
    );
    let trace: Vec<_> = seen.headers["traceparent"].split('-').collect();
    assert_eq!(trace[1], ended.result.trace_id);
    let last = &ended.record.tries[0];
    let exchange = last
        .exchanges
        .iter()
        .find(|exchange| exchange.span_id == trace[2])
        .unwrap();
    assert_eq!(
        (exchange.line, exchange.status, exchange.user.as_str()),
        (7, Some(200), "user")
    );
    let span = |id: &str| last.spans.iter().find(|span| span.span_id == id).unwrap();
    let step = span(&span(trace[2]).parent_id);
    let test = span(&step.parent_id);
    assert_eq!(
        [test.name.as_str(), span(&test.parent_id).name.as_str()],
        ["test t", "run"]
    );
    assert!(ended.result.evidence.exchanges == 1 && ended.result.evidence.checks == 7);
    assert!(ended.result.evidence.bytes_sent > 100 && ended.result.evidence.bytes_received > 100);
}

#[tokio::test]
async fn one_user_keeps_one_connection_and_each_user_has_its_own() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
users: { alice: member, bob: member }
steps:
  - http: GET /echo
    as: alice
    save:
      first: body.headers.authorization
  - http: GET /echo
    as: bob
    check:
      - body.headers.authorization != first
  - http: GET /echo
    as: nobody
    check:
      - '!has(body.headers.authorization)'
      - '!has(body.headers.cookie)'
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    assert_eq!(target.state.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn forms_texts_and_bytes_are_sent_as_written() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: POST /echo
    as: nobody
    form: { a: "1 2", b: "${vars.limit}" }
    check:
      - body.text == "a=1+2&b=3"
      - body.headers["content-type"] == "application/x-www-form-urlencoded"
  - http: PUT /echo
    as: nobody
    text: "plain ${vars.limit}"
    check:
      - body.text == "plain 3"
  - http: PUT /echo
    as: nobody
    bytes: aGVsbG8=
    check:
      - body.text == "hello"
  - http: GET /text
    as: nobody
    check:
      - text == "not json"
      - body == null
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    assert!(
        target.seen("POST /accounts").is_empty(),
        "nobody needs no account"
    );
}

#[tokio::test]
async fn rows_may_read_the_users_token_and_act_as_nobody() {
    let target = Target::start().await;
    let body = r#"
rows:
  none: { bearer: "" }
  forged: { bearer: "${user.token}x" }
steps:
  - http: GET /echo
    as: nobody
    headers:
      authorization: "Bearer ${row.bearer}"
    check:
      - body.headers.authorization.size() > 4
"#;
    let engine = Engine::new(config(&environment(&target), &suite(body))).unwrap();
    for row in ["none", "forged"] {
        let ended = engine
            .run_case(job(Some(row)), Arc::new(OpenGate), CancellationToken::new())
            .await;
        assert_ended(&ended, Outcome::Passed, "");
    }
    let sent: Vec<_> = target
        .seen("GET /echo")
        .into_iter()
        .map(|seen| seen.headers["authorization"].clone())
        .collect();
    assert_eq!(sent[0].trim(), "Bearer");
    assert!(sent[1].starts_with("Bearer tok-") && sent[1].ends_with('x'));
}

#[tokio::test]
async fn a_redirect_is_followed_only_when_told() {
    let target = Target::start().await;
    let strict = run(
        &target,
        "steps:\n  - http: GET /redirect\n    as: nobody\n    check:\n      - headers.location != \"\"\n",
    )
    .await;
    assert_ended(&strict, Outcome::Failed, "status: expected 2xx, was 302");
    let followed = run(
        &target,
        r#"
steps:
  - http: GET /redirect
    as: nobody
    follow_redirects: true
    check:
      - body.status == "ok"
"#,
    )
    .await;
    assert_ended(&followed, Outcome::Passed, "");
    assert_eq!(followed.result.evidence.exchanges, 2);
}

#[tokio::test]
async fn credentials_are_refreshed_when_their_time_has_come() {
    let target = Target::start().await;
    let environment = crate::support::environment_with(
        target.port,
        &format!("  - \"127.0.0.1:{}\"\n", target.port),
        "    refresh: 100ms\n",
    );
    let ended = crate::support::run_in(
        &environment,
        r#"
steps:
  - http: GET /echo
    save:
      before: body.headers.authorization
  - wait: 150ms
  - http: GET /echo
    check:
      - body.headers.authorization != before
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    assert_eq!(target.seen("POST /auth/login").len(), 2);
    assert_eq!(
        ended.result.evidence.exchanges, 2,
        "a refresh is no evidence"
    );
}
