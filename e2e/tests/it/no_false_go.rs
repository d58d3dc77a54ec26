//! What was not shown is never passed, and never GO.

use std::time::{Duration, Instant};

use anyhow::Result;
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
    let report = run(&muster, &platform, "vacuous.yaml", 106)?;
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
    let report = run(&muster, &platform, &muster::suites().to_string_lossy(), 106)?;
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

/// The environment file allows the platform's own two addresses and nothing else.
#[tokio::test]
async fn a_target_off_the_allow_list_is_refused_at_connect() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let elsewhere = listener.local_addr()?;
    let muster = Muster::new()?;
    let suite = OFF_THE_LIST.replace("ELSEWHERE", &elsewhere.to_string());
    muster.write("elsewhere.yaml", &suite)?;
    let report = run(&muster, &platform, "elsewhere.yaml", 106)?;
    for case in report.cases() {
        assert_eq!(case["outcome"], "errored", "{case}");
        assert!(
            case["reason"]
                .as_str()
                .is_some_and(|why| why.contains("allow_list")),
            "{case}"
        );
    }
    let nobody = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(
        nobody.is_err(),
        "somebody connected to a target that is not allowed"
    );
    Ok(())
}

const OFF_THE_LIST: &str = r#"muster: v1
suite: elsewhere
priority: P1
tests:
  - id: directly
    steps:
      - http: GET http://ELSEWHERE/
        status: 200
"#;

fn run(muster: &Muster, platform: &Platform, suites: &str, code: i32) -> Result<Report> {
    let environment = platform.environment();
    let environment = environment.to_string_lossy();
    let said = muster.call([
        "run",
        suites,
        "--env",
        &environment,
        "--gate",
        "release",
        "--out",
        "out",
    ])?;
    assert_eq!(said.code, code, "{}", said.all());
    muster.report("out")
}
