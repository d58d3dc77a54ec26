//! `muster fmt`: what it writes, what it leaves, how it ends.

use std::io::Write as _;
use std::process::Stdio;

use crate::muster::Muster;

const UNTIDY: &str = "muster: v1\nsuite: s\npriority:   P1\ntests:\n- id: a   # first\n  steps: [{http: GET /health, as: nobody, check: [body.status == \"healthy\"]}]\n- id: b\n  steps:\n  - http: GET /health\n    status: 200\n";
const TIDY: &str = "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: a # first\n    steps:\n      - http: GET /health\n        as: nobody\n        check:\n          - body.status == \"healthy\"\n\n  - id: b\n    steps:\n      - http: GET /health\n        status: 200\n";
const BROKEN: &str =
    "muster: v1\nsuite:    broken\npriority: P1\ntests:\n  - id: a\n    stepss: []\n";

#[test]
fn a_file_gets_the_canonical_layout_once() {
    let muster = Muster::new();
    muster.write("suites/s.yaml", UNTIDY);
    muster.write("suites/other.yaml", "some:    other\nprogram: [1,2]\n");
    let check = muster.call(&["fmt", "suites", "--check"]);
    assert_eq!(check.code, 104, "{}", check.all());
    assert!(
        check.stdout.contains("not formatted  suites/s.yaml"),
        "{}",
        check.all()
    );
    assert_eq!(
        muster.read("suites/s.yaml"),
        UNTIDY,
        "--check writes nothing"
    );
    let said = muster.call(&["fmt"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert_eq!(said.stdout, "formatted  suites/s.yaml\n");
    assert_eq!(muster.read("suites/s.yaml"), TIDY);
    assert_eq!(
        muster.read("suites/other.yaml"),
        "some:    other\nprogram: [1,2]\n",
        "another program's file"
    );
    let again = muster.call(&["fmt", "--check"]);
    assert_eq!(
        (again.code, again.stdout.as_str()),
        (0, ""),
        "{}",
        again.all()
    );
}

#[test]
fn a_file_with_mistakes_is_left_and_named_and_the_others_are_laid_out() {
    let muster = Muster::new();
    muster.write("suites/broken.yaml", BROKEN);
    muster.write("suites/s.yaml", UNTIDY);
    let said = muster.call(&["fmt", "suites"]);
    assert_eq!(said.code, 104, "{}", said.all());
    assert!(
        said.stderr.contains("left as it is  suites/broken.yaml: "),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("muster check"), "{}", said.stderr);
    assert_eq!(muster.read("suites/broken.yaml"), BROKEN);
    assert_eq!(muster.read("suites/s.yaml"), TIDY);
}

#[test]
fn an_environment_beside_a_suite_says_nothing_about_its_layout() {
    let muster = Muster::new();
    let of_admins = UNTIDY.replace("as: nobody", "as: admin");
    muster.write(
        "suites/s.yaml",
        &of_admins.replace("- id: a", "- users: {admin: admin}\n  id: a"),
    );
    muster.write(
        "environments/staging.yaml",
        "muster: v1\nenvironment: e\nservices:\n  api: https://api.example\nallow:\n  - api.example:443\n",
    );
    assert_eq!(muster.call(&["check"]).code, 104, "it has no such users");
    let said = muster.call(&["fmt"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains("formatted  suites/s.yaml"),
        "{}",
        said.stdout
    );
}

#[test]
fn what_init_writes_is_laid_out_already() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    let said = muster.call(&["fmt", "--check"]);
    assert_eq!(said.code, 0, "{}", said.all());
}

#[test]
fn an_editor_pipes_its_text_through() {
    let through = |text: &str| {
        let mut child = Muster::new()
            .command()
            .args(["fmt", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("muster starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("it reads");
        drop(stdin);
        let ended = child.wait_with_output().expect("an end");
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        (ended.status.code(), text)
    };
    assert_eq!(through(UNTIDY), (Some(0), TIDY.to_owned()));
    assert_eq!(through("a: [1, 2\n"), (Some(104), String::new()));
}

#[test]
fn what_newcomers_read_is_laid_out_canonically() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folders = [format!("{root}/suites"), format!("{root}/examples")];
    let said = Muster::new().call(&["fmt", "--check", &folders[0], &folders[1]]);
    assert_eq!(said.code, 0, "{}", said.all());
}
