//! Lints: what each one sees and what it lets pass.

use crate::{Expression, LintKind};

#[track_caller]
fn lints(source: &str) -> Vec<(LintKind, String)> {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let place = |lint: &crate::Lint| source[lint.offset..lint.offset + lint.len].to_owned();
    expression
        .lints()
        .iter()
        .map(|lint| (lint.kind, place(lint)))
        .collect()
}

#[test]
fn a_field_that_or_can_hide_is_told() {
    for (source, field) in [
        ("body.typo == 1 || status == 200", "body.typo"),
        ("status == 200 || body.a.typo", "body.a.typo"),
        ("!(body.typo == 1 && status == 200)", "body.typo"),
        ("xs.all(x, x.typo == 1 || status == 200)", "x.typo"),
        (
            "status == 200 || headers[\"x-typo\"] == \"a\"",
            "headers[\"x-typo\"]",
        ),
    ] {
        let found = lints(source);
        assert_eq!(
            found,
            [(LintKind::HiddenField, field.to_owned())],
            "{source}"
        );
    }
}

#[test]
fn a_field_that_and_exists_or_all_absorb_is_told() {
    for (source, field) in [
        ("status == 200 && body.ok", "body.ok"),
        ("xs.all(x, x.used <= vars.capacity)", "vars.capacity"),
        ("xs.exists(x, x.id == body.id)", "body.id"),
        ("!(body.a == 1 || status == 200)", "body.a"),
    ] {
        let found = lints(source);
        assert_eq!(
            found,
            [(LintKind::AbsorbedField, field.to_owned())],
            "{source}"
        );
    }
}

#[test]
fn a_field_that_is_asked_for_or_read_plainly_too_is_let_pass() {
    for source in [
        "has(body.a) && body.a == 1",
        "!has(body.a) || body.a == 1",
        "\"retry-after\" in headers && headers[\"retry-after\"] == \"1\"",
        "\"a\" in body && body.a == 1",
        "(body.a == 1) == (body.a == 1 || status == 200)",
        "body.a + (body.a == 1 || status == 1 ? 1 : 2) > 0",
        "xs.exists(x, x.type == \"a\")",
        "hits.filter(h, h.status == 429).all(h, h.retry != null && int(h.retry) > 0)",
        "status == 200 || status == 201",
        "body.items.exists(x, x.id == 1)",
    ] {
        assert_eq!(lints(source), [], "{source}");
    }
}

#[test]
fn a_comparison_that_never_varies_is_told() {
    for (source, place) in [
        ("size(body.x) == \"1\"", "size(body.x) == \"1\""),
        ("string(status) != 200", "string(status) != 200"),
        ("body.id == body.id", "body.id == body.id"),
    ] {
        assert_eq!(
            lints(source),
            [(LintKind::AlwaysSame, place.to_owned())],
            "{source}"
        );
    }
}

#[test]
fn a_lint_names_its_root_and_its_fix() {
    let expression = Expression::compile("vars.x == 1 || body[\"a-b\"] == 1").expect("compiles");
    let roots: Vec<&str> = expression.lints().iter().map(|lint| &*lint.root).collect();
    assert_eq!(roots, ["vars", "body"]);
    assert!(
        expression.lints()[0].fix.contains("has(vars.x) && …"),
        "{:?}",
        expression.lints()
    );
    assert!(
        expression.lints()[1].fix.contains("\"a-b\" in body && …"),
        "{:?}",
        expression.lints()
    );
}
