//! Tries over canned answers: no socket, so that only the walk and the judgement are tried.

use std::sync::PoisonError;

use domain::{Outcome, SuiteName, TestId};
use suite::{Options, Sources};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::engine::OpenGate;
use crate::needed;
use crate::transport::canned::CannedTransport;

const ENVIRONMENT: &str = r#"muster: v1
environment: canned
services:
  api: "https://api.test/v1"
  auth: "https://auth.test"
allow:
  - "api.test:443"
  - "auth.test:443"
regions: [here]
users:
  member:
    login:
      - http: POST auth:/login
        save:
          token: body.token
    attach:
      headers:
        authorization: "Bearer ${user.token}"
"#;

fn case(tests: &str) -> Arc<Case> {
    let suite = format!("muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n{tests}");
    let files = [
        ("env.yaml", ENVIRONMENT.as_bytes()),
        ("s.yaml", suite.as_bytes()),
    ];
    let sources: Sources = files.into_iter().collect();
    let options = Options {
        environment: "env.yaml".to_owned(),
        vars: Vec::new(),
    };
    let loaded = suite::load(&sources, &options)
        .unwrap_or_else(|problems| panic!("{}", suite::render_all(&problems, &sources, false)));
    let suite = loaded.suites[0].clone();
    assert_eq!(
        (&suite.name, &suite.tests[0].id),
        (&SuiteName::new("s"), &TestId::new("t"))
    );
    Arc::new(Case {
        id: CaseId::new("s::t@here"),
        test: Arc::new(suite.tests[0].clone()),
        users: Arc::new(needed::users(&suite.tests[0], &loaded.environment)),
        suite,
        redactor: first_redactor([1; 32], &loaded.environment),
        environment: loaded.environment,
        row: None,
        run: RunId::new("r"),
        region: Region::new("here"),
        worker: WorkerId::new("w"),
        attempt: AttemptId(3),
        number: 1,
        names: Arc::default(),
        hints: Arc::new(Hints::new(&[])),
        redaction_key: [1; 32],
    })
}

async fn try_once(case: &Arc<Case>, transport: CannedTransport) -> (EndedTry, Vec<String>) {
    let transport = Arc::new(transport);
    let cancel = Cancel {
        stop: CancellationToken::new(),
        gate: Arc::new(OpenGate),
    };
    let ended = run(case.clone(), transport.clone(), cancel).await;
    assert_eq!(evaluate(case, &ended.recording), ended.judged);
    let calls = transport
        .calls
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let lines = calls
        .iter()
        .map(|call| format!("{} {} as {}", call.method, call.url, call.user));
    (ended, lines.collect())
}

#[tokio::test]
async fn paths_belong_to_services_and_values_are_encoded() {
    let case = case(
        r#"    steps:
      - http: POST /things
        save:
          thing: body.id
      - http: GET /things/${thing}
        query: { q: "a b" }
        status: 200
      - http: GET auth:/open
        as: nobody
"#,
    );
    let transport = CannedTransport::default()
        .answer("POST /login", 200, r#"{"token":"secret-token-1"}"#)
        .answer("POST /v1/things", 201, r#"{"id":"a/b c"}"#)
        .answer("GET /v1/things/a%2Fb%20c", 200, "{}")
        .answer("GET /open", 200, "");
    let (ended, calls) = try_once(&case, transport).await;
    assert_eq!(
        ended.judged.outcome,
        Outcome::Passed,
        "{}",
        ended.judged.reason
    );
    let expected = [
        "POST https://auth.test/login as user",
        "POST https://api.test/v1/things as user",
        "GET https://api.test/v1/things/a%2Fb%20c?q=a+b as user",
        "GET https://auth.test/open as ",
    ];
    assert_eq!(calls, expected);
    assert_eq!(
        ended.judged.saved,
        [("thing".to_owned(), "\"a/b c\"".to_owned())]
    );
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_never_parsed() {
    let case = case(
        "    steps:\n      - http: GET /big\n        as: nobody\n        check:\n          - headers.size() == 0\n",
    );
    let transport = CannedTransport::default().answer("GET /v1/big", 200, r#"{"items":[1,2,3]}"#);
    let (ended, _) = try_once(&case, transport).await;
    assert_eq!(
        ended.judged.outcome,
        Outcome::Passed,
        "{}",
        ended.judged.reason
    );
    let parsed = ended
        .recording
        .observations
        .iter()
        .any(|observation| match &observation.seen {
            Seen::Exchanged(exchanged) => exchanged
                .response
                .as_ref()
                .is_some_and(crate::recording::Response::is_parsed),
            _ => false,
        });
    assert!(!parsed);
}

#[tokio::test]
async fn a_recording_that_ends_in_the_middle_is_not_judged_a_pass() {
    let case = case(
        "    steps:\n      - http: GET /a\n        as: nobody\n        status: 200\n      - http: GET /a\n        as: nobody\n        status: 200\n",
    );
    let (ended, _) = try_once(
        &case,
        CannedTransport::default().answer("GET /v1/a", 200, ""),
    )
    .await;
    assert_eq!(ended.judged.outcome, Outcome::Passed);
    let mut torn = ended.recording.clone();
    torn.observations.truncate(5);
    let judged = evaluate(&case, &torn);
    assert_eq!(judged.outcome, Outcome::Errored);
    assert!(
        judged.reason.starts_with("engine: the recording ends"),
        "{}",
        judged.reason
    );
}
