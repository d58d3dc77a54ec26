//! YAML that is not what it looks like: each pattern has its own message and fix.

use crate::{load, sources, with_steps};

/// Lines of a check (line 9), what is told, and how the fix begins.
const CHECKS: &[(&str, &str, &str)] = &[
    (
        "check: [ max(body.a, body.b) == 1 ]",
        "8:18 this check was split at a comma",
        "put it on its own line:  - max(body.a, body.b) == 1",
    ),
    (
        "check:\n  - !body.ok",
        "9:13 `!body.ok` begins with `!`, which YAML reads as a tag",
        "put it in quotes:  '!body.ok'",
    ),
    (
        "check:\n  - !(body.a && body.b)",
        "9:13 `!(body.a && body.b)` begins with `!`",
        "put it in quotes:  '!(body.a && body.b)'",
    ),
    (
        "check:\n  - body.x == \"a # b\"",
        "9:13 this expression was cut: ` #` begins a comment",
        "put it in quotes:  'body.x == \"a # b\"'",
    ),
    (
        "check:\n  - body.x == \"a: b\"",
        "9:13 `: ` makes a map of this expression",
        "put it in quotes:  'body.x == \"a: b\"'",
    ),
    (
        "check:\n  - body.ok ? true : false",
        "9:13 `: ` makes a map of this expression",
        "put it in quotes:  'body.ok ? true : false'",
    ),
    (
        "check:\n  - \"a\" in body.tags",
        "9:13 a value that begins with a quote",
        "put it in quotes:  '\"a\" in body.tags'",
    ),
    (
        "check:\n  - [1, 2] == body.tags",
        "9:13 a value that begins with a quote, a bracket",
        "put it in quotes:  '[1, 2] == body.tags'",
    ),
    (
        "check: [ body.a[0] == 1 ]",
        "8:16 a list in `[ ]` can't hold these expressions",
        "put each on its own line",
    ),
    (
        "save: { a: max(body.a, body.b) }",
        "8:20 this expression was split at a comma",
        "put it in quotes:  'max(body.a, body.b)'",
    ),
    (
        "json: { id: ${body.id} }",
        "8:21 `${…}` inside `{ }` or `[ ]` must be quoted",
        "write the keys on lines of their own",
    ),
    (
        "check:\n\t- body.ok",
        "9:1 a tab stands in the indentation",
        "replace the tab with spaces",
    ),
    (
        "json: &anchor { a: 1 }",
        "8:23 an anchor (`&` and `*`) is not part of the language",
        "name the steps once",
    ),
    ("name: a\n  b: c", "", ""),
];

#[test]
fn every_trap_has_its_own_message() {
    let mut wrong = String::new();
    for (lines, expected, fix) in CHECKS {
        let indented = |line: &str| match line.starts_with('\t') {
            true => format!("{line}\n"),
            false => format!("        {line}\n"),
        };
        let lines: String = lines.lines().map(indented).collect();
        let suite = with_steps(&format!("      - http: POST /\n{lines}"));
        let problems = load(&suite).err().unwrap_or_default();
        let is_right = problems.len() == 1
            && crate::shown(&problems[0]).starts_with(expected)
            && problems[0]
                .fix
                .as_deref()
                .unwrap_or_default()
                .starts_with(fix);
        if !is_right {
            let shown = suite::render_all(&problems, &sources(&suite), false);
            wrong += &format!("{suite}\nexpected {expected} / {fix}\n{shown}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_template_in_a_flow_step_is_told() {
    let suite = with_steps("      - { http: GET /t/${user.id} }\n");
    let problems = load(&suite).err().unwrap_or_default();
    assert_eq!(
        problems.iter().map(crate::shown).collect::<Vec<_>>(),
        ["7:24 `${…}` inside `{ }` or `[ ]` must be quoted"]
    );
}

#[test]
fn old_booleans_are_text_and_said_to_be() {
    let suite = "muster: v1\nsuite: s\npriority: P1\ndefaults: { baggage: off }\ntests:\n  - id: t\n    exclusive: on\n    steps:\n      - http: GET /\n";
    let problems = load(suite).err().unwrap_or_default();
    let told: Vec<_> = problems
        .iter()
        .map(|problem| (crate::shown(problem), problem.fix.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "4:22 `off` is text here, not a boolean".to_owned(),
                Some("write false".to_owned())
            ),
            (
                "7:16 `on` is text here, not a boolean".to_owned(),
                Some("write true".to_owned())
            ),
        ]
    );
}

#[test]
fn deep_and_many_documents_are_refused() {
    let deep = format!(
        "muster: v1\nsuite: s\nx: {}{}\n",
        "[".repeat(100),
        "]".repeat(100)
    );
    let problems = load(&deep).err().unwrap_or_default();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0]
            .message
            .starts_with("more than 60 maps and lists")
    );
    let two = "muster: v1\nsuite: s\n---\nmuster: v1\n";
    let problems = load(two).err().unwrap_or_default();
    assert_eq!(
        problems.iter().map(crate::shown).collect::<Vec<_>>(),
        ["3:1 a second document begins here; a file holds one"]
    );
}
