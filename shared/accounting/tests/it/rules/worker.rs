//! Single rules of the worker.

mod hello;
mod window;

use std::time::Duration;

use accounting::worker::{
    CaseKey, Config, Input, Output, Recovered, RecoveredResult, StreamId, Worker,
};
use domain::message::{FromWorker, ToWorker, ToWorkerBody};
use domain::{AttemptId, CaseId, Digest, Instant, Outcome, RunId, SessionId, Term};

use crate::rig::result;

const STREAM: StreamId = StreamId(1);
const TTL: Duration = Duration::from_secs(12);

struct Desk {
    machine: Worker,
    now: Instant,
    out: Vec<Output>,
}

impl Desk {
    fn new(recovered: Vec<Recovered>) -> Self {
        let config = Config::new("east-1".into(), "east".into(), 2, 1.into());
        Self {
            machine: Worker::new(config, recovered),
            now: Instant(1_000_000_000),
            out: Vec::new(),
        }
    }

    /// Connected and welcomed under session 1.
    fn welcomed() -> Self {
        let mut desk = Self::new(Vec::new());
        desk.step(Input::Connected { stream: STREAM });
        desk.hear(ToWorkerBody::Welcome {
            session: SessionId(1),
        });
        desk.out.clear();
        desk
    }

    fn step(&mut self, input: Input) {
        let outputs = self.machine.step(self.now, input);
        self.out.extend(outputs);
    }

    fn hear(&mut self, body: ToWorkerBody) {
        self.hear_under(1, body);
    }

    fn hear_under(&mut self, term: u64, body: ToWorkerBody) {
        let message = Box::new(ToWorker {
            term: Term(term),
            body,
        });
        self.step(Input::FromCoordinator {
            stream: STREAM,
            message,
        });
    }

    fn lease(&mut self, attempt: u64, cases: &[&str]) {
        let stamp = self.now;
        self.lease_with(attempt, cases, stamp);
    }

    fn lease_with(&mut self, attempt: u64, cases: &[&str], stamp: Instant) {
        self.hear(ToWorkerBody::Lease {
            run: RunId::from("run"),
            attempt: AttemptId(attempt),
            session: SessionId(1),
            plan: Digest::from("plan"),
            bundle: Digest::from("bundle"),
            cases: cases.iter().map(|case| CaseId::from(*case)).collect(),
            sharers: 0,
            stamp,
            ttl: TTL,
        });
    }

    fn ended(&mut self, attempt: u64, case: &str) {
        self.step(Input::CaseEnded {
            run: RunId::from("run"),
            attempt: AttemptId(attempt),
            result: Box::new(result(&CaseId::from(case), "east-1", Outcome::Passed)),
            record: Vec::new(),
        });
    }

    fn written(&mut self, attempt: u64, seq: u64) {
        let (run, attempt) = (RunId::from("run"), AttemptId(attempt));
        self.step(Input::SpoolWritten { run, attempt, seq });
    }

    fn started(&self) -> Vec<&str> {
        let case = |output: &'_ Output| match output {
            Output::Start {
                key: CaseKey { case, .. },
                ..
            } => Some(case.clone()),
            _ => None,
        };
        let started: Vec<CaseId> = self.out.iter().filter_map(case).collect();
        ["a", "b", "c", "d"]
            .into_iter()
            .filter(|name| started.iter().any(|case| case.as_str() == *name))
            .collect()
    }

    fn said(&self) -> Vec<&FromWorker> {
        let said = self.out.iter().filter_map(|output| match output {
            Output::Send { message, .. } => Some(message),
            _ => None,
        });
        said.collect()
    }

    fn results(&self) -> Vec<u64> {
        let seq = |message: &&FromWorker| match message {
            FromWorker::Result { seq, .. } => Some(*seq),
            _ => None,
        };
        self.said().iter().filter_map(seq).collect()
    }

    fn end(&self) -> Option<(u64, Vec<String>)> {
        self.said().into_iter().find_map(|message| match message {
            FromWorker::AttemptEnd {
                last_seq, released, ..
            } => Some((*last_seq, released.iter().map(CaseId::to_string).collect())),
            _ => None,
        })
    }

    fn has(&self, wanted: impl Fn(&Output) -> bool) -> bool {
        self.out.iter().any(wanted)
    }
}

