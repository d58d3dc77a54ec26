//! `muster check`: every mistake of every file in one pass, each with its place.

use crate::muster::Muster;

/// Ten mistakes of ten kinds, none of YAML's syntax; each line's mistake is in `MISTAKES`.
const TEN: &str = r#"muster: v1
suite: ten
priority: P9
tests:
  - id: twice
    steps:
      - http: GET /a
        as: carol
        status: 200
  - id: twice
    timeout: soon
    tresholds: {}
    steps:
      - http: FETCH /a
        status: 999
        check:
          - body.items.size() = 3
          - 1 + 1 == 2
          - missing.name == "x"
"#;

const MISTAKES: [(u32, &str); 10] = [
    (3, "`P9` is not a priority"),
    (8, "unknown user `carol`"),
    (10, "the id `twice` is taken"),
    (11, "`soon` is not a duration"),
    (12, "unknown key `tresholds`"),
    (14, "unknown method `FETCH`"),
    (15, "999 is not a whole number"),
    (17, "a single `=` compares nothing"),
    (18, "this check is the same whatever the target answers"),
    (19, "unknown name `missing`"),
];

const BROKEN: &str = "muster: v1\nsuite: broken\ntests:\n  - id: [one\n    steps: x\n";

const HALF: &str = r"muster: v1
suite: half
priority: P2
tests:
  - id: fine
    steps:
      - http: GET /a
        check:
          - body.n >
";

#[test]
fn ten_mistakes_of_ten_kinds_are_ten_problems_in_one_pass() {
    let muster = Muster::new();
    muster.write("suites/ten.yaml", TEN);
    let said = muster.call(&["check", "suites"]);
    assert_eq!(said.code, 104, "{}", said.all());
    for (line, words) in MISTAKES {
        let place = format!("suites/ten.yaml:{line}:");
        let block = said
            .stdout
            .split("error: ")
            .find(|block| block.contains(&place))
            .unwrap_or_else(|| panic!("nothing at line {line}\n{}", said.all()));
        assert!(block.contains(words), "line {line}: {block}");
    }
    assert_eq!(
        said.stdout.matches("error: ").count(),
        10,
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("10 problems in 1 file"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_syntax_error_is_one_problem_and_the_other_files_are_still_checked() {
    let muster = Muster::new();
    muster.write("suites/broken.yaml", BROKEN);
    muster.write("suites/half.yaml", HALF);
    let said = muster.call(&["check"]);
    assert_eq!(said.code, 104, "{}", said.all());
    assert!(
        said.stdout.contains("suites/broken.yaml:5:"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("suites/half.yaml:9:"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("2 problems in 2 files"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_problem_shows_the_line_and_the_fix() {
    let muster = Muster::new();
    muster.write("ten.yaml", TEN);
    let said = muster.call(&["check", "ten.yaml"]);
    assert!(
        said.stdout
            .contains("17 │           - body.items.size() = 3"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("write `==`"), "{}", said.stdout);
}

#[test]
fn good_files_of_every_kind_have_no_problem() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    muster.write(
        "muster.yaml",
        "muster: v1\nenvironment: staging\ndeadline: 5m\n",
    );
    muster.write(
        "gates/own.yaml",
        &muster
            .call(&["gate", "show"])
            .stdout
            .replace("gate: release", "gate: own"),
    );
    muster.write(
        "value.yaml",
        "muster: v1\ncurrency: USD\nvalue:\n  P1: { mrr: 10, tests: 4 }\n",
    );
    let said = muster.call(&["check"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.stdout.contains("5 files"), "{}", said.stdout);
}

#[test]
fn a_run_over_files_with_mistakes_starts_nothing() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    muster.write("ten.yaml", TEN);
    let said = muster.call(&["run"]);
    assert_eq!(said.code, 104, "{}", said.all());
    assert!(said.stderr.contains("ten.yaml:3:"), "{}", said.stderr);
    assert!(!muster.path(".muster/runs").exists(), "nothing was started");
}
