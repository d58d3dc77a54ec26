//! A second routine in another language computes every number of a report again from its own cases,
//! and looks it up in every format; it is in `tests/recompute` and needs a Python.

use std::path::Path;
use std::process::{Command, Output};

use report::{Summary, html, json, junit, markdown, terminal};
use serde_json::Value;
use tempfile::TempDir;

use crate::scenarios;
use crate::synthetic::Synthetic;

const ROUTINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recompute");

/// What `muster run --out` writes, and what it prints.
fn written(synthetic: &Synthetic) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let summary: Summary = synthetic.summary(None);
    let records = |digest: &_| synthetic.records.get(digest).cloned();
    for (name, text) in [
        ("report.json", json::render(&summary).unwrap()),
        ("report.md", markdown::render(&summary)),
        ("report.html", html::render(&summary, &records)),
        ("junit.xml", junit::render(&summary).unwrap()),
        ("terminal.txt", terminal::render(&summary, false)),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn recompute(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new("python3");
    command.args(["-B", ROUTINE]).args(arguments).arg(folder);
    command
        .output()
        .expect("python3 is there: `cargo xtask test` installs it")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn another_routine_computes_the_same_numbers() {
    for synthetic in [
        scenarios::all_green(),
        scenarios::one_of_each(),
        scenarios::troubled(),
        scenarios::too_few_can_fail(),
    ] {
        let folder = written(&synthetic);
        let output = recompute(&[], folder.path());
        assert!(output.status.success(), "{}", said(&output));
        assert!(
            said(&output).ends_with(" numbers agree\n"),
            "{}",
            said(&output)
        );
    }
}

#[test]
fn it_notices_any_number_that_is_altered() {
    for synthetic in [
        scenarios::all_green(),
        scenarios::one_of_each(),
        scenarios::troubled(),
        scenarios::too_few_can_fail(),
    ] {
        let folder = written(&synthetic);
        let output = recompute(&["--altered-all"], folder.path());
        assert!(output.status.success(), "{}", said(&output));
        assert!(
            said(&output).ends_with(" alterations, all noticed\n"),
            "{}",
            said(&output)
        );
    }
}

#[test]
fn a_report_that_lies_is_refused_by_name() {
    let folder = written(&scenarios::one_of_each());
    let path = folder.path().join("report.json");
    let mut report: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    report["totals"]["passed"] = Value::from(9);
    std::fs::write(&path, report.to_string()).unwrap();
    let output = recompute(&[], folder.path());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("run.totals.passed: 9 is stated, 3 is computed"),
        "{}",
        said(&output)
    );
}
