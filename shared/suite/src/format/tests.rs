//! Each rule of the layout, on the smallest text that shows it.

use super::*;

fn check(before: &str, expected: &str) {
    let laid_out = format("s.yaml", before).unwrap();
    assert_eq!(laid_out, expected);
    assert_eq!(format("s.yaml", &laid_out).unwrap(), expected, "again");
}

#[test]
fn steps_and_checks_in_flow_style_become_lines() {
    check(
        "muster: v1\nsuite: s\npriority: P1\ntests:\n- id: t\n  users: {a: member,b: member}\n  steps: [{http: GET /a, as: a, check: [body.a == 1, 'f(1, 2)'], save: {x: body.x}, json: {check: [1,2]}}]\n",
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    users: { a: member, b: member }\n    steps:\n      - http: GET /a\n        as: a\n        check:\n          - body.a == 1\n          - \"f(1, 2)\"\n        save:\n          x: body.x\n        json: { check: [1, 2] }\n",
    );
}

#[test]
fn comments_and_the_order_of_keys_stay() {
    check(
        "# head\nmuster: v1   # one\nsuite: s\npriority: P1\ntests:\n    # first\n    - id: a\n      steps:\n       - http: GET /a   # why\n         status: 200\n    # second\n    - steps:\n       - http: GET /b\n      id: b\n# end\n",
        "# head\nmuster: v1 # one\nsuite: s\npriority: P1\ntests:\n  # first\n  - id: a\n    steps:\n      - http: GET /a # why\n        status: 200\n\n  # second\n  - steps:\n      - http: GET /b\n    id: b\n# end\n",
    );
}

#[test]
fn flow_style_with_a_comment_inside_keeps_it() {
    let text = "suite: s\ntests:\n  - id: t\n    steps:\n      - http: GET /a\n        check: [\n            a == 1, # why\n            b == 2,\n          ]\n";
    let laid_out = format("s.yaml", text).unwrap();
    assert!(laid_out.contains("# why"), "{laid_out}");
}

#[test]
fn text_in_blocks_is_left_alone() {
    let text = "suite: s\ntests:\n  - id: a\n    steps:\n      - http: POST /a\n        text: |\n          one\n           two\n          # no comment\n  - id: b\n    steps: []\n";
    let laid_out = format("s.yaml", text).unwrap();
    assert!(
        laid_out.contains("one\n           two\n          # no comment\n\n  - id: b"),
        "{laid_out}"
    );
}

#[test]
fn a_file_with_mistakes_keeps_its_layout() {
    for bad in [
        "",
        "a: [1, 2\n",
        "a: 1\na: 2\n",
        "a: &x 1\n",
        "check: [ f(a, b) == 1 ]\n",
    ] {
        let refused = format("s.yaml", bad);
        assert!(
            matches!(refused, Err(Unformatted::Mistakes(_))),
            "{bad}: {refused:?}"
        );
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_go() {
    check(
        "\u{feff}suite:   s\r\npriority: P1\r\n",
        "suite: s\npriority: P1\n",
    );
}

#[test]
fn odd_but_valid_yaml_is_laid_out_or_left_alone() {
    let deep = format!("a: {}{}\n", "[".repeat(50), "]".repeat(50));
    let odd = [
        "a: |2-\n    x\n   y\n",
        "a: |\n  \u{a0}x\n  é\n",
        "a: | # why\n  x\n",
        "a: \"x\n  y\\\n  z\"\n",
        "a: 'x\n\n  y'\n",
        "? a\n: b\n",
        "---\nsuite: s\n...\n",
        "a: {b: , c: }\n",
        deep.as_str(),
        "steps: [ {when: x, steps: [ {parallel: {branches: {a: [{wait: 1s}]}}} ]} ]\n",
    ];
    for text in odd {
        let laid_out = format("s.yaml", text);
        assert!(laid_out.is_ok(), "{text}: {laid_out:?}");
    }
    // What the formatter gets wrong is noticed, and nothing is written.
    let refused = format("s.yaml", "a: >+\n  x\n\n\n  y\n\n\nb: 1\n");
    assert!(
        matches!(refused, Err(Unformatted::Unsafe(_))),
        "{refused:?}"
    );
    let split = format("s.yaml", "a: {\n  b: 1,\n  c: 2\n}\n");
    assert_eq!(split.as_deref(), Ok("a: { b: 1, c: 2 }\n"));
}

#[test]
fn what_is_too_long_for_its_line_becomes_lines_and_the_rest_stays() {
    let long = "x".repeat(60);
    check(
        &format!(
            "suite: s\ntests:\n  - id: t\n    rows:\n      a: {{ one: \"{long}\", two: {{ three: 1, four: [5] }} }}\n      b: {{ one: 1 }}\n    tags: [{long}, {long}]\n"
        ),
        &format!(
            "suite: s\ntests:\n  - id: t\n    rows:\n      a:\n        one: \"{long}\"\n        two: {{ three: 1, four: [5] }}\n      b: {{ one: 1 }}\n    tags:\n      - {long}\n      - {long}\n"
        ),
    );
    check(
        "suite: s\na: { b: 1,\n  c: [d,\n    e] }\n",
        "suite: s\na: { b: 1, c: [d, e] }\n",
    );
}
