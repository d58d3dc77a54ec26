//! Help, completions and colour.

use crate::muster::Muster;

const VERBS: [&str; 18] = [
    "schema",
    "init",
    "check",
    "fmt",
    "list",
    "run",
    "try",
    "diff",
    "cancel",
    "show",
    "lock",
    "gate",
    "report",
    "runs",
    "coordinator",
    "worker",
    "demo",
    "completions",
];

#[test]
fn the_help_names_every_verb_and_every_exit_code() {
    let said = Muster::new().call(&["--help"]);
    assert_eq!(said.code, 0);
    for verb in VERBS {
        assert!(said.stdout.contains(&format!("\n  {verb} ")), "{verb}");
    }
    for code in ["75", "100", "104", "105", "106", "107"] {
        assert!(said.stdout.contains(code), "{code}");
    }
}

#[test]
fn the_help_of_a_verb_teaches_with_examples() {
    let muster = Muster::new();
    for verb in [
        "init", "check", "fmt", "list", "run", "try", "show", "diff", "cancel", "lock", "worker",
        "demo",
    ] {
        let said = muster.call(&[verb, "--help"]);
        assert_eq!(said.code, 0, "{verb}");
        assert!(
            said.stdout.contains(&format!("  muster {verb}")),
            "{verb}: {}",
            said.stdout
        );
    }
}

#[test]
fn every_shell_gets_completions_for_every_verb() {
    let muster = Muster::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = muster.call(&["completions", shell]);
        assert_eq!(said.code, 0, "{shell}");
        for verb in VERBS {
            assert!(said.stdout.contains(verb), "{shell}: {verb}");
        }
    }
}

#[test]
fn a_pipe_and_no_color_get_plain_text() {
    let muster = Muster::new();
    muster.write(
        "bad.yaml",
        "muster: v1\nsuite: bad\npriority: P9\ntests: []\n",
    );
    let piped = muster.call(&["check"]);
    assert!(!piped.all().contains('\u{1b}'), "{}", piped.all());
    let always = muster.call(&["check", "--color", "always"]);
    assert!(
        always.all().contains('\u{1b}'),
        "colour on demand: {}",
        always.all()
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let muster = Muster::new();
    let mut child = muster
        .command()
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
