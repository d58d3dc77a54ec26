//! Suites from YAML text, run by a real engine against a target of this test's own.

pub(crate) mod target;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{AttemptId, CaseId, Outcome, Region, RunId, SuiteName, TestId, WorkerId};
use engine::{Ended, Engine, EngineConfig, Job, LeaseGate, OpenGate};
use suite::{Loaded, Options, Sources};
use tokio_util::sync::CancellationToken;

pub(crate) use target::Target;

/// A gate that a test can close.
#[derive(Debug)]
pub(crate) struct TestGate(AtomicBool);

impl TestGate {
    pub(crate) fn open() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    pub(crate) fn close(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl LeaseGate for TestGate {
    fn is_open(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The environment of a target: members are created, logged in, and carry a bearer token.
pub(crate) fn environment(target: &Target) -> String {
    let port = target.port;
    environment_with(port, &format!("  - \"127.0.0.1:{port}\"\n"), "")
}

pub(crate) fn environment_with(port: u16, allow: &str, more: &str) -> String {
    format!(
        r#"muster: v1
environment: loop
services:
  api: "http://127.0.0.1:{port}"
allow:
{allow}
vars:
  limit: 3
regions: [here]
users:
  member:
    create:
      - http: POST /accounts
        json:
          email: "${{account.email}}"
          password: "${{account.password}}"
        status: 201
    login:
      - http: POST /auth/login
        json:
          email: "${{account.email}}"
          password: "${{account.password}}"
        save:
          token: body.access_token
          id: body.user.id
    attach:
      headers:
        authorization: "Bearer ${{user.token}}"
{more}"#
    )
}

/// A suite of one test called `t`; `body` stands under it, indented by four.
pub(crate) fn suite(body: &str) -> String {
    let body: String = body
        .trim_matches('\n')
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    format!("muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n{body}")
}

pub(crate) fn load(environment: &str, suite: &str) -> Loaded {
    let sources: Sources = [
        ("env.yaml", environment.as_bytes()),
        ("s.yaml", suite.as_bytes()),
    ]
    .into_iter()
    .collect();
    let options = Options {
        environment: "env.yaml".to_owned(),
        vars: Vec::new(),
    };
    match suite::load(&sources, &options) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{}", suite::render_all(&problems, &sources, false)),
    }
}

pub(crate) fn config(environment: &str, suite: &str) -> EngineConfig {
    let loaded = load(environment, suite);
    EngineConfig::new(
        loaded.environment,
        loaded.suites,
        RunId::new("run-1"),
        Region::new("here"),
        WorkerId::new("w1"),
        [7; 32],
    )
}

pub(crate) fn job(row: Option<&str>) -> Job {
    Job {
        case: CaseId::new(format!("s::t[{}]@here", row.unwrap_or_default())),
        suite: SuiteName::new("s"),
        test: TestId::new("t"),
        row: row.map(str::to_owned),
        attempt: AttemptId(1),
        retries: 0,
        prove: false,
        retries_failed: false,
    }
}

/// Runs the one test of a suite against a target.
pub(crate) async fn run(target: &Target, body: &str) -> Ended {
    run_in(&environment(target), body).await
}

pub(crate) async fn run_in(environment: &str, body: &str) -> Ended {
    let engine = Engine::new(config(environment, &suite(body))).unwrap();
    engine
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await
}

/// Asserts an outcome and what its reason begins with.
#[track_caller]
pub(crate) fn assert_ended(ended: &Ended, outcome: Outcome, reason: &str) {
    let result = &ended.result;
    let failure = ended
        .record
        .tries
        .last()
        .and_then(|last| last.failure.as_ref());
    assert_eq!(result.outcome, outcome, "{} {failure:?}", result.reason);
    assert!(result.reason.starts_with(reason), "{}", result.reason);
}

/// A port at which nothing listens: it was ours a moment ago.
pub(crate) fn unused_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
