//! A gate that asks how many checks can fail: too few of them are never GO, and finding that out
//! costs the target nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use e2e::answering::{self, Answer};
use e2e::muster::Said;
use e2e::{Muster, Report};
use serde_json::{Value, json};

const GATE: &str = r#"muster: v1
gate: strict
tiers:
  P1: { failed: 0 }
proven_checks: ">= 95%"
"#;

const ENVIRONMENT: &str = r#"muster: v1
environment: narrow
services: { api: "http://ALLOWED" }
allow:
  - "ALLOWED"
regions: [here, there]
users:
  member: {}
"#;

const SUITE: &str = r#"muster: v1
suite: narrow
priority: P1
defaults: { regions: all }
tests:
  - id: sound
    steps:
      - http: GET /health
        as: nobody
        status: 200
        check:
          - body.service == "narrow"
  - id: other
    steps:
      - http: GET /health
        as: nobody
        check:
          - body.service == "narrow"
"#;

/// It reads what was received, and no answer that anybody thinks of makes it false.
const VACUOUS: &str = "text.size() < 1000000000";

/// A target, a suite, a gate, and what was asked of the target.
struct Bench {
    muster: Muster,
    asked: Arc<AtomicU64>,
}

impl Bench {
    fn with(suite: &str, gate: &str) -> Result<Self> {
        let asked = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&asked);
        let address = answering::serve(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Answer {
                status: "200 OK".to_owned(),
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: r#"{"service": "narrow"}"#.to_owned(),
            }
        })?;
        let muster = Muster::new()?;
        muster.write(
            "environment.yaml",
            &ENVIRONMENT.replace("ALLOWED", &address),
        )?;
        muster.write("suites/narrow.yaml", suite)?;
        muster.write("gates/strict.yaml", gate)?;
        let said = muster.call(["lock", "suites", "--env", "environment.yaml"])?;
        assert_eq!(said.code, 0, "{}", said.all());
        Ok(Self { muster, asked })
    }

    fn call(&self, verb: &str, more: &[&str]) -> Result<Said> {
        let words = ["suites", "--env", "environment.yaml", "--gate", "strict"];
        self.muster
            .call([verb].into_iter().chain(words).chain(more.iter().copied()))
    }

    fn run(&self, code: i32) -> Result<(Said, Report)> {
        let said = self.call("run", &["--out", "out"])?;
        assert_eq!(said.code, code, "{}", said.all());
        let report = self.muster.report("out")?;
        Ok((said, report))
    }
}

#[test]
fn checks_that_can_fail_let_a_go_through_and_stand_on_the_first_page() -> Result<()> {
    let bench = Bench::with(SUITE, GATE)?;
    let (said, report) = bench.run(0)?;
    assert_eq!(report.verdict(), "GO", "{}", report.reasons());
    let line = "3 of 3 checks can fail (100 %), at least 95 % are asked";
    assert!(said.stdout.contains(line), "{}", said.all());
    for page in ["out/report.md", "out/report.html"] {
        let text = std::fs::read_to_string(bench.muster.path(page))?;
        assert!(text.contains(line), "{page}: {text}");
    }
    assert_eq!(report.0["proven_checks"]["is_enough"], true);

    let asked = bench.asked.load(Ordering::Relaxed);
    let unasked = Bench::with(SUITE, &without_the_key())?;
    let (said, report) = unasked.run(0)?;
    assert!(!said.stdout.contains("can fail"), "{}", said.all());
    assert_eq!(report.0["proven_checks"], Value::Null);
    let without = unasked.asked.load(Ordering::Relaxed);
    assert_eq!(asked, without, "a proof asks the target for nothing");
    Ok(())
}

#[test]
fn a_vacuous_check_under_such_a_gate_is_inconclusive_and_named() -> Result<()> {
    let good = "- body.service == \"narrow\"\n  - id: other";
    let vacuous = format!("- {VACUOUS}\n  - id: other");
    let bench = Bench::with(&SUITE.replace(good, &vacuous), GATE)?;
    let (_, report) = bench.run(106)?;
    assert_eq!(report.verdict(), "INCONCLUSIVE");
    let reasons = report.reasons();
    assert!(
        reasons.contains("2 of 3 checks can fail (66.6 %)"),
        "{reasons}"
    );
    assert!(
        reasons.contains(VACUOUS) && reasons.contains("narrow.yaml:12"),
        "{reasons}"
    );
    let tests = report.0["proven_checks"]["tests"].as_array();
    let survivors = &tests.context("no tests")?[0]["survivors"];
    assert_eq!(*survivors, json!([{ "line": 12, "expression": VACUOUS }]));

    // The same bytes give the same page, and a gate without the key says GO to the same suite.
    let again = bench.muster.call(["report", "--format", "json"])?;
    let again: Value = serde_json::from_str(&again.stdout)?;
    assert_eq!(again["proven_checks"], report.0["proven_checks"]);
    bench
        .muster
        .write("gates/strict.yaml", &without_the_key())?;
    let (_, report) = bench.run(0)?;
    assert_eq!(report.verdict(), "GO");
    Ok(())
}

#[test]
fn prove_holds_the_suites_to_what_their_gate_asks() -> Result<()> {
    let vacuous = SUITE.replace("status: 200", &format!("check: [{VACUOUS:?}]"));
    let vacuous = vacuous.replace(
        "        check:\n          - body.service == \"narrow\"\n  - id: other",
        "  - id: other",
    );
    let bench = Bench::with(&vacuous, GATE)?;
    let said = bench.call("prove", &[])?;
    assert_eq!(said.code, 100, "{}", said.all());
    let half = GATE.replace("95", "50");
    bench.muster.write("gates/strict.yaml", &half)?;
    let said = bench.call("prove", &[])?;
    assert_eq!(said.code, 0, "{}", said.all());
    let said = bench.call("prove", &["--min", "60%"])?;
    assert_eq!(said.code, 100, "{}", said.all());
    Ok(())
}

fn without_the_key() -> String {
    let lines = GATE
        .lines()
        .filter(|line| !line.starts_with("proven_checks"));
    lines.map(|line| format!("{line}\n")).collect()
}
