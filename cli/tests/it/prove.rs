//! `muster prove`: which checks can fail, told by the exit code, the text and a file.

use crate::muster::Muster;
use crate::platform::Target;

const CRITICAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../suites/p1-critical.yaml");

#[test]
fn the_critical_checks_can_fail() {
    let (muster, target) = (Muster::new(), Target::start(&[]));
    let tests = "id:test_002* or id:test_003* or id:test_015* or id:test_018*";
    let said = muster.call(&[
        "prove",
        CRITICAL,
        "--env",
        &target.environment,
        "-k",
        tests,
        "--min",
        "95%",
        "--json",
        "proof.json",
    ]);
    assert_eq!(said.code, 0, "{}", said.all());
    let proof: serde_json::Value = serde_json::from_str(&muster.read("proof.json")).expect("JSON");
    assert!(proof["percent"].as_f64() >= Some(95.0), "{proof}");
    assert_eq!(proof["tests"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_check_that_can_not_fail_is_named_with_its_line() {
    let (muster, target) = (Muster::new(), Target::start(&[]));
    let suite = "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    steps:\n      \
                 - http: GET /health/ready\n        check:\n          \
                 - body.status == \"ready\"\n          - body.status.split(\"e\").join(\"e\") == body.status\n";
    muster.write("s.yaml", suite);
    let call = ["prove", "s.yaml", "--env", &target.environment];
    let said = muster.call(&call);
    assert_eq!(said.code, 100, "{}", said.all());
    assert!(
        said.stdout.contains("t: 2 checks, 1 can fail, 1 survived "),
        "{}",
        said.all()
    );
    assert!(
        said.stdout
            .contains("s.yaml:10: body.status.split(\"e\").join(\"e\") == body.status"),
        "{}",
        said.all()
    );
    let enough = muster.call(&[&call[..], &["--min", "50%"]].concat());
    assert_eq!(enough.code, 0, "{}", enough.all());
}

#[test]
fn a_test_that_does_not_pass_proves_nothing() {
    let (muster, target) = (Muster::new(), Target::start(&[]));
    let suite = "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    steps:\n      \
                 - http: GET /health/ready\n        check:\n          - body.status == \"asleep\"\n";
    muster.write("s.yaml", suite);
    let said = muster.call(&["prove", "s.yaml", "--env", &target.environment]);
    assert_eq!(said.code, 106, "{}", said.all());
    assert!(
        said.stdout.contains("not known: it did not pass: failed"),
        "{}",
        said.all()
    );
}

#[test]
fn the_caps_of_the_environment_hold() {
    let (muster, target) = (Muster::new(), Target::start(&[]));
    let environment = muster.read(&target.environment);
    let capped = environment.replace("\n  users: 2000\n", "\n  users: 1\n");
    assert_ne!(capped, environment);
    std::fs::write(&target.environment, capped).expect("an environment with caps");
    let two_users = ["-k", "id:test_016*"];
    let call = ["prove", CRITICAL, "--env", &target.environment];
    let said = muster.call(&[&call[..], &two_users].concat());
    assert_eq!(said.code, 106, "{}", said.all());
    assert!(said.stdout.contains("raise `caps.users`"), "{}", said.all());
}
