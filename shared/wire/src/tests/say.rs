//! Arbitrary messages of workers and the coordinator.

use domain::message::{FromWorker, Hello, OpenAttempt, ToWorker, ToWorkerBody};
use domain::{AttemptId, Incarnation, Instant, SessionId, Term};
use proptest::prelude::*;

use super::make::{case_result, cases, digests, durations, ids, preflights, some_text};

pub(super) fn from_worker() -> impl Strategy<Value = FromWorker> {
    let open = (ids(), any::<u64>(), any::<u64>(), any::<bool>()).prop_map(
        |(run, attempt, next_seq, alive)| OpenAttempt {
            run: run.into(),
            attempt: AttemptId(attempt),
            next_seq,
            alive,
        },
    );
    let hello = (
        ids(),
        ids(),
        any::<(u32, u32, [u64; 2], u64)>(),
        some_text(),
        prop::collection::vec(open, 0..3),
    );
    let work = (ids(), any::<(u64, u64, u64)>());
    prop_oneof![
        hello.prop_map(
            |(worker, region, (protocol, slots, [home, number], stamp), version, open)| {
                FromWorker::Hello(Hello {
                    protocol,
                    worker: worker.into(),
                    region: region.into(),
                    slots,
                    incarnation: Incarnation { home, number },
                    stamp: Instant(stamp),
                    version,
                    open,
                })
            }
        ),
        any::<(u64, u32)>().prop_map(|(stamp, idle_slots)| FromWorker::Beat {
            stamp: Instant(stamp),
            idle_slots
        }),
        (work.clone(), case_result(), any::<Vec<u8>>()).prop_map(
            |((run, (attempt, session, seq)), result, record)| FromWorker::Result {
                run: run.into(),
                attempt: AttemptId(attempt),
                session: SessionId(session),
                seq,
                result: Box::new(result),
                record,
            }
        ),
        (work, cases()).prop_map(|((run, (attempt, session, last_seq)), released)| {
            FromWorker::AttemptEnd {
                run: run.into(),
                attempt: AttemptId(attempt),
                session: SessionId(session),
                last_seq,
                released,
            }
        }),
        (ids(), ids(), preflights()).prop_map(|(run, region, preflight)| FromWorker::Probed {
            run: run.into(),
            region: region.into(),
            preflight
        }),
        some_text().prop_map(|why| FromWorker::Leaving { why }),
        some_text().prop_map(|why| FromWorker::Goodbye { why }),
    ]
}

pub(super) fn to_worker() -> impl Strategy<Value = ToWorker> {
    let work = || (ids(), any::<u64>());
    let bodies = prop_oneof![
        any::<u64>().prop_map(|session| ToWorkerBody::Welcome {
            session: SessionId(session)
        }),
        some_text().prop_map(|why| ToWorkerBody::Refused { why }),
        (durations(), some_text()).prop_map(|(after, why)| ToWorkerBody::Later { after, why }),
        (ids(), digests(), digests(), any::<u32>()).prop_map(|(run, plan, bundle, sharers)| {
            ToWorkerBody::Probe {
                run: run.into(),
                plan,
                bundle,
                sharers,
            }
        }),
        (
            work(),
            any::<(u64, u64, u32)>(),
            digests(),
            digests(),
            cases(),
            durations()
        )
            .prop_map(
                |((run, attempt), (session, stamp, sharers), plan, bundle, cases, ttl)| {
                    ToWorkerBody::Lease {
                        run: run.into(),
                        attempt: AttemptId(attempt),
                        session: SessionId(session),
                        plan,
                        bundle,
                        cases,
                        sharers,
                        stamp: Instant(stamp),
                        ttl,
                    }
                }
            ),
        (
            any::<u64>(),
            durations(),
            prop::collection::vec(work(), 0..3)
        )
            .prop_map(|(stamp, ttl, attempts)| ToWorkerBody::Renew {
                stamp: Instant(stamp),
                ttl,
                attempts: attempts
                    .into_iter()
                    .map(|(run, attempt)| (run.into(), AttemptId(attempt)))
                    .collect(),
            }),
        (work(), any::<u64>()).prop_map(|((run, attempt), through)| ToWorkerBody::Ack {
            run: run.into(),
            attempt: AttemptId(attempt),
            through
        }),
        (work(), any::<u64>()).prop_map(|((run, attempt), seq)| ToWorkerBody::Expect {
            run: run.into(),
            attempt: AttemptId(attempt),
            seq
        }),
        (work(), some_text()).prop_map(|((run, attempt), why)| ToWorkerBody::Fenced {
            run: run.into(),
            attempt: AttemptId(attempt),
            why
        }),
        work().prop_map(|(run, attempt)| ToWorkerBody::AttemptOver {
            run: run.into(),
            attempt: AttemptId(attempt)
        }),
        (work(), some_text()).prop_map(|((run, attempt), why)| ToWorkerBody::Cancel {
            run: run.into(),
            attempt: AttemptId(attempt),
            why
        }),
        some_text().prop_map(|why| ToWorkerBody::Drain { why }),
    ];
    (any::<u64>(), bodies).prop_map(|(term, body)| ToWorker {
        term: Term(term),
        body,
    })
}
