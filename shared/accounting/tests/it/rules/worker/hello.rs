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
        incarnation: 1,
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

#[test]
fn a_worker_without_a_slot_is_refused() {
    assert_eq!(
        refused(hello(PROTOCOL, 0)),
        "a worker needs at least one slot"
    );
}