#[test]
fn cases_start_on_idle_slots_and_no_more() {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a", "b", "c"]);
    assert_eq!(desk.started(), ["a", "b"]);
    desk.ended(1, "a");
    assert_eq!(desk.started(), ["a", "b", "c"]);
}

#[test]
fn a_result_is_sent_once_it_is_in_the_spool() {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a", "b"]);
    desk.ended(1, "a");
    assert_eq!(desk.results(), Vec::<u64>::new());
    desk.written(1, 1);
    assert_eq!(desk.results(), [1]);
}

#[test]
fn results_are_sent_again_until_they_are_acknowledged() {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a", "b"]);
    desk.ended(1, "a");
    desk.written(1, 1);
    desk.step(Input::Disconnected { stream: STREAM });
    desk.out.clear();
    desk.step(Input::Connected { stream: STREAM });
    assert!(matches!(desk.said()[..], [FromWorker::Hello(hello)] if hello.open.len() == 1));
    desk.hear(ToWorkerBody::Welcome {
        session: SessionId(2),
    });
    assert_eq!(
        desk.results(),
        Vec::<u64>::new(),
        "the coordinator says first where it stands"
    );
    let (run, attempt) = (RunId::from("run"), AttemptId(1));
    desk.hear(ToWorkerBody::Expect {
        run: run.clone(),
        attempt,
        seq: 1,
    });
    assert_eq!(desk.results(), [1]);
    desk.hear(ToWorkerBody::Ack {
        run,
        attempt,
        through: 1,
    });
    assert_eq!(desk.machine.n_unacked(), 0);
    assert!(desk.has(|output| matches!(output, Output::Unspool { through: 1, .. })));
}

#[test]
fn the_lease_counts_from_the_stamp_and_ends_by_itself() {
    let mut desk = Desk::welcomed();
    let stamp = desk.now;
    desk.now = desk.now + Duration::from_secs(5);
    desk.lease_with(1, &["a", "b", "c"], stamp);
    let until = stamp + TTL;
    assert!(
        desk.has(|output| matches!(output, Output::OpenGate { until: at, .. } if *at == until))
    );
    desk.now = stamp + TTL;
    desk.step(Input::Wake);
    assert!(desk.has(|output| matches!(output, Output::CloseGate { .. })));
    let aborts = desk
        .out
        .iter()
        .filter(|output| matches!(output, Output::Abort { .. }));
    assert_eq!(aborts.count(), 2);
    desk.ended(1, "a");
    desk.ended(1, "b");
    assert_eq!(
        desk.results(),
        Vec::<u64>::new(),
        "what was aborted is not counted"
    );
    assert_eq!(
        desk.end(),
        Some((0, vec!["c".to_owned()])),
        "what never started is given back"
    );
}

#[test]
fn a_renewal_prolongs_what_it_lists() {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a"]);
    desk.lease(2, &["b"]);
    let stamp = desk.now + Duration::from_secs(5);
    desk.now = desk.now + Duration::from_secs(6);
    desk.hear(ToWorkerBody::Renew {
        stamp,
        ttl: TTL,
        attempts: vec![(RunId::from("run"), AttemptId(1))],
    });
    desk.now = desk.now + Duration::from_secs(7);
    desk.out.clear();
    desk.step(Input::Wake);
    let closed = |attempt| move |output: &Output| matches!(output, Output::CloseGate { attempt: of, .. } if of.0 == attempt);
    assert!(desk.has(closed(2)) && !desk.has(closed(1)));
}

#[test]
fn a_lease_that_ran_out_on_its_way_starts_nothing() {
    let mut desk = Desk::welcomed();
    let stamp = desk.now;
    desk.now = desk.now + TTL;
    desk.lease_with(1, &["a"], stamp);
    assert_eq!(desk.started(), Vec::<&str>::new());
    assert_eq!(desk.end(), Some((0, vec!["a".to_owned()])));
}

#[test]
fn a_deposed_coordinator_is_not_heard() {
    let mut desk = Desk::welcomed();
    desk.hear_under(
        3,
        ToWorkerBody::Welcome {
            session: SessionId(1),
        },
    );
    desk.out.clear();
    desk.lease(1, &["a"]);
    assert_eq!(desk.started(), Vec::<&str>::new());
    assert!(desk.has(|output| matches!(output, Output::Close { .. })));
}

