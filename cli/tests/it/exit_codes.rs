//! Exit codes that need no run: they are an interface.

use crate::muster::Muster;

#[test]
fn a_command_line_that_makes_no_sense_is_2() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    for words in [
        &["dance"][..],
        &["run", "--deadline", "soon"],
        &["run", "-x", "--max-fail", "3"],
        &["run", "--var", "nothing"],
        &["run", "-k", "P1 and and"],
        &["run", "--complete"],
        &["run", "--grid", "192.0.2.7:9101"],
        &["worker", "--grid", "127.0.0.1:9101", "--region", "r"],
        &["demo", "--defect", "no-such-defect"],
        &["report", "no-such-run"],
    ] {
        let said = muster.call(words);
        assert_eq!(said.code, 2, "{words:?}: {}", said.all());
    }
}

#[test]
fn what_does_not_end_with_the_word_of_a_gate_refuses_one() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    for flag in ["--detach", "--watch"] {
        let said = muster.call(&["run", flag, "--gate", "release"]);
        assert_eq!(said.code, 2, "{}", said.all());
        let advice = format!("leave out {flag} to end with the gate's verdict");
        assert!(said.stderr.contains(&advice), "{}", said.all());
    }
    let without = muster.call(&["run", "--detach", "--gate", "none"]);
    assert!(without.stderr.contains("add --grid"), "{}", without.all());
    let help = muster.call(&["run", "--help"]).stdout;
    assert!(
        help.contains("0 only means that the run was submitted"),
        "{help}"
    );
}

#[test]
fn an_invalid_file_or_configuration_is_104() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    for words in [
        &["check", "nowhere"][..],
        &["run", "--env", "nowhere"],
        &["run", "--gate", "nowhere"],
        &["gate", "show", "nowhere"],
        &["run", "--var", "unknown=1"],
    ] {
        let said = muster.call(words);
        assert_eq!(said.code, 104, "{words:?}: {}", said.all());
        assert!(said.stderr.contains("error"), "{words:?}: {}", said.all());
    }
}

#[test]
fn a_plan_without_a_case_is_4() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    for words in [
        &["run", "-k", "P6"][..],
        &["list", "-k", "P6"],
        &["run", "-k", "P6", "--gate", "release"],
    ] {
        let said = muster.call(words);
        assert_eq!(said.code, 4, "{words:?}: {}", said.all());
    }
}

#[test]
fn a_coordinator_that_is_not_there_is_4() {
    let muster = Muster::new();
    assert_eq!(muster.call(&["init"]).code, 0);
    // Bound and dropped, so that nobody listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .to_string();
    for words in [
        &["run", "--grid", &address][..],
        &["runs", "--grid", &address],
    ] {
        let said = muster.call(words);
        assert_eq!(said.code, 4, "{words:?}: {}", said.all());
        assert!(said.stderr.contains(&address), "{}", said.stderr);
    }
}
