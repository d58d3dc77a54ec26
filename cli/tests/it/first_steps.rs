//! The first minutes: init, check, list.

use crate::muster::Muster;

#[test]
fn init_writes_a_suite_that_checks_and_lists() {
    let muster = Muster::new();
    let said = muster.call(&["init"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.stdout.contains("wrote smoke.yaml"), "{}", said.stdout);
    assert_eq!(muster.call(&["check"]).code, 0);
    let listed = muster.call(&["list"]);
    assert_eq!(listed.code, 0, "{}", listed.all());
    assert!(
        listed.stdout.contains("smoke::ping_is_echoed"),
        "{}",
        listed.stdout
    );
}

#[test]
fn init_overwrites_nothing() {
    let muster = Muster::new();
    muster.write("tests/smoke.yaml", "mine\n");
    let said = muster.call(&["init", "tests"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains("kept  tests/smoke.yaml"),
        "{}",
        said.stdout
    );
    assert_eq!(muster.read("tests/smoke.yaml"), "mine\n");
    assert!(muster.path("tests/staging.yaml").is_file());
}

#[test]
fn list_says_why_the_rest_would_not_run() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    let said = muster.call(&["list", "-k", "ping_is_echoed"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let (run, rest) = said.stdout.split_once("would not run:").expect("two parts");
    assert!(run.contains("smoke::ping_is_echoed"), "{run}");
    assert!(rest.contains("smoke::health_answers"), "{rest}");
    assert!(rest.contains("not selected by -k"), "{rest}");
}

#[test]
fn a_test_without_a_region_of_the_run_is_named() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    let two = muster
        .read("staging.yaml")
        .replace("regions: [local]", "regions: [earth, mars]");
    muster.write("staging.yaml", &two);
    muster.write(
        "far.yaml",
        "muster: v1\nsuite: far\npriority: P2\ntests:\n  - id: far_away\n    regions: [mars]\n    \
         steps:\n      - http: GET /health\n        as: nobody\n        status: 200\n",
    );
    let said = muster.call(&["list", "--regions", "earth"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains("far::far_away  none of its regions"),
        "{}",
        said.stdout
    );
}

#[test]
fn settings_give_what_the_command_line_leaves_out() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init", "checks"]).code, 0);
    muster.write(
        "muster.yaml",
        "muster: v1\nsuites: [checks]\nenvironment: staging\nregions: [here, there]\n",
    );
    let said = muster.call(&["list"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains("checks/smoke.yaml:"),
        "{}",
        said.stdout
    );
}

#[test]
fn editors_find_the_schema_of_each_file_that_init_wrote() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init", "tests"]).code, 0);
    for file in ["tests/smoke.yaml", "tests/staging.yaml"] {
        let text = muster.read(file);
        let first = text.lines().next().expect("a line");
        let schema = first
            .strip_prefix("# yaml-language-server: $schema=")
            .expect(first);
        let schema = muster.read(&format!("tests/{schema}"));
        let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
        assert!(schema["properties"]["muster"].is_object(), "{file}");
    }
    let printed = muster.call(&["schema", "suite"]);
    assert_eq!(
        printed.stdout,
        muster.read("tests/.muster/schema/muster-suite.schema.json")
    );
    assert_eq!(muster.call(&["schema", "settings"]).code, 0);
    let unknown = muster.call(&["schema", "suit"]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
}

#[test]
fn a_mistyped_verb_is_told_which_was_meant() {
    let muster = Muster::new();
    for (typed, meant) in [("shwo", "show"), ("chekc", "check"), ("dif", "diff")] {
        let said = muster.call(&[typed]);
        assert_eq!(said.code, 2, "{}", said.all());
        assert!(
            said.stderr.contains(&format!("'{meant}'")),
            "{}",
            said.stderr
        );
    }
}
