//! How much a worker has under way.

use accounting::worker::Input;
use domain::message::{FromWorker, ToWorkerBody};
use domain::{AttemptId, CaseId, Outcome, RunId};

use crate::rig::result;
use crate::rules::worker::Desk;

const LARGE: usize = 3 << 20;

/// Two attempts, each with one result of three quarters of the window; that of the second was first.
fn with_two_large_results() -> Desk {
    let mut desk = Desk::welcomed();
    desk.lease(1, &["a"]);
    desk.lease(2, &["b"]);
    for (attempt, case) in [(2, "b"), (1, "a")] {
        desk.step(Input::CaseEnded {
            run: RunId::from("run"),
            attempt: AttemptId(attempt),
            result: Box::new(result(&CaseId::from(case), "east-1", Outcome::Passed)),
            record: vec![0; LARGE],
        });
        desk.written(attempt, 1);
    }
    desk
}

/// The attempts of the results that were sent.
fn sent(desk: &Desk) -> Vec<u64> {
    let of = |message: &FromWorker| match message {
        FromWorker::Result { attempt, .. } => Some(attempt.0),
        _ => None,
    };
    desk.said().into_iter().filter_map(of).collect()
}

fn of_second(body: fn(RunId, AttemptId) -> ToWorkerBody) -> ToWorkerBody {
    body(RunId::from("run"), AttemptId(2))
}

#[test]
fn the_window_is_one_for_all_attempts() {
    let mut desk = with_two_large_results();
    assert_eq!(sent(&desk), [2], "the other waits for room");
    desk.hear(of_second(|run, attempt| ToWorkerBody::Ack {
        run,
        attempt,
        through: 1,
    }));
    assert_eq!(sent(&desk), [2, 1]);
}

#[test]
fn what_is_asked_for_again_makes_no_room_for_more() {
    let mut desk = with_two_large_results();
    desk.hear(of_second(|run, attempt| ToWorkerBody::Expect {
        run,
        attempt,
        seq: 1,
    }));
    assert_eq!(sent(&desk), [2, 2]);
}
