//! Input that is wrong on purpose, by the numbers of docs/bad-input.md: one clear error each, and
//! never much time or memory.

mod texts;

use std::path::Path;

use suite::{Options, Problem, Sources};

use crate::{CA, ENVIRONMENT_PATH, problems, shown, with_steps};

fn environment(text: &str, vars: &[(&str, &str)]) -> Vec<String> {
    let sources = Sources::from_iter([(ENVIRONMENT_PATH, text), ("envs/certs/ca.pem", CA)]);
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let options = Options {
        environment: ENVIRONMENT_PATH.into(),
        vars: vars.iter().map(owned).collect(),
    };
    let told: Vec<Problem> = suite::load(&sources, &options).err().unwrap_or_default();
    told.iter().map(shown).collect()
}

/// Exactly one thing is told, and it says so.
fn only(told: &[String], expected: &str, of: &str) {
    assert!(
        told.len() == 1 && told[0].contains(expected),
        "{of}: {told:?}"
    );
}

fn with_service(address: &str, allow: &str) -> Vec<String> {
    environment(
        &format!(
            "muster: v1\nenvironment: e\nservices: {{ api: \"{address}\" }}\nallow: [ {allow} ]\n"
        ),
        &[],
    )
}

#[test]
fn b01_b02_addresses_of_machines_are_seen_through_in_every_spelling() {
    for (address, shown) in [
        ("http://169.254.169.254/", "169.254.169.254:80"),
        ("http://[::ffff:169.254.169.254]/", "[::ffff:a9fe:a9fe]:80"),
        ("http://[::ffff:10.0.0.1]/", "[::ffff:a00:1]:80"),
        ("http://0x7f000001", "127.0.0.1:80"),
        ("http://2130706433", "127.0.0.1:80"),
        ("http://127.1", "127.0.0.1:80"),
        ("http://0177.0.0.1", "127.0.0.1:80"),
        ("http://127.0.0.1.:80", "127.0.0.1:80"),
    ] {
        let told = with_service(address, "\"api.example:443\"");
        only(
            &told,
            &format!("no entry of `allow` covers {shown}"),
            address,
        );
    }
    for entry in [
        "\"169.254.169.254:80\"",
        "\"[::ffff:169.254.169.254]:80\"",
        "{ cidr: 169.254.169.254/32 }",
        "{ cidr: \"::ffff:169.254.169.254/128\" }",
        "{ cidr: \"::ffff:a9fe:0/112\" }",
        "{ cidr: \"fd00:ec2::254/128\" }",
        "\"[fd00:ec2::254]:80\"",
    ] {
        let told = with_service(
            "https://api.example",
            &format!("\"api.example:443\", {entry}"),
        );
        only(&told, "which gives a machine's credentials away", entry);
    }
    let entry = "\"api.example:443\", { cidr: \"::ffff:10.0.0.0/120\" }";
    let told = with_service("https://api.example", entry);
    only(&told, "is the network 10.0.0.0/24 in disguise", entry);
}

#[test]
fn b03_to_b07_a_service_is_what_the_allow_list_says_and_nothing_like_it() {
    let allow = "\"allowed.test:80\", \"allowed.test:443\"";
    for (address, expected) in [
        (
            "http://allowed.test@evil.test/",
            "an address can't hold a user or password",
        ),
        (
            "http://allowed.test.evil.test",
            "no entry of `allow` covers allowed.test.evil.test:80",
        ),
        (
            "http://evilallowed.test",
            "no entry of `allow` covers evilallowed.test:80",
        ),
        (
            "http://аllowed.test",
            "no entry of `allow` covers xn--llowed-2nf.test:80",
        ),
        (
            "http://allowed.test:22",
            "no entry of `allow` covers allowed.test:22",
        ),
        ("file:///etc/passwd", "`file:` is not http or https"),
        ("gopher://allowed.test", "`gopher:` is not http or https"),
        ("ftp://allowed.test", "`ftp:` is not http or https"),
        ("javascript:alert(1)", "`javascript:` is not http or https"),
    ] {
        only(&with_service(address, allow), expected, address);
    }
    for path in ["http://evil.test/", "file:///etc/passwd"] {
        let told = problems(&with_steps(&format!("      - http: GET {path}\n")));
        assert_eq!(told.len(), 1, "{path}: {told:?}");
    }
}

