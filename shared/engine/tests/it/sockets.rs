//! WebSocket steps: handshakes, messages, silence, grammars, counted sequences, reconnects.

use domain::Outcome;
use domain::record::ExchangeKind;

use crate::support::{Target, assert_ended, run};

const ORDERED: &str = r#"
grammars:
  run:
    per: message.run_id
    event: message.type
    order: start (open close)+ end
"#;

#[tokio::test]
async fn messages_go_out_and_come_back_on_a_socket() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - websocket: /ws
    socket: chat
  - send: chat
    json:
      type: ping
      nonce: "${test.nonce}"
    save:
      sent: at_ms
  - receive: chat
    where: 'message.type == "pong"'
    within: 2s
    check:
      - message.nonce == test.nonce
      - frame.kind == "text"
      - at_ms >= sent
  - silence: chat
    for: 30ms
  - close: chat
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    let kinds: Vec<_> = ended.record.tries[0]
        .exchanges
        .iter()
        .skip(2)
        .map(|exchange| exchange.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            ExchangeKind::WebSocket,
            ExchangeKind::Sent,
            ExchangeKind::Received
        ]
    );
    let handshake = &target.seen("GET /ws")[0].headers;
    assert!(
        handshake["authorization"].starts_with("Bearer tok-")
            && handshake.contains_key("traceparent")
    );
    assert_eq!(ended.result.evidence.exchanges, 2);
}

#[tokio::test]
async fn a_refused_handshake_is_judged_by_its_status() {
    let target = Target::start().await;
    let wanted = run(
        &target,
        "steps:\n  - websocket: /ws\n    as: nobody\n    status: [401, 403]\n",
    )
    .await;
    assert_ended(&wanted, Outcome::Passed, "");
    let unwanted = run(&target, "steps:\n  - websocket: /ws\n    as: nobody\n").await;
    assert_ended(&unwanted, Outcome::Failed, "status: expected 101, was 403");
    let accepted = run(
        &target,
        "steps:\n  - websocket: /ws\n    status: [401, 403]\n",
    )
    .await;
    assert_ended(
        &accepted,
        Outcome::Failed,
        "status: expected 401 or 403, was 101",
    );
}

#[tokio::test]
async fn a_message_that_never_comes_fails_in_time() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - websocket: /ws
  - send: socket
    json: { type: ping, nonce: n }
  - receive: socket
    where: 'message.type == "other"'
    within: 80ms
"#,
    )
    .await;
    assert_ended(
        &ended,
        Outcome::Failed,
        "within: receive socket where message.type == \"other\": none of 1 messages matched",
    );
    let check = ended.record.tries[0].checks.last().unwrap();
    assert!(
        !check.held && check.actual[1].1.contains("pong"),
        "{check:?}"
    );
}

#[tokio::test]
async fn a_broken_silence_and_a_closed_socket_fail() {
    let target = Target::start().await;
    let noisy = run(
        &target,
        r#"
steps:
  - websocket: /ws
  - send: socket
    json: { type: ping, nonce: n }
  - silence: socket
    where: 'message.type == "pong"'
    for: 5s
"#,
    )
    .await;
    assert_ended(
        &noisy,
        Outcome::Failed,
        "check_failed: silence socket where",
    );
    assert!(
        noisy.result.duration.as_secs() < 3,
        "a broken silence is known at once"
    );
    let closed = run(&target, "steps:\n  - websocket: /ws\n  - send: socket\n    json: { type: bye }\n  - receive: socket\n").await;
    assert_ended(
        &closed,
        Outcome::Failed,
        "closed: `socket`: the target closed it with 1005",
    );
    let expected = run(
        &target,
        "steps:\n  - websocket: /ws\n  - send: socket\n    json: { type: bye }\n  - receive: socket\n    where: 'frame.kind == \"close\"'\n",
    )
    .await;
    assert_ended(&expected, Outcome::Passed, "");
    let huge = run(&target, "steps:\n  - websocket: /ws\n  - send: socket\n    json: { type: huge }\n  - receive: socket\n").await;
    assert_ended(
        &huge,
        Outcome::Failed,
        "closed: `socket`: a message is larger than",
    );
}

#[tokio::test]
async fn a_full_log_is_errored_and_never_a_silent_drop() {
    let target = Target::start().await;
    let ended = run(
        &target,
        "steps:\n  - websocket: /ws\n  - send: socket\n    json: { type: flood }\n  - receive: socket\n    where: 'message == \"never\"'\n",
    )
    .await;
    assert_ended(&ended, Outcome::Errored, "receive_log_full: ");
    assert!(ended.record.tries[0].exchanges.len() <= 1_000);
}

