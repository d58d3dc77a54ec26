//! One of everything that is sent or stored, encoded.

#![expect(clippy::too_many_lines, reason = "one of each kind is a list")]

use std::time::Duration;

use domain::event::{GridEvent, LegLease, RunEvent, StopCause};
use domain::message::{FromWorker, Hello, OpenAttempt, ToWorker, ToWorkerBody};
use domain::queue::{Ask, Lock};
use domain::record::{CaseResult, Preflight, Probe};
use domain::{
    AttemptId, Digest, Instant, Outcome, Plan, Region, RunId, SessionId, Term, Tier, WorkerId,
};
use prost::Message;
use proto::v1;
use suite::{Filter, Options, Sources};

use super::{ENVIRONMENT, SUITE};

/// A result as a worker sends it.
pub(crate) fn result(seq: u64) -> v1::WorkerMessage {
    wire::message::encode_from_worker(&FromWorker::Result {
        run: RunId::new("r1"),
        attempt: AttemptId(1),
        session: SessionId::default(),
        seq,
        result: Box::new(case_result("s::t@here", v1::Outcome::Passed)),
        record: record(),
    })
}

/// Made from a message, so that a new field of either has its default here.
fn case_result(case: &str, outcome: v1::Outcome) -> CaseResult {
    let message = v1::CaseResult {
        case: case.to_owned(),
        outcome: outcome.into(),
        evidence: Some(v1::Evidence {
            exchanges: 1,
            bytes_sent: 90,
            bytes_received: 120,
            checks: 1,
        }),
        duration_ns: 12_000_000,
        started_at_ms: 1_700_000_000_000,
        trace_id: Some(wire::hex::encode("4bf92f3577b34da6a3ce929d0e0e4736")),
        tries: 1,
        region: "here".to_owned(),
        worker: "w1".to_owned(),
        fingerprint: Some(wire::hex::encode("")),
        record: Some(wire::digest::encode(&wire::digest::of(b"record"))),
        ..v1::CaseResult::default()
    };
    match wire::result::decode(message) {
        Ok(result) => result,
        Err(error) => panic!("a seed is wrong: {error}"),
    }
}

fn record() -> Vec<u8> {
    let exchange = v1::Exchange {
        kind: v1::ExchangeKind::Http.into(),
        step: "steps[0]".to_owned(),
        line: 7,
        user: "nobody".to_owned(),
        method: "GET".to_owned(),
        url: "http://127.0.0.1/health".to_owned(),
        peer: "127.0.0.1:80".to_owned(),
        request_body: Some(v1::Payload::default()),
        response_body: Some(v1::Payload::default()),
        status: Some(200),
        at_ms: 0.5,
        phases: Some(v1::Phases::default()),
        span_id: Some(wire::hex::encode("00f067aa0ba902b7")),
        ..v1::Exchange::default()
    };
    let check = v1::Check {
        step: "steps[0]".to_owned(),
        line: 9,
        expression: "status == 200".to_owned(),
        held: true,
        ..v1::Check::default()
    };
    let one = v1::TryRecord {
        exchanges: vec![exchange],
        checks: vec![check],
        ..v1::TryRecord::default()
    };
    v1::CaseRecord { tries: vec![one] }.encode_to_vec()
}

/// Two cases over one region.
pub(crate) fn plan() -> Vec<u8> {
    let sources = Sources::from_iter([("env.yaml", ENVIRONMENT), ("s.yaml", SUITE)]);
    let options = Options {
        environment: "env.yaml".to_owned(),
        vars: Vec::new(),
    };
    let suites =
        suite::load(&sources, &options).map_or_else(|_| Vec::new(), |loaded| loaded.suites);
    let regions = vec![Region::new("here")];
    wire::plan::encode(&Plan {
        run: RunId::new("r1"),
        created_at_ms: 1_700_000_000_000,
        environment: "loop".to_owned(),
        environment_file: "env.yaml".to_owned(),
        caps: None,
        suites: suite::plan::suites(&suites),
        cases: suite::plan::cases(&suites, &regions, &Filter::default()),
        regions,
        gate: suite::gate_file::release().ok(),
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(60),
        max_fail: Some(1),
        completes: None,
        carried: Vec::new(),
        bundle: wire::digest::of(b"bundle"),
        made_by: "fuzz".to_owned(),
    })
}