#[test]
fn b12_a_number_outside_its_bounds_is_told_with_them() {
    let pool = |count: &str| {
        format!(
            "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    users:\n      crowd: {{ pool: member, count: {count} }}\n    steps:\n      - http: GET /\n        as: crowd[0]\n        status: 200\n"
        )
    };
    assert!(problems(&pool("5")).is_empty());
    for bad in [
        "-1",
        "0",
        "1e12",
        "1000000000000",
        "99999999999999999999",
        ".nan",
        "NaN",
        ".inf",
        "0x",
        "five",
        "1.5",
    ] {
        only(&problems(&pool(bad)), "a whole number from 1 to 1000", bad);
    }
    for (key, bad, bounds) in [
        ("retries", "11", "from 0 to 10"),
        ("retries", "-1", "from 0 to 10"),
    ] {
        let text = format!(
            "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    {key}: {bad}\n    steps:\n      - http: GET /\n        status: 200\n"
        );
        only(&problems(&text), bounds, key);
    }
    let base = "muster: v1\nenvironment: e\nservices: { api: \"https://api.example\" }\nallow: [ \"api.example:443\" ]\n";
    for bad in ["-1", "0", "1e12", ".nan"] {
        let told = environment(&format!("{base}caps: {{ users: {bad} }}\n"), &[]);
        only(&told, "a whole number from 1 to 10000000", bad);
    }
}

#[test]
fn b13_a_duration_has_a_unit_an_end_and_is_more_than_nothing() {
    for (written, expected) in [
        ("0s", "a duration of nothing"),
        ("0.0ms", "a duration of nothing"),
        ("8d", "`8d` is longer than seven days"),
        ("1e9s", "`1e9s` is not a duration"),
        ("-5s", "`-5s` is not a duration"),
        ("infinity", "`infinity` is not a duration"),
        (".inf", "`.inf` is not a duration"),
        ("60", "`60` has no unit"),
        ("", "expected a duration, as 500ms or 10s, this is nothing"),
    ] {
        let told = problems(&format!(
            "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    timeout: {written}\n    steps:\n      - http: GET /\n        status: 200\n"
        ));
        only(&told, expected, written);
    }
    let settings = suite::settings::parse("muster.yaml", "muster: v1\ndeadline: 0s\n").unwrap_err();
    assert_eq!(
        shown(&settings[0]),
        "2:11 a duration of nothing; write more than 0"
    );
}

/// All Rust of a folder, as one text.
fn rust_below(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            rust_below(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            // Another may be writing it at this moment.
            *text += &std::fs::read_to_string(&path).unwrap_or_default();
        }
    }
}

#[test]
fn the_page_on_bad_input_names_tests_and_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/bad-input.md")).unwrap();
    let mut rust = String::new();
    for folder in ["shared", "cli", "fuzz", "coordinator", "worker", "e2e"] {
        rust_below(&root.join(folder), &mut rust);
    }
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| #"))
        .collect();
    assert_eq!(rows.len(), 32);
    for row in rows {
        let shown_by = row.rsplit('|').nth(1).unwrap_or_default();
        for name in shown_by.split('`').skip(1).step_by(2) {
            let last = name.rsplit("::").next().unwrap_or_default();
            let is_there = if name.ends_with(".rs") {
                root.join(name).is_file()
            } else {
                let start = last.trim_end_matches('…');
                rust.contains(&format!("fn {start}")) || rust.contains(&format!("mod {start};"))
            };
            assert!(is_there, "{name} in {row}");
        }
    }
}
