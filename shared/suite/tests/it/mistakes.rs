//! Each kind of mistake: one row, with the place, the message and the fix; one file for each theme.

mod blocks;
mod expressions;
mod files;
mod levels;
mod requests;
mod sockets;

use crate::{load, problems, sources, with_steps};

/// Steps, the first of which stands on line 7, column 7; what is told; how the fix begins.
type Row = (&'static str, &'static str, &'static str);

/// Each row makes one problem, the one that it says.
fn every_row_is_told(rows: &[Row]) {
    let mut wrong = String::new();
    for (steps, place_and_message, fix) in rows {
        let indented: String = steps
            .lines()
            .map(|line| format!("      {line}\n"))
            .collect();
        let suite = with_steps(&indented);
        let found = load(&suite).err().unwrap_or_default();
        let is_right = found.len() == 1
            && crate::shown(&found[0]).starts_with(place_and_message)
            && found[0].fix.as_deref().unwrap_or_default().starts_with(fix);
        if !is_right {
            let shown = suite::render_all(&found, &sources(&suite), false);
            wrong += &format!("{steps}expected {place_and_message} / {fix}\n{shown}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn ten_mistakes_of_ten_kinds_are_told_at_once_and_other_files_are_still_checked() {
    let ten = include_str!("files/ten_mistakes.yaml");
    let mut sources = sources(ten);
    sources.insert(
        "suites/broken.yaml",
        "muster: v1\nsuite: [broken\ntests:\n  - id: t\n",
    );
    sources.insert("suites/other.yaml", "muster: v1\nsuite: other\npriority: P9\ntests:\n  - id: t\n    steps:\n      - http: GET /\n");
    let problems = suite::check(&sources);
    let of = |file: &str| -> Vec<String> {
        problems
            .iter()
            .filter(|problem| problem.file == file)
            .map(crate::shown)
            .collect()
    };
    assert_eq!(
        of("suites/s.yaml"),
        [
            "3:11 `P0` is not a priority; write P1, P2, P3, P4, P5, P6 or core",
            "6:5 unknown key `tital`",
            "7:14 `30` has no unit; write 30s or 30ms",
            "9:15 unknown service `atuh`",
            "10:17 700 is not a whole number from 100 to 599",
            "12:27 unknown name `vars.limits`",
            "13:13 this check is the same whatever the target answers",
            "14:15 unknown socket `chat`",
            "17:9 the id `first` is taken by the test on line 5",
            "18:5 not supported yet: load",
        ]
    );
    assert_eq!(of("suites/broken.yaml").len(), 1, "{problems:#?}");
    assert!(
        of("suites/broken.yaml")[0].starts_with("3:6 "),
        "{problems:#?}"
    );
    assert_eq!(of("suites/other.yaml").len(), 1);
    assert!(of("envs/test.yaml").is_empty());
}

#[test]
fn names_end_with_their_block() {
    let inside = "      - repeat: { times: 2, index: i }\n        steps:\n          - http: GET /${i}\n            save: { a: body.a }\n      - http: GET /${a}\n";
    assert_eq!(problems(&with_steps(inside)), ["11:22 unknown name `a`"]);
    let index = "      - repeat: { times: 2, index: i }\n        steps:\n          - http: GET /${i}\n      - http: GET /${i}\n";
    assert_eq!(problems(&with_steps(index)), ["10:22 unknown name `i`"]);
}

#[test]
fn yaml_of_something_else_is_passed_over_unless_there_is_nothing_more() {
    let compose = "version: '3'\nservices:\n  db: { image: postgres }\n---\nother: document\n";
    let mut beside = sources(&with_steps("      - http: GET /\n"));
    beside.insert("compose.yaml", compose);
    assert_eq!(suite::check(&beside), []);
    assert_eq!(suite::kind_of("compose.yaml", compose), None);
    let environment = crate::ENVIRONMENT_PATH.to_owned();
    let options = suite::Options {
        environment,
        vars: Vec::new(),
    };
    assert!(suite::load(&beside, &options).is_ok_and(|loaded| loaded.suites.len() == 1));
    for alone in [compose, "- a\n", ""] {
        let told = suite::check(&suite::Sources::from_iter([("x.yaml", alone)]));
        assert_eq!(told.len(), 1, "{alone}: {told:?}");
    }
}

#[test]
fn a_file_of_ours_that_does_not_tell_its_kind_is_not_left_out_of_a_run() {
    let mut broken = sources(&with_steps("      - http: GET /\n"));
    broken.insert("suites/typo.yaml", "muster: v1\nsiute: s\n");
    let environment = crate::ENVIRONMENT_PATH.to_owned();
    let told = suite::load(
        &broken,
        &suite::Options {
            environment,
            vars: Vec::new(),
        },
    )
    .err();
    let told: Vec<String> = told.iter().flatten().map(crate::shown).collect();
    assert!(
        told.iter().any(|told| told == "2:1 unknown key `siute`"),
        "{told:?}"
    );
}

#[test]
fn a_broken_environment_makes_no_name_unknown() {
    let mut broken = sources(&with_steps("      - http: GET other:/${vars.nothing}\n"));
    broken.insert(
        "envs/broken.yaml",
        "muster: v1\nenvironment: broken\nservices: { a: [\n",
    );
    let told: Vec<String> = suite::check(&broken)
        .iter()
        .map(|problem| problem.file.clone())
        .collect();
    assert_eq!(told, ["envs/broken.yaml"]);
}

#[test]
fn suites_of_the_same_name_are_told() {
    let mut twice = sources(&with_steps("      - http: GET /\n"));
    twice.insert("suites/again.yaml", with_steps("      - http: GET /\n"));
    let told = suite::check(&twice);
    let told: Vec<_> = told
        .iter()
        .map(|problem| (problem.file.as_str(), crate::shown(problem)))
        .collect();
    assert_eq!(
        told,
        [(
            "suites/again.yaml",
            "2:8 the suite `s` is also in suites/s.yaml:2".to_owned()
        )]
    );
}

#[test]
fn expect_reads_what_was_saved_when_after_talks_in_between() {
    let text = |after: &str| {
        format!(
            "{}{after}    expect:\n      - body.n == 1\n",
            with_steps("      - http: GET /\n")
        )
    };
    assert!(problems(&text("")).is_empty());
    let told = problems(&text("    after:\n      - http: GET /receipts\n"));
    assert_eq!(told, ["11:9 `body` can't be read here"]);
}