/// One of each event that a run can have, in a legal order.
pub(crate) fn run_events() -> Vec<Vec<u8>> {
    let digest = |bytes: &[u8]| -> Digest { wire::digest::of(bytes) };
    let (here, worker) = (Region::new("here"), WorkerId::new("w1"));
    let first = case_result("s::t@any", v1::Outcome::Passed);
    let attempt = AttemptId(1);
    let preflight = Preflight {
        green: true,
        probes: vec![Probe::default()],
        fingerprint: "f".to_owned(),
    };
    [
        RunEvent::RunOpened {
            run: RunId::new("r1"),
            plan: digest(&plan()),
            bundle: digest(b"bundle"),
        },
        RunEvent::TermStarted {
            term: Term(1),
            leader: "c".to_owned(),
            format: proto::LOG_FORMAT,
        },
        RunEvent::WorkerJoined {
            worker: worker.clone(),
            region: here.clone(),
            slots: 2,
            incarnation: 1.into(),
        },
        RunEvent::RegionProbed {
            region: here.clone(),
            preflight,
        },
        RunEvent::CapsShared { sharers: 1 },
        RunEvent::ShardLeased {
            attempt,
            worker: worker.clone(),
            session: SessionId(1),
            region: here.clone(),
            cases: vec!["s::t@any".into(), "s::u@any".into()],
        },
        RunEvent::AttemptReattached {
            attempt,
            session: SessionId(2),
        },
        RunEvent::CaseSettled {
            attempt,
            seq: 1,
            result: first.clone(),
        },
        RunEvent::CaseSettled {
            attempt,
            seq: 2,
            result: case_result("s::u@any", v1::Outcome::Failed),
        },
        RunEvent::AttemptEnded {
            attempt,
            released: vec!["s::u@any".into()],
        },
        RunEvent::AttemptLost {
            attempt,
            why: "gone".to_owned(),
            blames: true,
        },
        RunEvent::ResultKept {
            attempt,
            seq: 2,
            result: first.clone(),
            why: "fenced".to_owned(),
        },
        RunEvent::ResultRejected {
            attempt,
            seq: 1,
            result: first.clone(),
            why: "differs".to_owned(),
        },
        RunEvent::ResultLate {
            attempt,
            seq: 3,
            result: first.clone(),
        },
        RunEvent::GateClosed {
            tier: Tier::P1,
            why: "red".to_owned(),
        },
        RunEvent::CaseClosed {
            case: "s::u@any".into(),
            outcome: Outcome::Lost,
            reason: "budget".to_owned(),
        },
        RunEvent::CaseCarried {
            case: "s::t@any".into(),
        },
        RunEvent::EnvironmentChanged {
            region: here.clone(),
            from: "f".to_owned(),
            to: "g".to_owned(),
        },
        RunEvent::StopRequested {
            cause: StopCause::Client,
            why: "asked".to_owned(),
        },
        RunEvent::Draining {
            why: "asked".to_owned(),
        },
        RunEvent::WorkerLeft {
            worker: worker.clone(),
            why: "done".to_owned(),
        },
        RunEvent::LegsLeased {
            case: "s::across@here+there".into(),
            legs: vec![LegLease {
                attempt: AttemptId(2),
                worker,
                session: SessionId(1),
                region: here,
            }],
        },
        RunEvent::LegSettled {
            attempt: AttemptId(2),
            seq: 1,
            result: first,
        },
    ]
    .iter()
    .map(wire::event::encode_run)
    .collect()
}

pub(crate) fn rechecked() -> Vec<Vec<u8>> {
    vec![
        (0..21).collect(),
        vec![0, 1, 2, 3, 4, 5, 7, 8, 9],
        vec![0, 1, 2, 5, 7, 10, 11, 12, 18, 15, 20],
        [&[0, 1, 0xc6], b"\x0a\x02r1ab".as_slice()].concat(),
    ]
}

fn frame_of(messages: Vec<v1::WorkerMessage>) -> Vec<u8> {
    let messages = messages.iter().map(Message::encode_to_vec).collect();
    v1::WorkerFrame { messages }.encode_to_vec()
}

pub(crate) fn worker_frames() -> Vec<Vec<u8>> {
    let hello = FromWorker::Hello(Hello {
        protocol: 1,
        worker: WorkerId::new("w1"),
        region: Region::new("here"),
        slots: 2,
        incarnation: domain::Incarnation { home: 7, number: 3 },
        stamp: Instant(99),
        version: "0.1.0".to_owned(),
        open: vec![OpenAttempt {
            run: RunId::new("r1"),
            attempt: AttemptId(1),
            next_seq: 1,
            alive: true,
        }],
    });
    let (run, attempt, session) = (RunId::new("r1"), AttemptId(1), SessionId(1));
    let all = [
        hello,
        FromWorker::Beat {
            stamp: Instant(5),
            idle_slots: 1,
        },
        FromWorker::AttemptEnd {
            run: run.clone(),
            attempt,
            session,
            last_seq: 1,
            released: vec!["s::t@here".into()],
        },
        FromWorker::Probed {
            run,
            region: Region::new("here"),
            preflight: Preflight::default(),
        },
        FromWorker::Leaving {
            why: "asked".to_owned(),
        },
        FromWorker::Goodbye {
            why: "done".to_owned(),
        },
    ];
    let mut messages: Vec<_> = all.iter().map(wire::message::encode_from_worker).collect();
    messages.push(result(u64::MAX));
    let mut seeds: Vec<_> = messages
        .iter()
        .map(|one| frame_of(vec![one.clone()]))
        .collect();
    seeds.push(frame_of(messages));
    seeds
}

