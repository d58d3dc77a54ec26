//! `muster.lock`, and the gates that hold runs to it.

use crate::muster::Muster;

#[test]
fn a_lock_is_written_once_and_notices_what_changed() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    let first = muster.call(&["lock"]);
    assert_eq!(first.code, 0, "{}", first.all());
    let lock = muster.read("muster.lock");
    assert_eq!(lock.matches("\"suite\":\"smoke\"").count(), 4, "{lock}");
    assert_eq!(muster.call(&["lock", "--check"]).code, 0);

    let changed = muster
        .read("smoke.yaml")
        .replace("body.status == \"healthy\"", "body.status == \"well\"");
    muster.write("smoke.yaml", &changed);
    let said = muster.call(&["lock", "--check"]);
    assert_eq!(said.code, 104, "{}", said.all());
    assert!(
        said.stdout.contains("smoke::health_answers"),
        "{}",
        said.stdout
    );
    assert_eq!(muster.read("muster.lock"), lock, "--check writes nothing");

    assert_eq!(muster.call(&["lock"]).code, 0);
    assert_ne!(muster.read("muster.lock"), lock);
}

#[test]
fn layout_and_comments_do_not_change_the_lock() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    assert_eq!(muster.call(&["lock"]).code, 0);
    let with_comment = format!("# another comment\n{}", muster.read("smoke.yaml"));
    muster.write("smoke.yaml", &with_comment);
    assert_eq!(muster.call(&["lock", "--check"]).code, 0);
}

#[test]
fn the_built_in_gate_is_shown_and_a_copy_is_a_gate() {
    let muster = Muster::new();
    let shown = muster.call(&["gate", "show", "release"]);
    assert_eq!(shown.code, 0, "{}", shown.all());
    assert!(shown.stdout.contains("gate: release"), "{}", shown.stdout);
    muster.write(
        "gates/own.yaml",
        &shown.stdout.replace("gate: release", "gate: own"),
    );
    let own = muster.call(&["gate", "show", "own"]);
    assert_eq!(own.code, 0, "{}", own.all());
    assert!(own.stdout.contains("gate: own"), "{}", own.stdout);
}

#[test]
fn a_lock_needs_no_named_environment_where_there_is_any() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init", "suites"]).code, 0);
    let environment = muster.read("suites/staging.yaml");
    std::fs::remove_file(muster.path("suites/staging.yaml")).expect("removed");
    let none = muster.call(&["lock"]);
    assert_eq!(none.code, 104, "{}", none.all());
    assert!(none.stderr.contains("--env FILE"), "{}", none.stderr);
    muster.write("environments/staging.yaml", &environment);
    let poor = environment
        .replace("  member:", "  guest:")
        .replace("environment: staging", "environment: poor");
    muster.write("environments/a-poor.yaml", &poor);
    let said = muster.call(&["lock", "suites"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stderr.contains("checked against environments/"),
        "{}",
        said.stderr
    );
    assert_eq!(muster.call(&["lock", "--check"]).code, 0);
}
