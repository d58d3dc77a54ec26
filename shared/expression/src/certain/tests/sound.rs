//! Checks and answers by chance: what is called certain is never seen otherwise.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const NUMBERS: &[i64] = &[-3, -1, 0, 1, 2, 5];
const FRACTIONS: &[f64] = &[-2.5, -0.0, 0.5, 2.0, 1e300];
const TEXTS: &[&str] = &["", "a", "ab", " A,b ", "2", "pong"];
const FIELDS: &[&str] = &["a", "b", "n"];

#[rustfmt::skip]
const LEAVES: &[&str] = &[
    "body.a", "body.b", "body.n", "status", "elapsed_ms", "text", "vars.v", "headers", "0", "1", "-1",
    "2.5", "600", r#""""#, r#""a""#, r#""pong""#, "true", "false", "null", "[]", r#"[1, "a"]"#,
];
#[rustfmt::skip]
const OF_ONE: &[&str] = &[
    "size(#)", "abs(#)", "-(#)", "sorted(#)", "distinct(#)", "trim(#)", "lower(#)", "string(#)",
    "int(#)", "double(#)", "to_json(#)", "sum(#)", "avg(#)", "deltas(#)", "sha256(#)", "[#]",
    "(#).map(x, x)", "(#).filter(x, x == 1)", "(#).map(x, 1)", "(#).filter(x, true)",
    r#"(#).split(",")"#, "(#).sort_by(x, x)", "(#).group(x, x)", "(#)[0]", "(#).a",
    "(#).filter(x, x > 0)", "min(#)", "max(#)",
];
#[rustfmt::skip]
const OF_TWO: &[&str] = &[
    "(#) + (@)", "(#) - (@)", "(#) * (@)", "(#) / (@)", "(#) % (@)", "min([#, @])", "max([#, @])",
    "[#, @]", "zip(#, @)", "percentile(#, @)", r#"(#) + "x""#, "(#) + [1]",
];
#[rustfmt::skip]
const ASKED: &[&str] = &[
    "(#).all(x, x == 1 || x != 1)", "(#).exists(x, true)", "(#).all(x, x.size() >= 0)",
    "(#).exists(x, x == 1 && x == 2)", "(#).exists_one(x, x == x)", "(#).all(x, x > 0)", "has((#).a)",
    r#"(#).contains("")"#, r#"(#).startsWith("a")"#, r#"matches(#, "a*")"#, r#"matches(#, "^a*$")"#,
    "(#) == (#)", "(#) in [1, #]", r#"(#) + "x" == (#)"#, "#", "size(#) >= size(distinct(#))",
    "(#).all(x, false) == (size(#) == 0)", "(#) < 0 || (#) >= 0", r#"(#) == 1 && (#) == "a""#,
];
#[rustfmt::skip]
const JOINED: &[&str] = &[
    "!(#)", "(#) || !(#)", "(#) || (@)", "(#) && (@)", "(#) ? (@) : (#)", "(#) == (@)", "(#) != (@)",
];

/// What the target may have answered, one of it for each name.
fn values() -> impl Strategy<Value = Value> {
    let small = prop_oneof![
        select(NUMBERS).prop_map(Value::int),
        select(FRACTIONS).prop_map(Value::double),
        select(TEXTS).prop_map(Value::text),
        any::<bool>().prop_map(Value::bool),
        Just(Value::null()),
    ];
    small.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
            prop::collection::vec((select(FIELDS), inner), 0..3).prop_map(Value::map),
        ]
    })
}

/// One of the forms, with parts in the place of `#` and `@`.
fn formed(
    forms: &'static [&'static str],
    parts: impl Strategy<Value = String> + Clone,
) -> impl Strategy<Value = String> {
    (select(forms), parts.clone(), parts)
        .prop_map(|(form, a, b)| form.replace('#', &a).replace('@', &b))
}

/// Something with a value of any kind.
fn parts() -> impl Strategy<Value = String> + Clone {
    let leaf = select(LEAVES).prop_map(str::to_owned);
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![formed(OF_ONE, inner.clone()), formed(OF_TWO, inner)]
    })
}

fn checks() -> impl Strategy<Value = String> {
    let operators: &[&str] = &["==", "!=", "<", "<=", ">", ">=", "in"];
    let compare = (parts(), select(operators), parts())
        .prop_map(|(a, operator, b)| format!("({a}) {operator} ({b})"));
    prop_oneof![compare, formed(ASKED, parts())]
        .prop_recursive(2, 6, 3, |inner| formed(JOINED, inner))
}

proptest! {
    // `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1_000)))]

    #[test]
    fn what_is_certain_is_never_seen_otherwise(
        check in checks(),
        answers in prop::collection::vec((values(), values(), values(), 100_i64..600, 0.0..9e3, values()), 1..12),
    ) {
        let Ok(compiled) = Expression::compile(&check) else { return Ok(()) };
        let Some(certain) = compiled.certainty(None, &about) else { return Ok(()) };
        for (a, b, n, status, elapsed, v) in answers {
            let mut scope = Scope::new(Arc::new(NoEffects));
            let text = a.to_string();
            scope.set("body", Value::map([("a", a), ("b", b), ("n", n)]));
            scope.set("status", Value::int(status));
            scope.set("elapsed_ms", Value::double(elapsed));
            scope.set("text", Value::text(text));
            scope.set("headers", Value::map([("a", Value::text("b"))]));
            scope.set("vars", Value::map([("v", v)]));
            let Ok(found) = compiled.evaluate(&scope, &mut Budget::default()) else { continue };
            let truth = found.value.as_bool();
            match certain.kind {
                CertainKind::Always => prop_assert_ne!(truth, Some(false), "{}", check),
                CertainKind::Never => prop_assert_ne!(truth, Some(true), "{}", check),
                CertainKind::Unmoved => {}
            }
        }
    }
}