#[tokio::test]
async fn a_grammar_judges_what_was_collected() {
    let target = Target::start().await;
    for (kinds, outcome, reason) in [
        (
            "[start, open, close, open, close, end]",
            Outcome::Passed,
            "",
        ),
        (
            "[start, open, open, close, end]",
            Outcome::Failed,
            "check_failed: grammar: run: ",
        ),
    ] {
        let body = format!(
            r#"
steps:
  - websocket: /ws
  - send: socket
    json:
      type: order
      kinds: {kinds}
  - collect: socket
    into: events
    until: 'message.type == "end"'
    within: 2s
    grammar: run
    check:
      - events[0].json.type == "start"
"#
        );
        let suite = crate::support::suite(&body)
            .replace("tests:\n", &format!("{}tests:\n", ORDERED.trim_start()));
        let engine = engine::Engine::new(crate::support::config(
            &crate::support::environment(&target),
            &suite,
        ))
        .unwrap();
        let ended = engine
            .run_case(
                crate::support::job(None),
                std::sync::Arc::new(engine::OpenGate),
                tokio_util::sync::CancellationToken::new(),
            )
            .await;
        assert_ended(&ended, outcome, reason);
        assert_eq!(ended.record.tries[0].checks.len(), 3);
    }
}

/// A run of six events that is cut after the third, resumed by what was seen last.
fn resumed(path: &str) -> String {
    format!(
        r#"
steps:
  - websocket: {path}
    socket: chat
    track:
      sequence: message.seq
      per: message.run_id
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
  - chat.duplicated == 0
  - chat.out_of_order == 0
  - chat.interruptions == 1
  - max(chat.recoveries_ms) < 5000
"#
    )
}

#[tokio::test]
async fn a_cut_socket_is_resumed_and_its_sequence_is_counted() {
    let target = Target::start().await;
    let whole = run(&target, &resumed("/runs/cut")).await;
    assert_ended(&whole, Outcome::Passed, "");
    let resumes: Vec<_> = whole.record.tries[0]
        .exchanges
        .iter()
        .filter(|exchange| exchange.step.ends_with(".resume"))
        .collect();
    assert_eq!(
        resumes[0].request_body.text,
        r#"{"type":"resume","last_seq":3}"#
    );
    let lossy = run(&target, &resumed("/runs/lossy")).await;
    assert_ended(&lossy, Outcome::Failed, "check_failed: chat.lost == 0");
    let doubling = run(&target, &resumed("/runs/doubling")).await;
    assert_ended(
        &doubling,
        Outcome::Failed,
        "check_failed: chat.duplicated == 0",
    );
}

#[tokio::test]
async fn a_reconnect_that_was_never_needed_proves_nothing() {
    let target = Target::start().await;
    let body = resumed("/runs/whole").replace(
        "  - chat.interruptions == 1\n  - max(chat.recoveries_ms) < 5000\n",
        "",
    );
    let ended = run(&target, &body).await;
    assert_ended(&ended, Outcome::Unproven, "no_interruption: `chat`");
}

#[tokio::test]
async fn each_branch_has_a_socket_of_its_own_and_an_abandoned_one_is_gone() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
users:
  crowd: { pool: member, count: 3 }
steps:
  - parallel: { count: 3, index: i }
    as: crowd[i]
    within: 5s
    steps:
      - websocket: /ws
        socket: chat
      - barrier: connected
      - send: chat
        json:
          type: ping
          nonce: "${test.nonce}-${i}"
      - receive: chat
        where: 'message.type == "pong"'
        check:
          - message.nonce == test.nonce + "-" + string(i)
          - message.token == user.token
      - abandon: chat
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    assert_eq!(target.seen("GET /ws").len(), 3);
}

#[tokio::test]
async fn messages_take_from_the_share_of_requests() {
    let target = Target::start().await;
    let send = "  - send: socket\n    json: { type: ping, nonce: n }\n";
    let body = format!(
        "steps:\n  - websocket: /runs/whole\n    as: nobody\n{}  - receive: socket\n",
        send.repeat(5)
    );
    let mut config = crate::support::config(
        &crate::support::environment(&target),
        &crate::support::suite(&body),
    );
    config.share = engine::CapShare {
        users: None,
        rps: Some(4.0),
    };
    let ended = engine::Engine::new(config)
        .unwrap()
        .run_case(
            crate::support::job(None),
            std::sync::Arc::new(engine::OpenGate),
            tokio_util::sync::CancellationToken::new(),
        )
        .await;
    assert_ended(&ended, Outcome::Passed, "");
    // A handshake and five messages: five waits of a quarter second, less the burst.
    let took = ended.result.duration;
    assert!(took >= std::time::Duration::from_millis(1_100), "{took:?}");
}