pub(crate) fn coordinator_frames() -> Vec<Vec<u8>> {
    let (run, attempt, session) = (RunId::new("r1"), AttemptId(1), SessionId(1));
    let (plan, bundle) = (wire::digest::of(b"plan"), wire::digest::of(b"bundle"));
    let (why, stamp, ttl) = ("asked".to_owned(), Instant(7), Duration::from_secs(20));
    let bodies = [
        ToWorkerBody::Welcome { session },
        ToWorkerBody::Refused { why: why.clone() },
        ToWorkerBody::Later {
            after: Duration::from_millis(1_500),
            why: why.clone(),
        },
        ToWorkerBody::Probe {
            run: run.clone(),
            plan: plan.clone(),
            bundle: bundle.clone(),
            sharers: 1,
        },
        ToWorkerBody::Lease {
            run: run.clone(),
            attempt,
            session,
            plan,
            bundle,
            cases: vec!["s::t@here".into()],
            sharers: 1,
            stamp,
            ttl,
        },
        ToWorkerBody::Renew {
            stamp,
            ttl,
            attempts: vec![(run.clone(), attempt)],
        },
        ToWorkerBody::Ack {
            run: run.clone(),
            attempt,
            through: 3,
        },
        ToWorkerBody::Expect {
            run: run.clone(),
            attempt,
            seq: 2,
        },
        ToWorkerBody::Fenced {
            run: run.clone(),
            attempt,
            why: why.clone(),
        },
        ToWorkerBody::AttemptOver {
            run: run.clone(),
            attempt,
        },
        ToWorkerBody::Cancel {
            run,
            attempt,
            why: why.clone(),
        },
        ToWorkerBody::Drain { why },
    ];
    let message = |body: ToWorkerBody| {
        wire::message::encode_to_worker(&ToWorker {
            term: Term(1),
            body,
        })
    };
    let messages: Vec<_> = bodies.into_iter().map(message).collect();
    let frame = |messages| v1::CoordinatorFrame { messages }.encode_to_vec();
    let mut seeds: Vec<_> = messages
        .iter()
        .map(|one| frame(vec![one.clone()]))
        .collect();
    seeds.push(frame(messages));
    seeds
}

pub(crate) fn stored() -> Vec<Vec<u8>> {
    let of_kind = |kind: u8, bytes: Vec<u8>| [vec![kind], bytes].concat();
    let mut seeds: Vec<_> = run_events()
        .into_iter()
        .map(|bytes| of_kind(0, bytes))
        .collect();
    let (run, plan_digest) = (RunId::new("r1"), wire::digest::of(b"plan"));
    let grid = [
        GridEvent::TermStarted {
            term: Term(1),
            leader: "c".to_owned(),
            format: 1,
        },
        GridEvent::RunSubmitted {
            client_request_id: "q".to_owned(),
            run: run.clone(),
            plan: plan_digest.clone(),
            bundle: plan_digest,
            ask: Ask {
                environment: "lab".to_owned(),
                ..Ask::unnamed()
            },
        },
        GridEvent::RunAdmitted {
            run: run.clone(),
            locks: vec![Lock {
                name: "lab".to_owned(),
                exclusive: true,
            }],
            stop: Some("no need".to_owned()),
        },
        GridEvent::CapsShared {
            environment: "lab".to_owned(),
            sharers: 3,
        },
        GridEvent::RunClosed { run },
        GridEvent::Tick,
    ];
    seeds.extend(
        grid.iter()
            .map(|event| of_kind(1, wire::event::encode_grid(event))),
    );
    seeds.push(of_kind(2, plan()));
    seeds.push(of_kind(3, record()));
    let bundle = wire::Bundle {
        files: vec![("s.yaml".to_owned(), SUITE.as_bytes().to_vec())],
        environment: "env.yaml".to_owned(),
        vars: vec![("a".to_owned(), "b".to_owned())],
    };
    seeds.push(of_kind(4, wire::bundle::encode(&bundle)));
    seeds
}
