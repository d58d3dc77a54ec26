//! Stream steps: server-sent events with the time of each.

use domain::Outcome;

use crate::support::{Target, assert_ended, run};

#[tokio::test]
async fn events_come_one_by_one_with_their_times() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - stream: GET /events
    as: nobody
    into: parts
    within: 3s
    check:
      - parts.size() == 3
      - parts.all(p, p.kind == "part")
      - deltas(parts.map(p, p.at_ms)).all(d, d > 5)
      - join(parts.map(p, p.json.delta), "") == "012"
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Passed, "");
    let exchange = &ended.record.tries[0].exchanges[0];
    assert!(exchange.phases.receive_ms > 50.0, "{:?}", exchange.phases);
}

#[tokio::test]
async fn a_stream_ends_where_the_test_says_or_in_time() {
    let target = Target::start().await;
    let early = run(
        &target,
        "steps:\n  - stream: GET /events\n    as: nobody\n    into: parts\n    until: 'message.delta == \"1\"'\n    check:\n      - parts.size() == 2\n",
    )
    .await;
    assert_ended(&early, Outcome::Passed, "");
    let never = run(
        &target,
        "steps:\n  - stream: GET /events\n    as: nobody\n    until: 'message.delta == \"7\"'\n    status: 200\n",
    )
    .await;
    assert_ended(
        &never,
        Outcome::Failed,
        "closed: stream GET /events: the stream ended after 3 pieces",
    );
    let late = run(
        &target,
        "steps:\n  - stream: GET /drip\n    as: nobody\n    within: 120ms\n    status: 200\n",
    )
    .await;
    assert_ended(
        &late,
        Outcome::Failed,
        "within: stream GET /drip: the stream did not end within 120ms",
    );
}
