//! Runs on this machine, against a real platform: verdicts, exit codes, what is kept and shown.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use staging::Defect;

use crate::muster::{Muster, Said};
use crate::platform::Target;

/// Passes, in two tests; `wrong` fails when asked to.
const SUITE: &str = r#"muster: v1
suite: health
priority: P1
tests:
  - id: is_well
    steps:
      - http: GET /health
        as: nobody
        status: 200
        check:
          - body.status == "healthy"
  - id: greets
    steps:
      - http: GET /api/threads
        save:
          count: body.threads.size()
        check:
          - body.threads.size() == 0
"#;

const FAILING: &str = r#"muster: v1
suite: failing
priority: P2
tests:
  - id: expects_too_much
    steps:
      - http: GET /health
        as: nobody
        status: 200
        check:
          - body.status == "perfect"
"#;

fn run(muster: &Muster, target: &Target, more: &[&str]) -> Said {
    let mut words = vec![
        "run",
        "suites",
        "--env",
        &target.environment,
        "--regions",
        "here,there",
    ];
    words.extend(more);
    muster.call(&words)
}

#[test]
fn a_run_that_proves_everything_passes_and_is_kept() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", SUITE);
    let said = run(&muster, &target, &["--out", "out"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.stdout.starts_with("PASSED"), "{}", said.all());
    assert!(
        said.stderr.contains("passed    health::is_well"),
        "{}",
        said.stderr
    );
    assert!(!said.all().contains('\u{1b}'), "a pipe gets plain text");
    for name in ["report.html", "report.md", "report.json", "junit.xml"] {
        assert!(!muster.read(&format!("out/{name}")).is_empty(), "{name}");
    }
    let again = muster.call(&["report", "--format", "json"]);
    assert_eq!(
        again.stdout,
        muster.read("out/report.json"),
        "the same log, the same report"
    );
    let runs = muster.call(&["runs"]);
    assert!(runs.stdout.contains("PASSED"), "{}", runs.stdout);
}

#[test]
fn a_false_check_fails_the_run_and_the_terminal_says_why() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/failing.yaml", FAILING);
    let said = run(&muster, &target, &["--trace"]);
    assert_eq!(said.code, 100, "{}", said.all());
    for words in [
        "FAILED",
        "expects_too_much",
        "suites/failing.yaml:11",
        "body.status == \"perfect\"",
        "healthy",
        "muster run --failed=",
        "muster show ",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.all());
    }
    assert!(
        said.stdout.contains("GET /health"),
        "the waterfall: {}",
        said.stdout
    );
}

#[test]
fn show_prints_what_was_sent_and_received() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/failing.yaml", FAILING);
    assert_eq!(run(&muster, &target, &[]).code, 100);
    let said = muster.call(&["show", "expects_too_much", "--curl"]);
    assert_eq!(said.code, 0, "{}", said.all());
    for words in [
        "/health",
        "200",
        "body.status == \"perfect\"",
        "\"healthy\"",
        "curl ",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    let unknown = muster.call(&["show", "no_such_case"]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
}

#[test]
fn show_lists_the_cases_of_a_run_what_went_wrong_first() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", SUITE);
    muster.write("suites/failing.yaml", FAILING);
    assert_eq!(run(&muster, &target, &[]).code, 100);
    let said = muster.call(&["show"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(
        lines[1].starts_with("failed    failing::expects_too_much"),
        "{}",
        said.stdout
    );
    assert!(
        lines[2].starts_with("passed    health::"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("muster show "), "{}", said.stdout);
    let id = lines[0].split(' ').next().expect("an id");
    assert_eq!(muster.call(&["show", id]).stdout, said.stdout);
    assert_eq!(muster.call(&["show", &id[..15]]).stdout, said.stdout);
}

#[test]
fn failed_runs_only_what_failed_with_the_files_as_they_are_now() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", SUITE);
    muster.write("suites/failing.yaml", FAILING);
    assert_eq!(run(&muster, &target, &[]).code, 100);
    let still = muster.call(&["run", "--failed"]);
    assert_eq!(still.code, 100, "{}", still.all());
    assert!(still.stdout.contains("1 test (1 case)"), "{}", still.stdout);
    muster.write(
        "suites/failing.yaml",
        &FAILING.replace("perfect", "healthy"),
    );
    let mended = muster.call(&["run", "--failed"]);
    assert_eq!(mended.code, 0, "{}", mended.all());
    assert!(
        mended.stdout.contains("1 test (1 case)"),
        "{}",
        mended.stdout
    );
    let nothing = muster.call(&["run", "--failed"]);
    assert_eq!(nothing.code, 4, "{}", nothing.all());
}

#[test]
fn a_platform_that_is_down_is_not_a_failure_and_the_run_can_be_completed() {
    let mut target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", &SUITE.replace(
        "tests:\n",
        "requires:\n  - http: GET /health/ready\n    check:\n      - body.status == \"ready\"\ntests:\n",
    ));
    target.stop();
    let said = run(&muster, &target, &[]);
    assert_eq!(said.code, 106, "{}", said.all());
    assert!(said.stdout.contains("env_unreachable"), "{}", said.stdout);
    assert!(
        said.stdout.contains("muster run --complete "),
        "{}",
        said.stdout
    );
    let last = muster.call(&["runs"]).stdout;
    let id = last.split_whitespace().next().expect("a run").to_owned();
    let gated = muster.call(&["run", "--complete", &id, "--gate", "release"]);
    assert_eq!(gated.code, 2, "{}", gated.all());
    let again = muster.call(&["run", "--complete", &id]);
    assert_eq!(again.code, 106, "still down: {}", again.all());
}

