//! The library, function by function.

use std::sync::Arc;

use serde_json::json;

use crate::scope::NoEffects;
use crate::{Budget, ErrorKind, Expression, Scope, Value};

/// Evaluates with `v` in scope, so that nothing is folded.
fn outcome(source: &str) -> Result<Value, crate::EvalError> {
    let mut scope = Scope::new(Arc::new(NoEffects));
    scope.set("v", Value::int(0));
    scope.set("raw", Value::bytes([0xff, 0xfe]));
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    expression
        .evaluate(&scope, &mut Budget::default())
        .map(|evaluated| evaluated.value)
}

#[track_caller]
fn gives(cases: &[(&str, serde_json::Value)]) {
    for (source, expected) in cases {
        // Once as a constant, once evaluated.
        for source in [(*source).to_owned(), format!("[{source}, v][0]")] {
            match outcome(&source) {
                Ok(value) => assert_eq!(value.to_json(), *expected, "{source}"),
                Err(error) => panic!("{source}: {error}"),
            }
        }
    }
}

#[track_caller]
fn fails(sources: &[&str]) {
    for source in sources {
        let error = outcome(source).expect_err(source);
        assert!(
            matches!(error.kind, ErrorKind::Function | ErrorKind::Type),
            "{source}: {error:?}"
        );
    }
}

#[test]
fn numbers() {
    gives(&[
        ("abs(-3)", json!(3)),
        ("abs(-0.5)", json!(0.5)),
        ("sum([])", json!(0)),
        ("sum([1, 2, 3])", json!(6)),
        ("sum([1, 0.5])", json!(1.5)),
        ("min([3, 1.5, 2])", json!(1.5)),
        ("max(3, 1, 7)", json!(7)),
        ("max([\"a\", \"b\"])", json!("b")),
        ("avg([1, 2])", json!(1.5)),
        ("avg([2, 4])", json!(3)),
        ("percentile([1, 2, 3, 4], 50)", json!(2.5)),
        ("percentile([4, 1, 3, 2], 100)", json!(4.0)),
        ("percentile([7], 95)", json!(7.0)),
        ("deltas([1, 4, 4.5])", json!([3, 0.5])),
        ("deltas([])", json!([])),
    ]);
    fails(&[
        "max([v][1 - 1] == 0 ? [] : [1])",
        "min([null, v])",
        "avg([v].filter(x, x > 0))",
    ]);
    fails(&[
        "percentile([v], 101 + v)",
        "sum([v, \"a\"])",
        "max([v, \"a\"])",
        "deltas([v, \"a\"])",
    ]);
    fails(&[
        "abs(-9223372036854775807 - 1 - v)",
        "max(null, v)",
        "percentile([\"a\", v], 1)",
    ]);
}

#[test]
fn lists() {
    gives(&[
        ("range(3)", json!([0, 1, 2])),
        ("range(2, 4)", json!([2, 3])),
        ("range(-1)", json!([])),
        ("sorted([3, 1.5, 2])", json!([1.5, 2, 3])),
        ("sorted([\"b\", \"a\"])", json!(["a", "b"])),
        (
            "[1, 1.0, \"1\", [1], [1], null, null].distinct()",
            json!([1, "1", [1], null]),
        ),
        ("distinct([2, 1, 2])", json!([2, 1])),
        ("flatten([[1], [2, [3]], 4])", json!([1, 2, [3], 4])),
        ("[[1, [2]]].flatten(2)", json!([1, 2])),
        ("zip([1, 2], [\"a\"])", json!([[1, "a"]])),
        ("[\"a\", \"b\"].join(\"-\")", json!("a-b")),
        ("join([\"a\", \"b\"])", json!("ab")),
        (
            "[1, 2].size() + size({\"a\": 1}) + size(\"é\") + b\"ab\".size()",
            json!(6),
        ),
    ]);
    fails(&[
        "join([v], \",\")",
        "sorted([v, \"a\"])",
        "flatten([v], -1)",
        "sorted([null, v])",
    ]);
}

