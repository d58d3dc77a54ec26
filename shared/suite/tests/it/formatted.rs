//! `muster fmt`: another layout, never another meaning.

use std::path::Path;

use proptest::prelude::*;
use suite::format::{Unformatted, format};
use suite::{Options, Sources};

use crate::repository::folder;
use crate::{CA, ENVIRONMENT, ENVIRONMENT_PATH};

/// Laid out, laid out again, and compared by what a run is made of.
fn keeps_its_meaning(path: &str, text: &str) -> String {
    let laid_out = match format(path, text) {
        Ok(laid_out) => laid_out,
        Err(why) => panic!("{path}: {why:?}\n{text}"),
    };
    assert_eq!(format(path, &laid_out).as_ref(), Ok(&laid_out), "{path}");
    assert_eq!(meaning(path, text), meaning(path, &laid_out), "{path}");
    laid_out
}

/// Every test with its hash and place in the lock, or what is wrong with the file but for where.
fn meaning(path: &str, text: &str) -> Result<String, Vec<String>> {
    let mut sources =
        Sources::from_iter([(ENVIRONMENT_PATH, ENVIRONMENT), ("envs/certs/ca.pem", CA)]);
    sources.insert(path, text);
    let environment = ENVIRONMENT_PATH.to_owned();
    let vars = Vec::new();
    match suite::load(&sources, &Options { environment, vars }) {
        Ok(loaded) => Ok(suite::lock::Lock::of(&loaded.suites).text()),
        Err(problems) => Err(problems
            .into_iter()
            .map(|problem| problem.message)
            .collect()),
    }
}

#[test]
fn every_file_of_the_repository_keeps_its_meaning() {
    for name in ["suites", "examples/smoke", "shared/suite/tests/it/files"] {
        let sources = folder(name);
        for path in sources.paths() {
            let text = sources.text(path).unwrap();
            if matches!(format(path, text), Err(Unformatted::Mistakes(_))) {
                assert!(path.contains("mistakes"), "{path} was refused");
                continue;
            }
            keeps_its_meaning(path, text);
        }
    }
}

#[test]
fn every_example_of_the_authors_page_keeps_its_meaning() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/suite-format.md");
    for example in crate::documented::examples(&std::fs::read_to_string(page).unwrap()) {
        keeps_its_meaning("page.yaml", &example);
    }
}

#[test]
fn the_example_is_laid_out_as_it_should_be() {
    let sources = folder("examples/smoke");
    for path in sources.paths() {
        let text = sources.text(path).unwrap();
        assert_eq!(format(path, text).as_deref(), Ok(text), "{path}");
    }
}

/// Pieces of a test in several layouts, each whole in itself.
fn step() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "plain",
        "\"a b\"",
        "'it''s'",
        "'a: b'",
        "\"\\u00e4 # x\"",
        "1",
        "1.50",
        "0o17",
        "true",
        "~",
        "\"${test.nonce}\"",
        "[1,  2]",
        "{a: 1,b: [x,y]}",
        "",
        "[]",
        "{ }",
        "'a\\d'",
        "\"a 'b' c\"",
    ]);
    let check = prop::sample::select(vec![
        "body.a == 1",
        "'body.a == \"x\"'",
        "\"max([1, body.a]) == 3\"",
        "body.list.size() >= 3",
    ]);
    let comment = prop::sample::select(vec!["", "", " # why", "   #not # this"]);
    let layout = 0_u8..4;
    (value, check, comment, layout, 0_usize..3).prop_map(|(value, check, comment, layout, blank)| {
        let blank = "\n".repeat(blank);
        match layout {
            0 => format!("{blank}- http: GET /a{comment}\n  json:{comment}\n    key:   {value}\n  check:\n  - {check}{comment}\n"),
            1 => format!("# own line\n- http:   POST /b\n  check: [{check}, {check}]{comment}\n{blank}  save: {{ NAME: body.b }}\n"),
            2 => format!("- {{http: GET /c, json: {{k: [1,2]}}, check: [ {check} ]}}{comment}\n{blank}"),
            _ => format!("-   http: PUT /d\n    text: |\n      one{comment}\n\n        two {value}\n    status: [200,\n       201]{comment}\n"),
        }
    })
}

fn suite() -> impl Strategy<Value = String> {
    let test = (0_usize..4, prop::collection::vec(step(), 1..4), 0_usize..3);
    let tests = prop::collection::vec(test, 1..4);
    tests.prop_map(|tests| {
        let mut text = "muster: v1\nsuite: s\npriority: P1   # tier\n\n\n\ntests:\n".to_owned();
        for (number, (margin, steps, blank)) in tests.into_iter().enumerate() {
            let margin = " ".repeat(margin);
            text.push_str(&"\n".repeat(blank));
            text.push_str(&format!(
                "# about {number}\n  - id: t{number}\n    title:  'a ''test'''\n    steps:\n"
            ));
            for (at, step) in steps.iter().enumerate() {
                let step = step.replace("NAME", &format!("saved_{at}"));
                for line in step.lines() {
                    text.push_str(&format!("    {margin}{line}\n"));
                }
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn any_layout_of_a_suite_keeps_its_meaning(text in suite()) {
        let laid_out = keeps_its_meaning("s.yaml", &text);
        prop_assert!(meaning("s.yaml", &laid_out).is_ok(), "{:?}\n{text}", meaning("s.yaml", &text));
    }

    #[test]
    fn any_text_is_answered_and_never_changed_in_meaning(text in crate::arbitrary::words()) {
        let is_ours = suite::kind_of("a.yaml", &text).is_some();
        if let (Ok(laid_out), true) = (format("a.yaml", &text), is_ours) {
            assert_eq!(meaning("a.yaml", &text), meaning("a.yaml", &laid_out));
        }
    }

    #[test]
    fn any_letters_are_answered(text in any::<String>()) {
        let _ = format("a.yaml", &text);
    }
}
