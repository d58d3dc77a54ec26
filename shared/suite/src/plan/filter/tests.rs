//! What `-k` takes, what it chooses, and how it says what it can't read.

use super::*;

#[test]
fn patterns_have_stars() {
    for (pattern, name, expected) in [
        ("test_0*", "test_002_x", true),
        ("*_real", "test_002_real", true),
        ("t*2*l", "test_002_real", true),
        ("test", "test_1", false),
        ("TEST_1", "test_1", true),
        ("a*a", "a", false),
        ("*", "", true),
    ] {
        assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn a_bad_filter_says_where() {
    for (text, at, why) in [
        ("p1 and", 7, "something is missing"),
        ("p1 tag:slow", 4, "`and` or `or` is missing"),
        ("(p1", 4, "a `(` without"),
        ("p1)", 3, "a `)` without"),
        ("or p1", 1, "a condition is missing before `or`"),
        ("colour:red", 1, "unknown key `colour`"),
        ("tier:P9", 1, "`P9` is not a priority"),
        ("tag:", 1, "`tag:` of what?"),
    ] {
        let bad = Filter::from_str(text).err();
        let told = bad.as_ref().map(|bad| (bad.at, bad.why.starts_with(why)));
        assert_eq!(told, Some((at, true)), "{text}: {bad:?}");
    }
}

#[test]
fn an_empty_filter_selects_all() {
    assert_eq!(Filter::from_str("  "), Ok(Filter::all()));
}