#[test]
fn texts() {
    gives(&[
        (
            "\"abc\".startsWith(\"ab\") && \"abc\".endsWith(\"c\") && \"abc\".contains(\"b\")",
            json!(true),
        ),
        ("\"abc\".matches(\"b.\")", json!(true)),
        ("matches(\"abc\", \"^b\")", json!(false)),
        ("[\"^a\"].all(p, \"abc\".matches(p))", json!(true)),
        ("\"a,b,c\".split(\",\")", json!(["a", "b", "c"])),
        ("\"a,b,c\".split(\",\", 2)", json!(["a", "b,c"])),
        ("split(\"aé\", \"\")", json!(["a", "é"])),
        ("lower(\"AÉ\")", json!("aé")),
        ("\" a \".trim()", json!("a")),
        ("\"aéb\".substring(1)", json!("éb")),
        ("substring(\"aéb\", 1, 2)", json!("é")),
        ("\"aab\".replace(\"a\", \"x\")", json!("xxb")),
    ]);
    fails(&[
        "\"abc\".substring(4 + v)",
        "\"abc\".substring(2, 1 + v)",
        "\"a\".split(\",\", v - 1)",
    ]);
    fails(&[
        "\"a\".matches(v == 0 ? \"(\" : \"a\")",
        "v.startsWith(\"a\")",
    ]);
}

#[test]
fn conversions() {
    gives(&[
        ("int(\" 42 \")", json!(42)),
        ("int(3.9)", json!(3)),
        ("int(-3.9)", json!(-3)),
        ("int(true)", json!(1)),
        ("double(\"1.5\") + double(1)", json!(2.5)),
        (
            "string(1) + string(2.5) + string(true) + string(b\"x\")",
            json!("12.5truex"),
        ),
        ("bool(\"true\") && !bool(false)", json!(true)),
        ("string(bytes(\"é\"))", json!("é")),
    ]);
    fails(&[
        "int(v == 0 ? \"x\" : \"1\")",
        "int(1e19 + v)",
        "double([\"x\"][v])",
        "string(raw)",
    ]);
    fails(&["bool([\"yes\"][v])", "int([null][v])", "string([[]][v])"]);
}

#[test]
fn codecs() {
    gives(&[
        ("json(\"{\\\"a\\\": [1, 2.5]}\").a", json!([1, 2.5])),
        ("to_json({\"a\": [1, null]})", json!("{\"a\":[1,null]}")),
        ("base64(\"a?>\")", json!("YT8+")),
        ("base64url(\"a?>a\")", json!("YT8-YQ")),
        (
            "string(from_base64(\"YQ\")) + string(from_base64(\"YQ==\"))",
            json!("aa"),
        ),
        ("hex(from_base64url(\"_-8\"))", json!("ffef")),
        ("hex(\"a\")", json!("61")),
        ("string(from_hex(\"6162\"))", json!("ab")),
        ("sha256(\"\").substring(0, 8)", json!("e3b0c442")),
        (
            "hmac_sha256(\"key\", \"The quick brown fox jumps over the lazy dog\")",
            json!("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"),
        ),
        (
            "jwt(\"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2ln\").payload.sub",
            json!("7"),
        ),
        (
            "jwt(\"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2ln\").header.alg",
            json!("HS256"),
        ),
        (
            "url(\"https://h.example/p?a=1&b=%20#f\")",
            json!({
                "scheme": "https", "host": "h.example", "port": 443, "path": "/p",
                "query": {"a": "1", "b": " "}, "fragment": "f",
            }),
        ),
    ]);
    fails(&[
        "json([\"{\"][v])",
        "jwt([\"a.b.c\"][v])",
        "jwt([\"a\"][v])",
        "url([\"/p\"][v])",
    ]);
    fails(&[
        "from_base64([\"%\"][v])",
        "from_base64url([\"+\"][v])",
        "from_hex([\"6\"][v])",
    ]);
}

#[test]
fn every_function_is_named_once_and_used_as_its_usage_says() {
    for (position, function) in super::TABLE.iter().enumerate() {
        assert!(
            super::TABLE[position + 1..]
                .iter()
                .all(|other| other.name != function.name)
        );
        let usage = function.usage;
        assert!(usage.contains(&format!("{}(", function.name)), "{usage}");
        assert!(
            Expression::compile(usage).is_ok(),
            "{usage}: {:?}",
            Expression::compile(usage).err()
        );
    }
}
