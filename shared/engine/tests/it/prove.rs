//! Checks that can fail are told from those that can't, over a recording of a real target.

use std::sync::Arc;

use domain::record::CaseProof;
use engine::case::Case;
use engine::judge::Judged;
use engine::prove::{Limits, NotProvable, Proof, prove};
use engine::recording::Recording;
use engine::{Engine, OpenGate};
use suite::Sources;
use tokio_util::sync::CancellationToken;

use crate::support::{Target, config, environment, job, suite};

mod lists;

use lists::{Listed, Who, listed};

type Recorded = (Arc<Case>, Recording, Judged);

async fn recorded(target: &Target, suite: &str) -> Recorded {
    let engine = Engine::new(config(&environment(target), suite)).unwrap();
    let job = job(None);
    let recorded = engine.record_case(&job, Arc::new(OpenGate), CancellationToken::new());
    recorded.await.unwrap()
}

async fn proven(target: &Target, body: &str) -> Result<Proof, NotProvable> {
    let (case, recording, judged) = recorded(target, &suite(body)).await;
    proof_of(&case, &recording, &judged)
}

fn proof_of(
    case: &Arc<Case>,
    recording: &Recording,
    judged: &Judged,
) -> Result<Proof, NotProvable> {
    let stop = CancellationToken::new();
    prove(case, recording, judged, Limits::default(), &stop)
}

/// The expressions that nothing made false.
fn unproven(proof: &Proof) -> Vec<&str> {
    proof
        .checks
        .iter()
        .filter(|(_, tried)| tried.falsified_by.is_none())
        .map(|(written, _)| written.expression.as_str())
        .collect()
}

/// A test that asks for a document, keeps a name of it, and checks both.
fn asking<'l>(checks: impl IntoIterator<Item = &'l Listed>) -> String {
    let (mut of_answer, mut of_saved) = (String::new(), String::new());
    for one in checks {
        let line = format!("      - '{}'\n", one.check.replace('\'', "''"));
        if one.is_of_saved {
            of_saved += &line;
        } else {
            of_answer += &line;
        }
    }
    format!(
        r#"
timeout: 60s
steps:
  - http: POST /echo/first
    json: {{ name: anna, count: 3, ratio: 0.5, ok: true, none: null, at: "2026-11-22T10:00:00Z",
            items: [{{ id: a, n: 1 }}, {{ id: b, n: 2 }}], tags: [x, y], owner: {{ id: u1 }} }}
    status: 200
    save: {{ kept: body.json.name, sent: test.nonce }}
    check:
      - body.json.name != "nobody at all"
{of_answer}  - http: POST /echo/second
    json: {{ name: otto, nonce: "${{test.nonce}}" }}
    check:
      - body.json.name != "nobody either"
{of_saved}"#
    )
}

/// Whether `check` alone finds fault with a line.
fn is_refused(environment: &str, one: &Listed) -> bool {
    let suite = suite(&asking([one]));
    let files = [
        ("env.yaml", environment.as_bytes()),
        ("s.yaml", suite.as_bytes()),
    ];
    let sources: Sources = files.into_iter().collect();
    !suite::check(&sources).is_empty()
}

/// One table, two routines: `check` reads the file, `prove` alters what was received.
#[tokio::test]
async fn fifty_checks_that_can_not_fail_are_found_and_fifty_good_ones_are_not() {
    let listed = listed();
    let is_good = |one: &&Listed| one.who == Who::Nobody;
    assert!(listed.iter().filter(|one| !is_good(one)).count() >= 50);
    assert!(listed.iter().filter(is_good).count() >= 50);
    let target = Target::start().await;
    let environment = environment(&target);
    let found_by = |one: &Listed, unmoved: &[String]| match is_refused(&environment, one) {
        true => Who::Check,
        false if unmoved.iter().any(|check| check == one.check) => Who::Prove,
        false => Who::Nobody,
    };

    let mut unmoved: Vec<String> = Vec::new();
    for who in [Who::Prove, Who::Nobody] {
        let some = listed.iter().filter(|one| one.who == who);
        let proof = proven(&target, &asking(some)).await.unwrap();
        assert!(proof.is_complete);
        unmoved.extend(unproven(&proof).into_iter().map(str::to_owned));
    }
    let wrong: Vec<String> = listed
        .iter()
        .map(|one| (one, found_by(one, &unmoved)))
        .filter(|(one, who)| one.who != *who)
        .map(|(one, who)| format!("{:?} and not {who:?} finds {}", one.who, one.check))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(listed.iter().any(|one| one.who == Who::Prove));
}

#[tokio::test]
async fn the_same_recording_gives_the_same_proof() {
    let target = Target::start().await;
    let listed = listed();
    let body = asking(listed.iter().filter(|one| one.who == Who::Nobody).take(5));
    let (case, recording, judged) = recorded(&target, &suite(&body)).await;
    let requests = target.seen("").len();
    let once = proof_of(&case, &recording, &judged);
    let twice = proof_of(&case, &recording, &judged);
    assert_eq!(once, twice);
    assert_eq!(target.seen("").len(), requests, "nothing more was sent");
}

