//! Evaluation: CEL's semantics and ours, marks, reads, errors, the budget.

mod bounds;
mod compile;
mod examples;
mod marks;
mod reads;

use std::sync::Arc;

use serde_json::json;

use crate::scope::NoEffects;
use crate::{Budget, ErrorKind, EvalError, Evaluated, Expression, Marks, Scope, Value};

/// A scope as it is after an exchange.
fn scope() -> Scope {
    let body = json!({
        "id": 7, "ratio": 0.5, "ok": true, "name": "ada", "nothing": null,
        "token": "s3cret-token", "big": u64::MAX,
        "messages": [{"id": 1, "n": 10}, {"id": 2}, {"id": 3, "n": 30}],
        "odd key": {"x-y": 1},
    });
    let body = Value::from_json(&body, Marks::RECEIVED).taint_fields(|name| name == "token");
    let mut scope = Scope::new(Arc::new(NoEffects));
    scope.set("status", Value::int(200).received());
    scope.set("body", body);
    scope.set(
        "headers",
        Value::map([("retry-after", Value::text("3"))]).received(),
    );
    scope.set("vars", Value::map([("limit", Value::int(20))]));
    scope.set("i", Value::int(1));
    scope
}

#[track_caller]
fn run(source: &str) -> Result<Evaluated, EvalError> {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    expression.evaluate(&scope(), &mut Budget::default())
}

#[track_caller]
fn gives(source: &str, expected: serde_json::Value) {
    match run(source) {
        Ok(evaluated) => assert_eq!(evaluated.value.to_json(), expected, "{source}"),
        Err(error) => panic!("{source}: {error}"),
    }
}

#[track_caller]
fn fails(source: &str, kind: &ErrorKind, part: &str) {
    match run(source) {
        Ok(evaluated) => panic!("{source} gives {:?}", evaluated.value),
        Err(error) => {
            assert_eq!(error.kind, *kind, "{source}: {error}");
            assert!(error.message.contains(part), "{source}: {error}");
        }
    }
}

#[track_caller]
fn refused(source: &str, part: &str) {
    match Expression::compile(source) {
        Ok(_) => panic!("{source} compiles"),
        Err(error) => assert!(error.to_string().contains(part), "{source}: {error}"),
    }
}

#[test]
fn arithmetic_mixes_number_kinds_and_divides_into_fractions() {
    gives("1 + 0.5", json!(1.5));
    gives("body.id + 1", json!(8));
    gives("7 / 2", json!(3.5));
    gives("6 / 2", json!(3));
    gives("-7 / 2", json!(-3.5));
    gives("7 % 3", json!(1));
    gives("-7 % 3", json!(-1));
    gives("5.5 % 2", json!(1.5));
    gives("2 * 0.5", json!(1.0));
    gives("-body.id", json!(-7));
    gives("body.ratio * body.id", json!(3.5));
    gives("1u + 2", json!(3));
    gives("0x10 + 1", json!(17));
    fails(
        "body.id / (body.id - 7)",
        &ErrorKind::Function,
        "division by zero",
    );
    fails("body.ratio / 0", &ErrorKind::Function, "division by zero");
    fails(
        "body.id + 9223372036854775807",
        &ErrorKind::Function,
        "beyond",
    );
    fails(
        "body.id * 9223372036854775807",
        &ErrorKind::Function,
        "beyond",
    );
    fails(
        "-9223372036854775807 - body.id",
        &ErrorKind::Function,
        "beyond",
    );
    fails("body.id * 1e308", &ErrorKind::Function, "beyond");
}

#[test]
fn texts_bytes_and_lists_add_up_and_text_with_a_number_is_refused() {
    gives("body.name + \"!\"", json!("ada!"));
    gives("[1] + [body.id]", json!([1, 7]));
    gives("b\"a\" + b\"b\" == bytes(\"ab\")", json!(true));
    fails("body.name + body.id", &ErrorKind::Type, "\"…${x}\"");
    fails(
        "body.messages + 1",
        &ErrorKind::Type,
        "both sides must be numbers",
    );
    refused("\"a\" + 1", "\"…${x}\"");
}

#[test]
fn equality_and_order_follow_cel() {
    gives("1 == 1.0", json!(true));
    gives("body.id == \"7\"", json!(false));
    gives("body.nothing == null", json!(true));
    gives("body.id != null", json!(true));
    gives("[1, 2.0] == [1.0, 2]", json!(true));
    gives(
        "{\"a\": 1, \"b\": [body.id]} == {\"b\": [7.0], \"a\": 1}",
        json!(true),
    );
    gives("body.big == 18446744073709551615u", json!(true));
    gives("body.id < 7.5 && 6.5 < body.id", json!(true));
    gives("\"a\" < body.name", json!(true));
    gives(
        "body.big > 1e19 && body.big > 9223372036854775807",
        json!(true),
    );
    fails("body.id < body.name", &ErrorKind::Type, "no order");
    fails("body.nothing < 1", &ErrorKind::Type, "no order");
}