#[test]
fn max_fail_stops_early_and_the_rest_is_cancelled() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    let rows: Vec<String> = (0..40)
        .map(|row| format!("      r{row}: {{ n: {row} }}\n"))
        .collect();
    let many = FAILING.replace(
        "    steps:\n",
        &format!("    rows:\n{}    steps:\n", rows.concat()),
    );
    muster.write("suites/many.yaml", &many);
    let said = run(&muster, &target, &["-x", "--out", "out"]);
    assert_eq!(said.code, 100, "{}", said.all());
    assert!(
        muster
            .read("out/report.json")
            .contains("\"outcome\": \"cancelled\""),
        "{}",
        said.all()
    );
}

#[test]
fn a_gate_without_a_lock_is_inconclusive_and_with_one_it_goes() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", SUITE);
    let without = run(&muster, &target, &["--gate", "release"]);
    assert_eq!(without.code, 106, "{}", without.all());
    assert!(without.stdout.contains("muster.lock"), "{}", without.stdout);
    assert_eq!(
        muster
            .call(&["lock", "suites", "--env", &target.environment])
            .code,
        0
    );
    let with = run(&muster, &target, &["--gate", "release"]);
    assert_eq!(with.code, 0, "{}", with.all());
    assert!(with.stdout.starts_with("GO"), "{}", with.stdout);
    let part = run(&muster, &target, &["--gate", "release", "-k", "is_well"]);
    assert_eq!(part.code, 106, "{}", part.all());
    assert!(part.stdout.contains("not_selected"), "{}", part.stdout);
}

#[test]
fn a_defect_of_the_platform_is_no_go() {
    let target = Target::start(&[Defect::ShowsAnyThread]);
    let muster = Muster::new();
    let isolation = r#"muster: v1
suite: isolation
priority: P1
tests:
  - id: threads_are_private
    users: { alice: member, bob: member }
    steps:
      - http: POST /api/threads
        as: alice
        json: { title: "private ${test.nonce}" }
        status: 201
        save:
          thread: body.id
      - http: GET /api/threads/${thread}
        as: bob
        status: [403, 404]
"#;
    muster.write("suites/isolation.yaml", isolation);
    assert_eq!(
        muster
            .call(&["lock", "suites", "--env", &target.environment])
            .code,
        0
    );
    let said = run(&muster, &target, &["--gate", "release"]);
    assert_eq!(said.code, 100, "{}", said.all());
    assert!(said.stdout.starts_with("NO-GO"), "{}", said.stdout);
}

#[test]
fn ctrl_c_ends_the_run_well_and_the_rest_is_cancelled() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    let slow = FAILING.replace("    steps:\n", "    steps:\n      - wait: 50s\n");
    muster.write("suites/slow.yaml", &slow);
    let mut child = muster
        .command()
        .args([
            "run",
            "suites",
            "--env",
            &target.environment,
            "--out",
            "out",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("muster starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("takes part") {
        line.clear();
        assert!(
            stderr.read_line(&mut line).expect("a line") > 0,
            "it ended before it began"
        );
    }
    let id = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process");
    kill_process(id, Signal::INT).expect("the signal is sent");
    // Read to its end, so that the program is never held up by a full pipe.
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("talk");
    let ended = child.wait_with_output().expect("an end");
    assert_eq!(ended.status.code(), Some(105), "{rest}");
    let report = muster.read("out/report.json");
    assert!(report.contains("\"outcome\": \"cancelled\""), "{report}");
}

#[test]
fn complete_runs_only_what_was_left_and_reports_all_of_it() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    let rows: Vec<String> = (0..60)
        .map(|row| (row, if row == 0 { "perfect" } else { "healthy" }))
        .map(|(row, want)| format!("      r{row}: {{ want: {want} }}\n"))
        .collect();
    let many = FAILING
        .replace(
            "    steps:\n",
            &format!("    rows:\n{}    steps:\n", rows.concat()),
        )
        .replace("body.status == \"perfect\"", "body.status == row.want");
    muster.write("suites/many.yaml", &many);
    let first = run(&muster, &target, &["-x", "--out", "first"]);
    assert_eq!(first.code, 100, "{}", first.all());
    let before = totals(&muster, "first");
    assert!(before["cancelled"].as_u64() > Some(0), "{}", first.all());
    let second = muster.call(&["run", "--complete", "last", "--out", "second"]);
    assert_eq!(
        second.code,
        100,
        "the failure is taken over: {}",
        second.all()
    );
    let after = totals(&muster, "second");
    assert_eq!(
        (&after["passed"], &after["failed"]),
        (&59.into(), &1.into()),
        "{}",
        second.all()
    );
    let ran = second.stderr.matches("passed    ").count();
    assert_eq!(
        before["cancelled"],
        ran,
        "only what was left ran: {}",
        second.all()
    );
    let record = muster.call(&["show", "failing::expects_too_much[r0]@any"]);
    assert_eq!(record.code, 0, "{}", record.all());
    assert!(
        record.stdout.contains("GET "),
        "the earlier run's record: {}",
        record.stdout
    );
}

fn totals(muster: &Muster, out: &str) -> Value {
    let report = muster.read(&format!("{out}/report.json"));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    report["totals"].clone()
}
