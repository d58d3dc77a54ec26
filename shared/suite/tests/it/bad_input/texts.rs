//! Files, names and expressions that are wrong on purpose.

use std::time::{Duration, Instant};

use suite::Sources;

use super::{environment, only};
use crate::{ENVIRONMENT, problems, shown, sources, with_steps};

#[test]
fn b15_what_is_named_twice_is_told_with_both_places() {
    let mut twice = sources(&with_steps("      - http: GET /\n        status: 200\n"));
    twice.insert(
        "suites/again.yaml",
        with_steps("      - http: GET /\n        status: 200\n"),
    );
    let told = suite::check(&twice);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].file.as_str(), told[0].line),
        ("suites/again.yaml", 2)
    );
    assert_eq!(told[0].message, "the suite `s` is also in suites/s.yaml:2");
    for (text, expected) in [
        (
            "tests:\n  - { id: t, steps: [{ http: GET /, status: 200 }] }\n  - { id: t, steps: [{ http: GET /, status: 200 }] }\n",
            "6:11 the id `t` is taken by the test on line 5",
        ),
        (
            "tests:\n  - id: t\n    rows: { a: { x: 1 }, a: { x: 2 } }\n    steps: [{ http: GET /, status: 200 }]\n",
            "6:26 the key `a` is written twice; the first is on line 6",
        ),
    ] {
        let text = format!("muster: v1\nsuite: s\npriority: P1\n{text}");
        only(&problems(&text), expected, &text);
    }
}

#[test]
fn b18_an_expression_that_can_not_be_read_is_told_with_its_place() {
    for (check, expected) in [
        ("body.n >=", "9:"),
        (
            "percentile(body.xs, 101) < 5",
            "percentile takes a number from 0 to 100",
        ),
        ("p(101)", "there is no function `p`"),
        ("body.n == 1 )", "9:"),
        ("body.n === 1", "9:"),
        ("\"a\" + 1 == \"a1\"", "text + number"),
    ] {
        let quoted = check.replace('\'', "''");
        let told = problems(&with_steps(&format!(
            "      - http: GET /\n        check:\n          - '{quoted}'\n"
        )));
        only(&told, expected, check);
    }
    let text = "muster: v1\nsuite: s\npriority: P1\ndefine:\n  a: { steps: [{ use: b }] }\n  b: { steps: [{ use: a }] }\ntests:\n  - id: t\n    steps:\n      - use: a\n      - http: GET /\n        status: 200\n";
    let told = problems(text);
    assert!(
        !told.is_empty() && told.iter().all(|told| told.contains("uses itself")),
        "{told:?}"
    );
}

/// Told within a moment, however slow the machine.
fn soon(text: &str) -> Vec<String> {
    let started = Instant::now();
    let told: Vec<String> = suite::check(&Sources::from_iter([("s.yaml", text)]))
        .iter()
        .map(shown)
        .collect();
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
    told
}

#[test]
fn b19_bombs_of_yaml_are_refused_before_they_grow() {
    let mut laughs = "muster: v1\nsuite: s\nl0: &l0 [lol, lol]\n".to_owned();
    for n in 1..40 {
        laughs += &format!("l{n}: &l{n} [*l{}, *l{}]\n", n - 1, n - 1);
    }
    assert!(
        soon(&laughs)
            .iter()
            .any(|told| told.contains("an anchor (`&` and `*`) is not part of the language"))
    );

    let head = "muster: v1\nsuite: s\ntests: ";
    for deep in [
        format!("{head}{}", "[".repeat(100_000)),
        format!("{head}{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{head}{}", "{a: ".repeat(100_000)),
        format!("{head}{}1", "- ".repeat(100_000)),
        format!(
            "muster: v1\nsuite: s\n{}",
            (0..1_000)
                .map(|n| format!("{}a:\n", " ".repeat(n)))
                .collect::<String>()
        ),
    ] {
        let told = soon(&deep);
        assert_eq!(told.len(), 1, "{:?}", told.first());
        assert!(
            told[0].contains("more than 60 maps and lists inside one another")
                || told[0].contains("this is not YAML"),
            "{}",
            told[0]
        );
    }

    for check in [
        "(".repeat(100_000),
        "!".repeat(100_000),
        "[".repeat(100_000),
        "a.".repeat(100_000),
        "-".repeat(100_000) + "1",
    ] {
        let told = soon(&with_steps(&format!(
            "      - http: GET /\n        check:\n          - '{check}'\n"
        )));
        assert_eq!(told.len(), 1, "{:?}", told.first());
    }
    let long = format!(
        "      - http: GET /\n        check:\n          - '{}'\n",
        vec!["body.a == 1"; 20_000].join(" && ")
    );
    assert_eq!(soon(&with_steps(&long)).len(), 1);
    let large = format!("muster: v1\nsuite: s\n# {}\n", "x".repeat(5 * 1024 * 1024));
    only(&soon(&large), "at most 4194304 are read", "5 MiB");
}

/// Steps with something in a text that a terminal or a header obeys.
#[rustfmt::skip]
const OBEYED: &[(&str, &str)] = &[
    ("      - http: GET /\n        name: \"a\\e[31m\"\n        status: 200\n", "a control character stands here"),
    ("      - http: \"GET /a\\e[31m\"\n        status: 200\n", "a path can't hold a control character"),
    ("      - http: GET /\n        headers: { x: \"a\\r\\nset-cookie: b\" }\n        status: 200\n", "holds a line break or another control character"),
    ("      - http: GET /\n        save: { \"a\\nb\": body.a }\n        status: 200\n", "can't be read in an expression"),
];

