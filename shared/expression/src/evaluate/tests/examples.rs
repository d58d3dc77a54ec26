//! Expressions as suites write them, on what the engine puts in scope.

use super::*;
use crate::Effects;

#[derive(Debug)]
struct Measures;

impl Effects for Measures {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000
    }

    fn random(&self) -> u64 {
        u64::MAX / 3
    }

    fn metric(&self, name: &str, labels: &Value) -> Option<Value> {
        let count = if labels.get("by").is_some() { 51 } else { 100 };
        (name == "variant").then(|| Value::map([("count", Value::int(count))]))
    }
}

fn suite_scope() -> Scope {
    let values = json!({
        "status": 200,
        "body": {
            "user_id": "u1", "ok": true, "used": 3, "queued_ms": 12, "variant": "A", "id": "t1",
            "websockets": {"peak": 5}, "access_token": "abc", "user": {"id": "u1"},
            "messages": [{"id": "a"}, {"id": "b"}],
        },
        "headers": {"retry-after": "2", "content-type": "application/json"},
        "message": {"type": "pong", "run_id": "r", "seq": 4, "thread_id": "t",
            "data": {"event": "connection_established", "user_id": "u1", "tool_name": "grep"}},
        "user": {"id": "u1", "token": "tok"},
        "events": [
            {"at_ms": 120, "json": {"run_id": "r", "type": "agent_started"}},
            {"at_ms": 180, "json": {"run_id": "r", "type": "agent_completed"}},
        ],
        "sent": 100,
        "chat": {
            "log": [{"json": {"type": "x"}}, {"json": {"type": "tool_executing"}}],
            "last": {"json": {"seq": 9}},
            "lost": 0, "duplicated": 0, "out_of_order": 0, "recoveries_ms": [120.5, 80],
        },
        "chunks": [
            {"at_ms": 0.0, "json": {"delta": "hel"}},
            {"at_ms": 9.5, "json": {"delta": "lo"}},
            {"at_ms": 10, "json":
                {"sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}},
        ],
        "pages": [
            {"ids": (0..10).collect::<Vec<_>>()},
            {"ids": (10..20).collect::<Vec<_>>()},
            {"ids": (20..25).collect::<Vec<_>>()},
        ],
        "hits": (0..40).map(|n| match n {
            n if n < 20 => json!({"status": 200, "retry": null}),
            _ => json!({"status": 429, "retry": "1"}),
        }).collect::<Vec<_>>(),
        "vars": {"limit": 20, "capacity": 4},
        "samples": [{"used": 4}, {"used": 2}],
        "runs": [{"queued_ms": 0}, {"queued_ms": 3}],
        "lag": {"elapsed_ms": 88.2},
        "result": {"base_url": "http://127.0.0.1:1"},
        "test": {"nonce": "n-1"}, "i": 2, "page": 2, "row": {"bearer": "x"},
        "env": {"tokens": {"expired": "old"}}, "thread": "t1", "elapsed_ms": 3.5, "at_ms": 9,
    });
    let mut scope = Scope::new(Arc::new(Measures));
    for (name, value) in values.as_object().expect("a map") {
        scope.set(name.as_str(), Value::from_json(value, Marks::RECEIVED));
    }
    scope
}

#[test]
fn checks_of_the_language_hold() {
    for source in [
        "status == 200",
        "message.data.event == \"connection_established\"",
        "message.type == \"pong\"",
        "message.data.user_id == user.id",
        "body.websockets.peak == 5",
        "has(message.run_id)",
        "message.type == \"agent_completed\" || message.type == \"pong\"",
        "events[0].at_ms - sent < 5000",
        "message.run_id == events[0].json.run_id",
        "chat.log.exists(m, m.json.type == \"tool_executing\")",
        "chat.lost == 0",
        "max(chat.recoveries_ms) < 30000",
        "chunks.size() >= 3",
        "deltas(chunks.map(c, c.at_ms)).exists(d, d > 5)",
        "sha256(join(chunks.filter(c, has(c.json.delta)).map(c, c.json.delta), \"\")) == chunks[chunks.size() - 1].json.sha256",
        "pages.map(p, p.ids.size()) == [10, 10, 5]",
        "distinct(flatten(pages.map(p, p.ids))).size() == 25",
        "hits.map(h, h.status) == range(40).map(n, n < vars.limit ? 200 : 429)",
        "hits.filter(h, h.status == 429).all(h, h.retry != null && int(h.retry) > 0)",
        "samples.all(s, s.used <= vars.capacity)",
        "runs.exists(r, r.queued_ms > 0)",
        "abs(metric(\"variant\", {\"by\": \"A\"}).count / metric(\"variant\").count - 0.5) < 0.05",
        "lag.elapsed_ms < 2000",
        "uuid().matches(\"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$\")",
        "now() == 1700000000000 && random() < 1 && random(10) == 3",
    ] {
        let expression = Expression::compile(source).expect(source);
        let evaluated = expression
            .evaluate(&suite_scope(), &mut Budget::default())
            .expect(source);
        assert_eq!(
            evaluated.value,
            Value::bool(true),
            "{source}: {:?}",
            evaluated.reads
        );
        assert!(!expression.is_constant(), "{source}");
    }
}

#[test]
fn values_of_the_language_are_read() {
    for (source, expected) in [
        ("body.access_token", json!("abc")),
        ("body.user.id", json!("u1")),
        ("message.seq", json!(4)),
        ("message.data.tool_name", json!("grep")),
        ("body.messages.map(m, m.id)", json!(["a", "b"])),
        ("headers[\"retry-after\"]", json!("2")),
        ("at_ms", json!(9)),
        ("result.base_url", json!("http://127.0.0.1:1")),
    ] {
        let expression = Expression::compile(source).expect(source);
        let evaluated = expression
            .evaluate(&suite_scope(), &mut Budget::default())
            .expect(source);
        assert_eq!(evaluated.value.to_json(), expected, "{source}");
        assert!(evaluated.read_received);
        assert!(
            expression.lints().is_empty(),
            "{source}: {:?}",
            expression.lints()
        );
    }
}

#[test]
fn templates_of_the_language_render() {
    for (source, expected) in [
        ("${user.token}x", json!("tokx")),
        ("Bearer ${row.bearer}", json!("Bearer x")),
        ("${env.tokens.expired}", json!("old")),
        ("${test.nonce}-${i}", json!("n-1-2")),
        ("${page * 10}", json!(20)),
        ("${chat.last.json.seq}", json!(9)),
        ("m${i} ${test.nonce}", json!("m2 n-1")),
    ] {
        let template = crate::Template::parse(source).expect(source);
        let value = template
            .render(&suite_scope(), &mut Budget::default())
            .expect(source);
        assert_eq!(value.to_json(), expected, "{source}");
    }
}