#[test]
fn and_or_all_and_exists_absorb_errors() {
    gives("body.absent == 1 || true && status == 200", json!(true));
    gives("status == 200 || body.absent", json!(true));
    gives("body.absent == 1 && status == 500", json!(false));
    gives("body.messages.exists(m, m.n == 30)", json!(true));
    gives("body.messages.all(m, m.n > 20)", json!(false));
    let missing = |path: &str| ErrorKind::Missing {
        path: path.to_owned(),
    };
    fails(
        "body.absent == 1 || status == 500",
        &missing("body.absent"),
        "body.absent: missing",
    );
    fails(
        "body.absent == 1 && status == 200",
        &missing("body.absent"),
        "missing",
    );
    fails(
        "body.messages.exists(m, m.n == 31)",
        &missing("body.messages[1].n"),
        "missing",
    );
    fails(
        "body.messages.all(m, m.n > 5)",
        &missing("body.messages[1].n"),
        "missing",
    );
    fails(
        "body.id || status == 500",
        &ErrorKind::Type,
        "body.id is number, not true or false",
    );
}

#[test]
fn conditionals_membership_and_loops() {
    gives("body.ok ? 1 : body.absent", json!(1));
    gives("2 in [1, 2.0]", json!(true));
    gives("\"id\" in body && !(\"absent\" in body)", json!(true));
    gives("body.messages.map(m, m.id)", json!([1, 2, 3]));
    gives(
        "body.messages.filter(m, has(m.n)).map(m, m.n)",
        json!([10, 30]),
    );
    gives("body.messages.map(m, has(m.n), m.n * 2)", json!([20, 60]));
    gives("body.messages.exists_one(m, m.id == 2)", json!(true));
    gives("[1, 1, 2].exists_one(x, x == 1)", json!(false));
    gives("[].all(x, x > 1) && ![].exists(x, x > 1)", json!(true));
    gives("{\"a\": 1, \"b\": 2}.map(k, k)", json!(["a", "b"]));
    gives(
        "body.messages.sort_by(m, -m.id).map(m, m.id)",
        json!([3, 2, 1]),
    );
    gives(
        "[1, 2, 3, 4].group(x, x % 2 == 0 ? \"even\" : \"odd\")",
        json!({"odd": [1, 3], "even": [2, 4]}),
    );
    gives(
        "[1, 2].map(x, [10, 20].map(y, x * y))",
        json!([[10, 20], [20, 40]]),
    );
    gives(
        "[[1], [2, 3]].map(x, x.map(x, x + i))",
        json!([[2], [3, 4]]),
    );
    fails("body.ok in body.name", &ErrorKind::Type, "text.contains(x)");
    fails(
        "body.name.map(x, x)",
        &ErrorKind::Type,
        "body.name is text, not a list",
    );
    fails(
        "body.messages.sort_by(m, m.id == 1 ? \"a\" : 1)",
        &ErrorKind::Type,
        "no order",
    );
}

#[test]
fn selecting_and_indexing() {
    gives("headers[\"retry-after\"]", json!("3"));
    gives("body[\"odd key\"][\"x-y\"]", json!(1));
    gives("body.messages[i].id", json!(2));
    gives("body.messages[body.messages.size() - 1].id", json!(3));
    gives("body.messages[1.0].id", json!(2));
    gives("{1: \"a\"}[body.id - 6]", json!("a"));
    gives(
        "has(body.id) && !has(body.absent) && has(body.nothing)",
        json!(true),
    );
    gives("has(body.id.x)", json!(false));
    fails(
        "body.messages[3]",
        &ErrorKind::Index,
        "body.messages[3]: body.messages has 3 items",
    );
    fails("body.messages[-i]", &ErrorKind::Index, "[-1]");
    fails("body.name[0]", &ErrorKind::Type, "substring");
    fails(
        "body.messages[\"a\"]",
        &ErrorKind::Type,
        "indexed by a number",
    );
    fails(
        "nobody.id",
        &ErrorKind::Undeclared,
        "nobody: nothing here has this name",
    );
    fails("Body.id", &ErrorKind::Undeclared, "did you mean `body`?");
}

#[test]
fn a_missing_field_is_named_by_its_whole_path() {
    for (source, path, more) in [
        ("body.absent", "body.absent", ""),
        ("body.absent.deeper", "body.absent", ""),
        ("body.messages[i].n", "body.messages[1].n", ""),
        ("headers[\"x-none\"]", "headers[\"x-none\"]", ""),
        ("body.messages.map(m, m.x.y)", "body.messages[0].x", ""),
        ("[body].map(b, b.x)", "b.x", ""),
        (
            "body.name.first",
            "body.name.first",
            "; body.name is text, not a map",
        ),
        ("has(body.absent.x)", "body.absent", ""),
        ("json(\"[{}]\")[i - 1].x", "json(\"[{}]\")[0].x", ""),
    ] {
        let Err(error) = run(source) else {
            let folded = Expression::compile(source).err();
            panic!("{source} gives a value: {folded:?}");
        };
        assert_eq!(
            error.kind,
            ErrorKind::Missing {
                path: path.to_owned()
            },
            "{source}"
        );
        assert_eq!(error.message, format!("{path}: missing{more}"), "{source}");
        assert!(error.is_missing());
    }
}

#[test]
fn errors_point_at_their_place() {
    for (source, expected) in [
        ("1 + body.absent + 2", "body.absent"),
        (
            "\"é\" != body.name && body.messages[9].id == 1",
            "body.messages[9]",
        ),
        ("size(body.id) == 1", "size(body.id)"),
        ("body.ok && body.id.contains(\"x\")", "contains(\"x\")"),
    ] {
        let error = match run(source) {
            Err(error) => error,
            // What `&&` absorbs is shown by the part alone.
            Ok(_) => panic!("{source} gives a value"),
        };
        let place = &source[error.offset..error.offset + error.len];
        assert!(
            place.ends_with(expected) || place == expected,
            "{source}: {place}"
        );
    }
}
