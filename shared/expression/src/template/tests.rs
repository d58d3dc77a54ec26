//! Templates: types kept, texts, URLs, errors with places.

use super::*;
use crate::scope::NoEffects;

fn scope() -> Scope {
    let mut scope = Scope::new(Arc::new(NoEffects));
    scope.set("id", Value::int(7));
    scope.set("name", Value::text("a b/c?é"));
    scope.set("base", Value::text("https://h.example:8443"));
    scope.set("token", Value::text("t0ken").tainted());
    scope.set("list", Value::list([Value::int(1), Value::int(2)]));
    scope
}

#[track_caller]
fn render(source: &str) -> Value {
    let template = Template::parse(source).expect(source);
    template
        .render(&scope(), &mut Budget::default())
        .expect(source)
}

#[test]
fn exactly_one_value_keeps_its_type_and_anything_more_is_text() {
    assert_eq!(render("${id}"), Value::int(7));
    assert_eq!(
        render("${list}"),
        Value::list([Value::int(1), Value::int(2)])
    );
    assert_eq!(render("${id * 10}"), Value::int(70));
    assert_eq!(render(" ${id}"), Value::text(" 7"));
    assert_eq!(render("${id}-${id}"), Value::text("7-7"));
    assert_eq!(render("x${list}"), Value::text("x[1,2]"));
    assert_eq!(render(""), Value::text(""));
    assert_eq!(render("plain"), Value::text("plain"));
}

#[test]
fn two_dollars_stand_for_the_characters_themselves() {
    assert_eq!(render("$${id}"), Value::text("${id}"));
    assert_eq!(render("a$${b} ${id} $c $"), Value::text("a${b} 7 $c $"));
    assert!(Template::parse("$${id}").expect("parses").is_literal());
    assert_eq!(
        Template::parse("$${id}").expect("parses").literal(),
        Some("${id}")
    );
}

#[test]
fn braces_and_quotes_within_a_value_do_not_end_it() {
    assert_eq!(render(r#"${{"a": "}"}["a"]}"#), Value::text("}"));
    assert_eq!(render(r#"<${'\'}'}>"#), Value::text("<'}>"));
}

#[test]
fn urls_encode_values_but_not_a_base_address() {
    let url = |source: &str| {
        let template = Template::parse(source).expect(source);
        template
            .render_url(&scope(), &mut Budget::default())
            .map(|url| url.to_string())
    };
    assert_eq!(url("/t/${name}").expect("url"), "/t/a%20b%2Fc%3F%C3%A9");
    assert_eq!(
        url("${base}/t/${id}").expect("url"),
        "https://h.example:8443/t/7"
    );
    assert_eq!(url("${base}").expect("url"), "https://h.example:8443");
    assert_eq!(
        url("/t/${base}").expect("url"),
        "/t/https%3A%2F%2Fh.example%3A8443"
    );
    let error = url("/t/${list}").expect_err("a list");
    assert_eq!((error.kind, error.offset), (ErrorKind::Type, 5));
    assert!(
        Template::parse("${base}/x")
            .expect("parses")
            .begins_with_value()
    );
}

#[test]
fn what_is_made_of_a_secret_is_secret() {
    assert!(render("Bearer ${token}").is_tainted());
    assert!(!render("id ${id}").is_tainted());
}

#[test]
fn errors_have_their_place_in_the_template() {
    for (source, offset) in [
        ("abc ${", 4),
        ("abc ${}", 4),
        ("${id} ${a +}", 11),
        ("é${\"a\" + 1}", 4),
    ] {
        let error = Template::parse(source).expect_err(source);
        assert_eq!(error.offset, offset, "{source}: {error}");
    }
    let template = Template::parse("x ${id} ${absent.x}").expect("parses");
    let error = template
        .render(&scope(), &mut Budget::default())
        .expect_err("undeclared");
    assert_eq!((error.kind, error.offset), (ErrorKind::Undeclared, 10));
}

#[test]
fn roots_are_those_of_all_values_each_once() {
    let template = Template::parse("${a.b}-${c[a.d]}-${e}").expect("parses");
    assert_eq!(template.roots(), ["a", "c", "e"]);
    assert_eq!(template.source(), "${a.b}-${c[a.d]}-${e}");
}

#[test]
fn a_text_costs_what_it_takes_to_write() {
    let mut scope = scope();
    scope.set("long", Value::text("x".repeat(100_000)));
    let template = Template::parse("a${long}").expect("parses");
    let error = template
        .render(&scope, &mut Budget::new(100))
        .expect_err("too long");
    assert_eq!(error.kind, ErrorKind::Budget);
}
