//! A run that was handed in and left: its report is fetched later, and lists stay short.

use serde_json::Value;

use crate::muster::{Muster, Said};
use crate::platform::Target;
use crate::separate::{coordinator, worker};

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
"#;

fn hand_in(muster: &Muster, target: &Target, grid: &str, more: &[&str]) -> String {
    let words = [
        "run",
        "suites",
        "--env",
        &target.environment,
        "--regions",
        "here",
        "--grid",
        grid,
        "--detach",
    ];
    let said = muster.call(&[&words, more].concat());
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stderr.contains("muster report"),
        "it says how to go on: {}",
        said.stderr
    );
    said.stdout.trim().to_owned()
}

/// Asks for the report until the run has its verdict; a run of one request gets it by itself.
fn report(muster: &Muster, run: &str, grid: &[&str]) -> (Said, Value) {
    loop {
        let said = muster.call(&[&["report", run, "--format", "json"], grid].concat());
        // While it waits there is none.
        if said.code == 4 && said.stderr.contains("has not begun") {
            continue;
        }
        assert_eq!(said.code, 0, "{}", said.all());
        let report: Value = serde_json::from_str(&said.stdout).expect("a report");
        if report["verdict"] != "undecided" {
            return (said, report);
        }
        assert!(said.stderr.contains("goes on"), "{}", said.all());
    }
}

#[test]
fn the_report_of_a_detached_run_is_fetched_later_and_the_run_is_here_then() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", SUITE);
    let (_coordinator, address) = coordinator(&muster, &[]);
    let worker = worker(&muster, &address, &[]);
    let run = hand_in(&muster, &target, &address, &[]);
    assert_eq!(muster.call(&["report", &run]).code, 2, "it is not here");

    let (_, fetched) = report(&muster, &run, &["--grid", &address]);
    assert_eq!(fetched["run_id"], run.as_str());
    assert_eq!(
        (&fetched["verdict"], &fetched["totals"]["passed"]),
        (&"PASSED".into(), &1.into())
    );
    for words in [
        vec!["report", &run],
        vec!["show", &run, "is_well"],
        vec!["log", "verify", &run],
    ] {
        let said = muster.call(&words);
        assert_eq!(said.code, 0, "{}", said.all());
    }

    // Another machine, which only knows the grid: the newest run, and one by the beginning of its id.
    let other = Muster::new();
    other.write("muster.yaml", &format!("muster: v1\ngrid: {address}\n"));
    let newest = other.call(&["report", "--grid", &address]);
    assert_eq!(newest.code, 0, "{}", newest.all());
    assert!(newest.stdout.contains("PASSED"), "{}", newest.all());
    let third = Muster::new();
    third.write("muster.yaml", &format!("muster: v1\ngrid: {address}\n"));
    let (_, by_settings) = report(&third, &run[..run.len() - 1], &[]);
    assert_eq!(by_settings, fetched);
    let unknown = third.call(&["report", "no-such-run"]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
    assert!(unknown.stderr.contains(&address), "{}", unknown.all());

    let second = hand_in(&muster, &target, &address, &[]);
    report(&muster, &second, &["--grid", &address]);
    lists_are_short(&muster, &address, [&run, &second]);
    // All that the coordinator has, beside it.
    let verified = muster.call(&["log", "verify", "grid"]);
    assert_eq!(verified.code, 0, "{}", verified.all());
    assert!(
        verified.stdout.contains("whole    grid log"),
        "{}",
        verified.all()
    );
    for id in [&run, &second] {
        let whole = format!("whole    run {id} (grid/runs/{id}/run.log)");
        assert!(verified.stdout.contains(&whole), "{}", verified.all());
    }

    // Nobody takes it up, so it goes on: what is known so far is said.
    drop(worker);
    let open = hand_in(&muster, &target, &address, &["--deadline", "10m"]);
    let said = muster.call(&["report", &open, "--grid", &address, "--format", "json"]);
    let is_waiting = said.code == 4 && said.stderr.contains("has not begun");
    let is_open = said.code == 0 && said.stderr.contains("0 of 1 cases have ended");
    assert!(is_waiting || is_open, "{}", said.all());
}

fn lists_are_short(muster: &Muster, address: &str, [older, newer]: [&str; 2]) {
    for place in [vec![], vec!["--grid", address]] {
        // Closed a moment after its verdict.
        let one = loop {
            let said = muster.call(&[&["runs", "--limit", "1"], place.as_slice()].concat());
            assert_eq!(said.code, 0, "{}", said.all());
            if said.stderr.contains("and 1 older") {
                break said;
            }
        };
        assert!(
            one.stdout.contains(newer) && !one.stdout.contains(older),
            "{}",
            one.all()
        );
        let all = muster.call(&[&["runs", "--all"], place.as_slice()].concat());
        assert!(
            all.stdout.contains(newer) && all.stdout.contains(older),
            "{}",
            all.all()
        );
        assert!(!all.stderr.contains("older"), "{}", all.all());
    }
}