#[test]
fn a_fenced_attempt_stops_and_delivers_what_it_has() {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a", "b"]);
    desk.ended(1, "a");
    let (run, attempt, why) = (RunId::from("run"), AttemptId(1), String::new());
    desk.hear(ToWorkerBody::Fenced {
        run: run.clone(),
        attempt,
        why,
    });
    desk.written(1, 1);
    desk.ended(1, "b");
    assert_eq!(
        (desk.results(), desk.end()),
        (vec![1], Some((1, Vec::new())))
    );
    desk.hear(ToWorkerBody::AttemptOver { run, attempt });
    assert!(desk.has(|output| matches!(output, Output::Forget { .. })));
    assert_eq!(desk.machine.n_unacked(), 0);
}

#[test]
fn a_leaving_worker_finishes_what_runs_and_gives_back_the_rest() {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a", "b", "c"]);
    desk.step(Input::Leave {
        why: "SIGTERM".to_owned(),
    });
    assert!(matches!(desk.said()[..], [FromWorker::Leaving { .. }]));
    for (seq, case) in [(1, "a"), (2, "b")] {
        desk.ended(1, case);
        desk.written(1, seq);
    }
    assert_eq!(desk.end(), Some((2, vec!["c".to_owned()])));
    let (run, attempt) = (RunId::from("run"), AttemptId(1));
    desk.hear(ToWorkerBody::AttemptOver { run, attempt });
    assert!(matches!(
        desk.said().last(),
        Some(FromWorker::Goodbye { .. })
    ));
    assert!(desk.has(|output| *output == Output::Done));
}

#[test]
fn what_an_earlier_incarnation_left_is_delivered() {
    let kept = RecoveredResult {
        seq: 2,
        result: result(&CaseId::from("a"), "east-1", Outcome::Failed),
        record: Vec::new(),
    };
    let (run, attempt) = (RunId::from("run"), AttemptId(7));
    let recovered = Recovered {
        run: run.clone(),
        attempt,
        results: vec![kept],
    };
    let mut desk = Desk::new(vec![recovered]);
    desk.step(Input::Connected { stream: STREAM });
    assert!(
        matches!(desk.said()[..], [FromWorker::Hello(hello)] if !hello.open[0].alive && hello.open[0].next_seq == 2)
    );
    desk.hear(ToWorkerBody::Welcome {
        session: SessionId(1),
    });
    desk.hear(ToWorkerBody::Expect {
        run,
        attempt,
        seq: 2,
    });
    assert_eq!(
        (desk.results(), desk.end()),
        (vec![2], Some((2, Vec::new())))
    );
}

#[test]
fn a_hole_in_the_spool_is_said_and_given_up() {
    let kept = RecoveredResult {
        seq: 5,
        result: result(&CaseId::from("a"), "east-1", Outcome::Passed),
        record: Vec::new(),
    };
    let (run, attempt) = (RunId::from("run"), AttemptId(7));
    let recovered = Recovered {
        run: run.clone(),
        attempt,
        results: vec![kept],
    };
    let mut desk = Desk::new(vec![recovered]);
    desk.step(Input::Connected { stream: STREAM });
    desk.hear(ToWorkerBody::Welcome {
        session: SessionId(1),
    });
    desk.hear(ToWorkerBody::Expect {
        run,
        attempt,
        seq: 3,
    });
    assert_eq!(
        (desk.results(), desk.end()),
        (Vec::new(), Some((2, Vec::new())))
    );
    assert!(desk.has(|output| matches!(output, Output::Note(text) if text.contains("hole"))));
}

#[test]
fn a_full_spool_starts_nothing() {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a", "b", "c"]);
    desk.step(Input::CaseEnded {
        run: RunId::from("run"),
        attempt: AttemptId(1),
        result: Box::new(result(&CaseId::from("a"), "east-1", Outcome::Passed)),
        record: vec![0; 65 << 20],
    });
    assert_eq!(desk.started(), ["a", "b"]);
    let (run, attempt) = (RunId::from("run"), AttemptId(1));
    desk.hear(ToWorkerBody::Ack {
        run,
        attempt,
        through: 1,
    });
    assert_eq!(desk.started(), ["a", "b", "c"]);
}
