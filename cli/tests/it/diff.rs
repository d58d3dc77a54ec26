//! `muster diff`: what it finds between two runs, and how it ends.

use serde_json::Value;

use crate::muster::{Muster, Said};
use crate::platform::Target;

fn suite(want: &str) -> String {
    format!(
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: stays\n    steps:\n      - http: GET /health\n        as: nobody\n        status: 200\n  - id: turns\n    steps:\n      - repeat: {{ times: 10 }}\n        steps:\n          - http: GET /health\n            as: nobody\n            check:\n              - body.status == \"{want}\"\n"
    )
}

const MORE: &str = "  - id: comes\n    steps:\n      - http: GET /health\n        as: nobody\n        status: 200\n";

fn run(muster: &Muster, target: &Target, more: &[&str]) -> Said {
    let words = [
        "run",
        "suites",
        "--env",
        &target.environment,
        "--regions",
        "here",
    ];
    muster.call(&[&words, more].concat())
}

#[test]
fn what_failed_anew_what_came_and_what_was_edited_is_told() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/s.yaml", &suite("healthy"));
    assert_eq!(run(&muster, &target, &[]).code, 0);
    muster.write("suites/s.yaml", &(suite("perfect") + MORE));
    assert_eq!(run(&muster, &target, &["--var", "limit=5"]).code, 100);
    let said = muster.call(&["diff"]);
    assert_eq!(said.code, 0, "{}", said.all());
    for words in [
        "before  PASSED",
        "after   FAILED",
        "Failed anew (1)",
        "s::turns@any: passed → failed",
        "Only in the later run (1)\n  s::comes@any",
        "suites/s.yaml changed",
        "--var limit is new",
        "P95 beyond noise",
        "1 case ended alike",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.all());
    }
    let checked = muster.call(&["diff", "--check"]);
    assert_eq!(checked.code, 100, "{}", checked.all());
    let runs = muster.call(&["runs"]).stdout;
    let ids: Vec<&str> = runs
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let [later, earlier] = ids[..] else {
        panic!("two runs: {runs}")
    };
    let back = muster.call(&["diff", later, earlier, "--check", "--json"]);
    assert_eq!(
        back.code,
        0,
        "the other way round nothing is worse: {}",
        back.all()
    );
    let json: Value = serde_json::from_str(&back.stdout).expect("JSON");
    assert_eq!(json["cases"][0]["change"], "mended");
    assert_eq!(json["only_before"][0], "s::comes@any");
    assert_eq!(json["totals"]["failed"]["before"], 1);
    assert_eq!(json["unchanged_cases"], 1);
}

#[test]
fn a_platform_that_went_down_proves_less() {
    let mut target = Target::start(&[]);
    let muster = Muster::new();
    let requires = "requires:\n  - http: GET /health/ready\n    as: nobody\ntests:\n";
    muster.write(
        "suites/s.yaml",
        &suite("healthy").replace("tests:\n", requires),
    );
    assert_eq!(run(&muster, &target, &[]).code, 0);
    target.stop();
    assert_eq!(run(&muster, &target, &[]).code, 106);
    let said = muster.call(&["diff", "--check"]);
    assert_eq!(said.code, 106, "{}", said.all());
    assert!(
        said.stdout.contains("passed → skipped(env_unreachable)"),
        "{}",
        said.all()
    );
    let same = muster.call(&["diff", "last", "last"]);
    assert!(same.stdout.contains("Nothing changed"), "{}", same.all());
}

#[test]
fn without_an_earlier_run_it_says_what_to_name() {
    let muster = Muster::new();
    let said = muster.call(&["diff"]);
    assert_eq!(said.code, 2, "{}", said.all());
}
