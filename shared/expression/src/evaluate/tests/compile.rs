//! What compiling finds without any data: errors and constants.

use super::*;

#[test]
fn what_cannot_be_right_is_refused_when_compiling() {
    for (source, part) in [
        ("\"a\" + 1", "text + number"),
        ("1 && true", "this is number, not bool"),
        ("!\"a\"", "this is text, not bool"),
        ("-\"a\"", "only a number has a negative"),
        ("\"a\" * body.id", "this is text, not number"),
        ("\"a\" < 1", "no order"),
        (
            "size(3)",
            "this is number, not text or bytes or list or map",
        ),
        ("1 ? 2 : 3", "this is number, not bool"),
        (
            "[1].map(x, x)[\"a\" == \"b\" ? 0 : \"c\"] + [1][true ? \"x\" : \"y\"]",
            "indexed by a number",
        ),
        ("3.map(x, x)", "loops go over lists and maps"),
        ("(3).map(x, x)", "not list or map"),
        ("\"abc\".x", "this is text, not null or map"),
        ("body.all(x, 1)", "this is number, not bool"),
        ("1 in \"abc\"", "text.contains(x)"),
        ("sizee(body)", "did you mean `size(xs)`?"),
        ("body.lenght()", "did you mean `xs.size()`?"),
        ("body.length()", "write `xs.size()`"),
        ("zork(1)", "the functions are abs, "),
        ("body.id.sum()", "write `sum(xs)`"),
        (
            "startsWith(body.name, \"a\")",
            "write `text.startsWith(\"a\")`",
        ),
        ("split(body.name)", "split takes 2 to 3 values, not 1"),
        ("sha256()", "sha256 takes 1 value, not 0"),
        ("body.map(x)", "map is not written like this"),
        ("body.sort_by(\"id\")", "xs.sort_by(x, x.id)"),
        ("has(body[\"id\"])", "\"key\" in body"),
        ("matches(body.name, \"(\")", "regular expression"),
        ("body.name.matches(\"(\")", "regular expression"),
        ("int(\"x\") == 1", "this fails whatever the data"),
        ("[1][5] == 1", "this fails whatever the data"),
        ("1 / 0 == 1", "division by zero"),
        ("Message{a: 1}", "no message types"),
        ("a.?b", "unsupported syntax"),
    ] {
        refused(source, part);
    }
}

#[test]
fn constants_are_found_by_folding() {
    for source in [
        "1 == 1",
        "true",
        "range(3).all(x, x < 3)",
        "status == 200 || true",
        "false && body.x == 1",
        "\"abc\".contains(\"b\")",
        "size(range(1000)) == 1000",
        "true ? 1 : body.id",
    ] {
        assert!(
            Expression::compile(source).expect(source).is_constant(),
            "{source}"
        );
    }
    for source in [
        "status == 200",
        "now() > 0",
        "uuid() != \"\"",
        "[1].map(x, x + i)",
        "random() < 2",
    ] {
        assert!(
            !Expression::compile(source).expect(source).is_constant(),
            "{source}"
        );
    }
    assert!(
        Expression::compile("range(100000).size() > 1")
            .expect("compiles")
            .is_constant()
    );
    let folded = Expression::compile("status == 1 + 1").expect("compiles");
    assert_eq!(folded.roots().collect::<Vec<_>>(), ["status"]);
    assert_eq!(folded.type_name(), Some("bool"));
    assert_eq!(
        Expression::compile("body.x").expect("compiles").type_name(),
        None
    );
}
