//! Parsing: mistakes get a place and a fix, and nothing overflows a stack.

use super::*;

#[track_caller]
fn refused(source: &str) -> CompileError {
    parse(source)
        .err()
        .unwrap_or_else(|| panic!("`{source}` parses"))
}

#[test]
fn mistakes_from_other_languages_get_their_fix() {
    for (source, offset, fix) in [
        ("status = 200", 7, "write `==`"),
        ("a == 1 and b == 2", 7, "write `&&`"),
        ("a == 1 or b == 2", 7, "write `||`"),
        ("not a.b", 0, "write `!`"),
        ("a === b", 2, "write `==`"),
        ("\"é = \" + ${x}", 10, "write the name alone"),
        ("body.id =~ \"x\"", 8, "write `text.matches(\"pattern\")`"),
    ] {
        let error = refused(source);
        assert_eq!(
            (error.offset, error.fix.as_deref()),
            (offset, Some(fix)),
            "{source}: {error}"
        );
    }
}

#[test]
fn syntax_errors_name_their_place_in_bytes() {
    for (source, offset) in [
        ("1 + ", 4),
        ("\"é\" + )", 7),
        ("a.b(", 4),
        ("a\n  + #", 6),
        ("@", 0),
    ] {
        let error = refused(source);
        assert_eq!(error.offset, offset, "{source}: {error}");
        assert!(!error.message.contains("expecting {"), "{error}");
    }
}

#[test]
fn places_are_in_bytes() {
    let syntax = parse("\"é\" == x").ok();
    let place = syntax.and_then(|syntax| syntax.places.offset_for(syntax.root.id));
    assert_eq!(place, Some((5, 6)));
}

#[test]
fn empty_long_and_deep_expressions_are_refused_before_they_cost_anything() {
    assert!(refused("  ").message.contains("empty"));
    assert!(refused(&"a".repeat(9000)).message.contains("longer"));
    assert!(
        refused(&vec!["1"; 500].join("+"))
            .message
            .contains("deeper")
    );
    assert!(
        refused(&vec!["1"; 500].join(" in "))
            .message
            .contains("deeper")
    );
    let nested = format!("{}1{}", "(".repeat(60), ")".repeat(60));
    assert!(refused(&nested).message.contains("deeper than"));
    assert!(
        refused(&format!("{}a{}", "f(x+".repeat(100), ")".repeat(100)))
            .message
            .contains("deeper")
    );
}

#[test]
fn conditionals_count_for_more_and_rows_of_and_for_less() {
    assert!(
        refused(&format!("{}1", "a?b:".repeat(30)))
            .message
            .contains("deeper")
    );
    assert!(parse(&vec!["a.b == 1"; 200].join(" && ")).is_ok());
}

#[test]
fn the_deepest_that_is_allowed_fits_a_small_stack() {
    let within = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        let sums = vec!["1"; MAX_DEPTH].join("+");
        let brackets = format!("{}1{}", "(".repeat(22), ")".repeat(22));
        let selections = format!("a{}", ".b".repeat(MAX_DEPTH - 1));
        let wide = format!("[{}]", vec!["a.b"; 1000].join(","));
        let conditionals = format!("{}1", "a?b:".repeat(25));
        let row = vec!["a.b == 1"; 200].join(" || ");
        let sources = [sums, brackets, selections, wide, conditionals, row];
        let compile = |source: &String| crate::Expression::compile(source);
        let failed = sources.iter().filter_map(|source| compile(source).err());
        failed.map(|error| error.to_string()).collect::<Vec<_>>()
    });
    let failed = within.expect("a thread").join().expect("no overflow");
    assert!(failed.is_empty(), "{failed:?}");
}