#[test]
fn b20_names_and_labels_hold_nothing_that_a_terminal_obeys() {
    let with = |id: &str, title: &str| {
        format!(
            "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: {id}\n    title: {title}\n    steps:\n      - http: GET /\n        status: 200\n"
        )
    };
    assert!(problems(&with("t", "\"Überholt, 長い\"")).is_empty());
    for id in [
        "\"a\\nb\"",
        "\"a\\e[31mb\"",
        "\"a\\0b\"",
        "\"a b\"",
        "\"\"",
        "\"../t\"",
        "\"a\\u202eb\"",
    ] {
        only(&problems(&with(id, "x")), "is not a name", id);
    }
    for (title, shown) in [
        ("\"\\e[2Jgone\"", "U+001B"),
        ("\"two\\nlines\"", "U+000A"),
        ("\"nul\\0\"", "U+0000"),
        ("\"bell\\a\"", "U+0007"),
        ("\"next line\\N\"", "U+0085"),
        ("\"turned \\u202e around\"", "U+202E"),
    ] {
        let expected = format!("a control character stands here: {shown}");
        only(&problems(&with("t", title)), &expected, title);
    }
    for (steps, expected) in OBEYED {
        only(&problems(&with_steps(steps)), expected, steps);
    }
}

#[test]
fn b20_bytes_that_are_no_text_are_told_and_never_printed() {
    for raw in [
        "muster: v1\nsuite: a\u{1b}b\n",
        "muster: v1\nsuite: a\0b\n",
        "muster: v1\nsui\u{1b}te: a\n",
    ] {
        let sources = Sources::from_iter([("s.yaml", raw)]);
        let told = suite::check(&sources);
        assert!(!told.is_empty(), "{raw:?}");
        let shown = suite::render_all(&told, &sources, false);
        assert!(!shown.contains(['\u{1b}', '\0']), "{shown:?}");
    }
    let bytes: &[u8] = b"muster: v1\nsuite: \xff\xfe\n";
    let told = suite::check(&Sources::from_iter([("s.yaml", bytes)]));
    assert_eq!(
        (told.len(), shown(&told[0])),
        (1, "2:8 this is not UTF-8".to_owned())
    );
}

#[test]
fn b21_a_path_that_leads_out_is_refused_where_secrets_are_meant() {
    for path in [
        "../../etc/cron.d/x",
        "/etc/shadow",
        "a/../../b",
        "C:\\\\x",
        "a//b",
        ".",
    ] {
        let text = ENVIRONMENT.replace("{ env: TEST_API_KEY }", &format!("{{ file: \"{path}\" }}"));
        only(
            &environment(&text, &[]),
            "is not a path inside a folder of secrets",
            path,
        );
    }
}

#[test]
fn b26_a_secret_in_clear_is_told_by_its_form() {
    let random = "fT9xQ2mLr7Kc0ZpW4vYbN8sHd1EjUa6G";
    let key = "AKIAQ7XN4MZ2PL9WTV3K";
    for step in [
        format!("- http: GET /\n  headers: {{ authorization: \"Bearer {random}\" }}\n"),
        format!("- http: GET /\n  headers: {{ Authorization: \"Basic {random}\" }}\n"),
        format!("- http: GET /\n  headers: {{ x-auth-token: {random} }}\n"),
        format!("- http: GET /\n  headers: {{ cookie: \"session={random}\" }}\n"),
        format!("- http: GET /\n  query: {{ key: {key} }}\n"),
        format!("- http: POST /\n  json: {{ key: \"{key}\" }}\n"),
        format!("- http: POST /\n  text: \"key={key} ${{test.nonce}}\"\n"),
    ] {
        let indented: String = step.lines().map(|line| format!("      {line}\n")).collect();
        let told = problems(&with_steps(&format!("{indented}        status: 200\n")));
        only(&told, "in clear, and this file travels", &step);
        assert!(
            !told[0].contains(random) && !told[0].contains(key),
            "{told:?}"
        );
    }
    for good in [
        "- http: GET /\n  headers: { authorization: \"Bearer nonsense\" }\n",
        "- http: GET /\n  headers: { authorization: \"Bearer not-a-token-at-all-but-long\" }\n",
        "- http: GET /\n  headers: { authorization: \"Bearer ${env.tokens.expired}\" }\n",
        "- http: GET /\n  headers: { x-request-id: fT9xQ2mLr7Kc0ZpW4vYbN8sHd1EjUa6G }\n",
        "- http: POST /\n  json: { sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 }\n",
    ] {
        let indented: String = good.lines().map(|line| format!("      {line}\n")).collect();
        let told = problems(&with_steps(&format!("{indented}        status: 200\n")));
        assert!(told.is_empty(), "{good}{told:?}");
    }
    for (name, value) in [
        ("bucket", random),
        ("bucket", key),
        ("nested", "{ a: [ fT9xQ2mLr7Kc0ZpW4vYbN8sHd1EjUa6G ] }"),
    ] {
        let text = ENVIRONMENT.replace("vars:\n", &format!("vars:\n  {name}: {value}\n"));
        let told = environment(&text, &[]);
        only(&told, &format!("`{name}` looks like a secret"), value);
        let allowed = text.replace("token_type", &format!("token_type, {name}"));
        assert!(
            environment(&allowed, &[]).is_empty(),
            "{:?}",
            environment(&allowed, &[])
        );
    }
}
