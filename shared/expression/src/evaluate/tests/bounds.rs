//! Whatever is compiled and evaluated ends within its budget, without a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

#[test]
fn a_spent_budget_is_an_error_that_nothing_absorbs() {
    for source in [
        "range(1000000).size() > status",
        "range(vars.limit * 100).all(x, range(vars.limit * 100).all(y, x + y >= 0))",
        "status == 200 && range(1000000).size() == i || true && status == 500",
        "range(status * 100).exists(x, range(status * 100).all(y, y >= 0) && x < 0)",
        "range(status).map(a, range(status).map(b, range(status).map(c, range(status))))",
        "join(range(status * 100).map(x, body.name), body.name).size() > range(status * 1000).size()",
        "distinct(range(status * 20).map(x, [x])).size() > 0",
        "range(-9223372036854775807, 9223372036854775807 - i).size()",
    ] {
        let expression = Expression::compile(source).expect(source);
        let mut budget = Budget::default();
        let error = expression
            .evaluate(&scope(), &mut budget)
            .expect_err(source);
        assert_eq!(
            (error.kind, budget.left()),
            (ErrorKind::Budget, 0),
            "{source}"
        );
        assert!(error.message.contains("fewer items"), "{}", error.message);
    }
}

#[test]
fn texts_cannot_grow_beyond_the_budget() {
    let mut doubling = "body.name".to_owned();
    for _ in 0..12 {
        doubling = format!("({doubling}).replace(\"a\", \"aaaaaaaaaa\")");
    }
    let expression = Expression::compile(&doubling).expect("compiles");
    let error = expression
        .evaluate(&scope(), &mut Budget::default())
        .expect_err("too long");
    assert_eq!(error.kind, ErrorKind::Budget);
}

#[test]
fn results_that_share_their_parts_are_bounded_as_if_written_out() {
    let mut scope = scope();
    scope.set("long", Value::text("x".repeat(1_000_000)));
    let evaluate = |source: &str| {
        let expression = Expression::compile(source).expect(source);
        expression.evaluate(&scope, &mut Budget::default())
    };
    assert!(evaluate("range(50).map(n, long)").is_ok());
    let error = evaluate("range(1000).map(n, long)").expect_err("a gigabyte");
    assert_eq!(error.kind, ErrorKind::Budget);
    assert!(evaluate("range(1000).map(n, long).size() == 1000").is_ok());
}

#[test]
fn loops_and_parts_are_bounded_when_compiling() {
    let loops = "[1].map(a, [1].map(b, [1].map(c, [1].map(d, [1].map(e, 1)))))";
    refused(loops, "loops are nested deeper");
    refused(&format!("[{}]", vec!["1"; 3_500].join(",")), "parts");
}

#[test]
fn a_constant_that_takes_too_long_is_left_to_evaluation() {
    let start = Instant::now();
    let many = vec!["range(100000).size()"; 100].join(" + ");
    // The sum is deeper than allowed, so that it stands in a list.
    let many = many.replace(" + ", ", ");
    assert!(Expression::compile(&format!("[{many}].size() == 1")).is_ok());
    assert!(start.elapsed() < Duration::from_secs(5));
}

const LEAVES: [&str; 21] = [
    "body",
    "body.id",
    "body.name",
    "body.messages",
    "status",
    "body.token",
    "x",
    "null",
    "true",
    "0",
    "-1",
    "9223372036854775807",
    "1e308",
    "0.5",
    "\"é\"",
    "b\"\\xff\"",
    "[]",
    "{}",
    "body.absent",
    "headers[\"retry-after\"]",
    "now()",
];
const OPERATORS: [&str; 12] = [
    "+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||",
];
const OF_ONE: [&str; 23] = [
    "size", "int", "string", "range", "sum", "max", "flatten", "distinct", "sorted", "deltas",
    "avg", "json", "to_json", "base64", "jwt", "url", "from_hex", "abs", "lower", "trim", "bytes",
    "double", "bool",
];
const OF_TWO: [&str; 10] = [
    "percentile",
    "zip",
    "join",
    "split",
    "substring",
    "matches",
    "min",
    "hmac_sha256",
    "flatten",
    "range",
];
const LOOPS: [&str; 7] = [
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
    "sort_by",
    "group",
];

/// Sources that look like expressions, most of which compile.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = select(&LEAVES[..]).prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let (a, b, c) = (inner.clone(), inner.clone(), inner);
        let pair = (a.clone(), b.clone());
        prop_oneof![
            (a.clone(), select(&OPERATORS[..]), b.clone())
                .prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            (select(&OF_ONE[..]), a.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (select(&OF_TWO[..]), pair.clone()).prop_map(|(f, (a, b))| format!("{f}({a}, {b})")),
            (select(&LOOPS[..]), pair.clone())
                .prop_map(|(each, (a, b))| format!("{a}.{each}(x, {b})")),
            pair.clone().prop_map(|(a, b)| format!("{a}[{b}]")),
            pair.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            pair.prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            (a.clone(), b, c).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            a.prop_map(|a| format!("!{a}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_expression_ends_within_its_budget(source in expressions(), steps in 0_u64..20_000) {
        if let Ok(expression) = Expression::compile(&source) {
            let mut scope = scope();
            scope.set("x", Value::list([Value::int(1), Value::text("b"), Value::null()]));
            let mut budget = Budget::new(steps);
            let outcome = expression.evaluate(&scope, &mut budget);
            prop_assert!(budget.left() <= steps);
            match outcome {
                Ok(evaluated) => {
                    prop_assert!(evaluated.reads.len() <= 16);
                    // What was made is no larger than what was paid for and what was there.
                    let there = scope.get("body").map_or(0, Value::weight);
                    prop_assert!(evaluated.value.weight() <= (steps + 1) * there.max(8));
                    let shown = format!("{:?}", evaluated.value);
                    prop_assert!(!shown.contains("s3cret"));
                }
                Err(error) => {
                    prop_assert!(!error.message.contains("s3cret"));
                    prop_assert!(error.offset + error.len <= source.len());
                }
            }
        }
    }

    #[test]
    fn any_text_is_compiled_or_refused(source in "[a-z0-9 .(),\\[\\]{}?:|&!=<>+*/%\"'\\\\é#@`$-]{0,40}") {
        if let Err(error) = Expression::compile(&source) {
            prop_assert!(error.offset <= source.len() && source.is_char_boundary(error.offset));
        }
    }

    #[test]
    fn a_constant_gives_the_same_folded_or_not(a in -9_i64..9, b in -9_i64..9, o in "[-+*/%]|==|<") {
        let folded = Expression::compile(&format!("({a}) {o} ({b})"));
        let expression = Expression::compile(&format!("a {o} b")).expect("compiles");
        let mut scope = scope();
        scope.set("a", Value::int(a));
        scope.set("b", Value::int(b));
        match (folded, expression.evaluate(&scope, &mut Budget::default())) {
            (Ok(folded), Ok(evaluated)) => prop_assert_eq!(folded.constant(), Some(&evaluated.value)),
            (Err(_), Err(_)) => {}
            (folded, evaluated) => prop_assert!(false, "{folded:?} {evaluated:?}"),
        }
    }
}