#[tokio::test]
async fn each_kind_of_expectation_can_fail() {
    let target = Target::start().await;
    let body = r#"
steps:
  - http: GET /status/404
    status: 404
  - stream: POST /events
    into: pieces
    check:
      - pieces.map(p, p.json.delta) == ["0", "1", "2"]
      - pieces.all(p, p.kind == "part")
  - websocket: /runs/whole
    socket: chat
    status: 101
    track: { sequence: message.seq }
  - send: chat
    json: { type: run }
  - receive: chat
    where: message.seq == 1
  - collect: chat
    into: events
    where: has(message.run_id)
    until: message.type == "done"
    grammar: run
    check:
      - events.size() == 5
  - silence: chat
    where: message.type == "error"
    for: 50ms
after:
  - http: GET /health
    check:
      - body.status == "ok"
expect:
  - chat.lost == 0
  - chat.duplicated == 0
  - chat.out_of_order == 0
"#;
    let text = suite(body).replacen(
        "tests:\n",
        "grammars:\n  run:\n    event: message.type\n    order: part* done\ntests:\n",
        1,
    );
    let (case, recording, judged) = recorded(&target, &text).await;
    let proof = proof_of(&case, &recording, &judged).unwrap();
    assert_eq!(unproven(&proof), Vec::<&str>::new());
    assert_eq!(proof.checks.len(), 13, "{:?}", proof.checks.keys());
}

#[tokio::test]
async fn what_would_be_sent_otherwise_is_not_guessed() {
    let target = Target::start().await;
    let body = r#"
steps:
  - http: POST /echo
    json: { name: anna }
    save: { kept: body.json.name }
  - http: POST /echo/${kept}
    check:
      - hex(sha256(kept)).size() == 128
      - body.method == "POST"
"#;
    let proof = proven(&target, body).await.unwrap();
    assert_eq!(unproven(&proof), ["hex(sha256(kept)).size() == 128"]);
    let tried = proof
        .checks
        .iter()
        .find(|(written, _)| written.expression == "hex(sha256(kept)).size() == 128")
        .map(|(_, tried)| tried)
        .unwrap();
    assert!(tried.not_replayable > 0, "{tried:?}");
}

#[tokio::test]
async fn a_check_that_was_never_reached_is_not_proven() {
    let target = Target::start().await;
    let body = r#"
steps:
  - http: GET /health
    save: { state: body.status }
    check:
      - body.status == "ok"
  - when: state == "down"
    steps:
      - http: GET /health
        check:
          - body.version == 4
"#;
    let proof = proven(&target, body).await.unwrap();
    assert_eq!(unproven(&proof), ["body.version == 4"]);
}

#[tokio::test]
async fn nothing_is_known_of_a_test_that_does_not_pass() {
    let target = Target::start().await;
    let body = "\nsteps:\n  - http: GET /health\n    check:\n      - body.version == 4\n";
    let why = proven(&target, body).await.unwrap_err();
    assert!(matches!(why, NotProvable::NotPassed { .. }), "{why}");
}

/// What the result of a case says of its checks, when it is asked for and when not.
async fn proof_in_result(body: &str, prove: bool) -> Option<CaseProof> {
    let target = Target::start().await;
    let engine = Engine::new(config(&environment(&target), &suite(body))).unwrap();
    let job = engine::Job { prove, ..job(None) };
    let ended = engine.run_case(job, Arc::new(OpenGate), CancellationToken::new());
    let ended = ended.await;
    assert_eq!(target.seen("GET /echo").len(), 1, "a proof sends nothing");
    ended.result.proof
}

const HALF_VACUOUS: &str = r#"
steps:
  - http: GET /echo/first
    check:
      - body.method == "GET"
      - body.method.size() < 1000000
"#;

#[tokio::test]
async fn a_result_says_which_checks_can_fail_when_it_is_asked_to() {
    let proof = proof_in_result(HALF_VACUOUS, true).await;
    let Some(CaseProof::Known {
        checks,
        is_complete: true,
    }) = proof
    else {
        panic!("{proof:?}");
    };
    let told: Vec<_> = checks
        .iter()
        .map(|check| (check.expression.as_str(), check.can_fail))
        .collect();
    let expected = [
        ("body.method == \"GET\"", true),
        ("body.method.size() < 1000000", false),
    ];
    assert_eq!(told, expected);
    assert_eq!(proof_in_result(HALF_VACUOUS, false).await, None);
}

#[tokio::test]
async fn nothing_is_said_of_the_checks_of_a_case_that_did_not_pass() {
    let failing = HALF_VACUOUS.replace("\"GET\"", "\"PUT\"");
    assert_eq!(proof_in_result(&failing, true).await, None);
}

#[tokio::test]
async fn a_proof_that_is_stopped_is_not_complete() {
    let target = Target::start().await;
    let (case, recording, judged) = recorded(&target, &suite(HALF_VACUOUS)).await;
    let stop = CancellationToken::new();
    stop.cancel();
    let proof = prove(&case, &recording, &judged, Limits::default(), &stop).unwrap();
    assert_eq!((proof.is_complete, proof.mutations), (false, 0));
    assert_eq!(unproven(&proof).len(), 2);
}
