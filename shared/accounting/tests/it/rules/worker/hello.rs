//! A worker's first word: what it must say to be let in.

use domain::Region;
use domain::WorkerId;
use domain::message::{FromWorker, Hello, PROTOCOL, ToWorkerBody};

use crate::rig::{Rig, plan};

fn hello(protocol: u32, slots: u32) -> FromWorker {
    FromWorker::Hello(Hello {
        protocol,
        worker: WorkerId::from("east-1"),
        region: Region::from("east"),
        slots,
        incarnation: 1.into(),
        stamp: domain::Instant::ZERO,
        version: String::new(),
        open: Vec::new(),
    })
}

/// Refused, with the reason; the stream ends and no work goes there.
fn refused(message: FromWorker) -> String {
    let (mut rig, plan) = (Rig::new(), plan("run", &[("a", "east")]));
    rig.submit(&plan);
    rig.say(1, message);
    let sent = rig.sent(1);
    assert_eq!(rig.closed_streams, [1]);
    match &sent[..] {
        [ToWorkerBody::Refused { why }] => why.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_protocol_is_refused_with_the_one_that_is_spoken() {
    for protocol in [0, PROTOCOL + 1, 999, u32::MAX] {
        let why = refused(hello(protocol, 2));
        let expected = format!(
            "protocol {protocol} is not spoken here, only {PROTOCOL}: use the same version of muster"
        );
        assert_eq!(why, expected);
    }
}

/// Who is let in is welcomed; the others are told when to come, and their stream ends.
#[test]
fn workers_beyond_so_many_in_a_second_are_told_when_to_come() {
    let mut rig = Rig::of(|config| config.hellos_per_second = 2);
    for stream in 1..=4 {
        rig.hello(stream, &format!("east-{stream}"), 1, &[]);
    }
    let is_welcome = |body: &ToWorkerBody| matches!(body, ToWorkerBody::Welcome { .. });
    for stream in [1, 2] {
        assert!(rig.seen(stream).iter().any(is_welcome), "{stream}");
    }
    let later = |ms| {
        let after = std::time::Duration::from_millis(ms);
        [ToWorkerBody::Later {
            after,
            why: String::new(),
        }]
    };
    assert_eq!(
        (rig.sent(3), rig.sent(4)),
        (later(1_000).into(), later(1_500).into())
    );
    assert_eq!(rig.closed_streams, [3, 4]);
    rig.pass(1, &[1, 2]);
    rig.hello(5, "east-3", 1, &[]);
    assert!(rig.seen(5).iter().any(is_welcome));
}

#[test]
fn a_worker_without_a_slot_is_refused() {
    assert_eq!(
        refused(hello(PROTOCOL, 0)),
        "a worker needs at least one slot"
    );
}
