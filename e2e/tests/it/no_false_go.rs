//! What was not shown is never passed, and never GO.

use std::time::{Duration, Instant};

use anyhow::Result;
use e2e::answering::{self, Answer};
use e2e::{Muster, Platform, Report, muster};

const VACUOUS: &str = r#"muster: v1
suite: vacuous
priority: P1
tests:
  - id: no_exchange
    steps:
      - wait: 10ms
  - id: no_check
    steps:
      - http: GET /health
  - id: no_interruption
    steps:
      - websocket: /ws
        socket: chat
        track: { sequence: message.seq, per: message.run_id }
        reconnect:
          within: 10s
          backoff: 100ms
      - receive: chat
        where: 'message.data.event == "connection_established"'
"#;

#[tokio::test]
async fn a_test_that_shows_nothing_is_unproven_and_the_verdict_is_not_go() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let muster = Muster::new()?;
    muster.write("vacuous.yaml", VACUOUS)?;
    let report = run(
        &muster,
        &platform.environment().to_string_lossy(),
        "vacuous.yaml",
        106,
    )?;
    assert_eq!(report.verdict(), "INCONCLUSIVE");
    for case in report.cases() {
        assert_eq!(case["outcome"], "unproven", "{case}");
        let (test, reason) = (
            case["test"].as_str(),
            case["reason"].as_str().unwrap_or_default(),
        );
        assert!(
            test.is_some_and(|test| reason.starts_with(test)),
            "{test:?}: {reason}"
        );
    }
    assert_eq!(report.cases().len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_platform_that_is_down_skips_every_case_and_is_inconclusive() -> Result<()> {
    let mut platform = Platform::start(&[]).await?;
    platform.process.kill();
    let muster = Muster::new()?;
    let began = Instant::now();
    let report = run(
        &muster,
        &platform.environment().to_string_lossy(),
        &muster::suites().to_string_lossy(),
        106,
    )?;
    assert!(
        began.elapsed() < Duration::from_secs(15 * 60),
        "the deadline passed"
    );
    assert_eq!(report.verdict(), "INCONCLUSIVE");
    assert!(!report.cases().is_empty());
    for case in report.cases() {
        assert_eq!(case["outcome"], "skipped", "{case}");
        let reason = case["reason"].as_str().unwrap_or_default();
        assert!(reason.starts_with("env_unreachable"), "{reason}");
    }
    Ok(())
}

/// A listener that is not on the allow-list must never see a connection, however a test gets there.
#[tokio::test]
async fn a_target_off_the_allow_list_is_refused_at_connect() -> Result<()> {
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = elsewhere.local_addr()?.to_string();
    let location = format!("http://{address}/");
    let allowed = answering::serve(move |_| Answer {
        status: "302 Found".to_owned(),
        headers: vec![("location".to_owned(), location.clone())],
        body: String::new(),
    })?;
    let muster = Muster::new()?;
    let environment = ALLOWED
        .replace("ALLOWED", &allowed)
        .replace("ELSEWHERE", &address);
    muster.write("environment.yaml", &environment)?;
    muster.write("elsewhere.yaml", OFF_THE_LIST)?;
    let report = run(&muster, "environment.yaml", "elsewhere.yaml", 106)?;
    assert_eq!(report.cases().len(), 2);
    for case in report.cases() {
        assert_eq!(case["outcome"], "errored", "{case}");
        assert!(
            case["reason"]
                .as_str()
                .is_some_and(|why| why.contains("allow_list")),
            "{case}"
        );
    }
    let nobody = tokio::time::timeout(Duration::from_millis(1), elsewhere.accept()).await;
    assert!(
        nobody.is_err(),
        "somebody connected to a target that is not allowed"
    );
    Ok(())
}

const ALLOWED: &str = r#"muster: v1
environment: narrow
services: { api: "http://ALLOWED" }
allow:
  - "ALLOWED"
vars: { elsewhere: "http://ELSEWHERE" }
regions: [here]
users:
  member: {}
"#;

const OFF_THE_LIST: &str = r#"muster: v1
suite: elsewhere
priority: P1
tests:
  - id: directly
    steps:
      - http: GET ${vars.elsewhere}/
        as: nobody
        status: 200
  - id: by_redirect
    steps:
      - http: GET /
        as: nobody
        follow_redirects: true
        status: 200
"#;

fn run(muster: &Muster, environment: &str, suites: &str, code: i32) -> Result<Report> {
    let said = muster.call([
        "run",
        suites,
        "--env",
        environment,
        "--gate",
        "release",
        "--out",
        "out",
    ])?;
    assert_eq!(said.code, code, "{}", said.all());
    muster.report("out")
}
