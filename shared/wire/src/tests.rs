//! Whatever the domain can say comes back from the wire unchanged, and what is missing is named.

#![expect(clippy::too_many_lines, reason = "a strategy lists every field")]

use std::time::Duration;

use domain::event::{GridEvent, LegLease, RunEvent, StopCause};
use domain::plan::Caps;
use domain::queue::{Ask, Lock, Priority};
use domain::record::CaseRecord;
use domain::{AttemptId, Incarnation, SessionId, Term};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;
use proto::v1;

use crate::{BadMessage, Bundle, bundle, digest, event, hex, message, plan, record, result};

mod make;
mod say;

use say::{from_worker, to_worker};

use make::{
    case_result, cases, digests, durations, ids, outcomes, plans, preflights, some_text, tiers,
    tries, verdicts,
};

fn leg_leases() -> impl Strategy<Value = LegLease> {
    (any::<u64>(), ids(), any::<u64>(), some_text()).prop_map(
        |(attempt, worker, session, region)| LegLease {
            attempt: AttemptId(attempt),
            worker: worker.into(),
            session: SessionId(session),
            region: region.into(),
        },
    )
}

fn run_events() -> impl Strategy<Value = RunEvent> {
    let attempts = || any::<u64>().prop_map(AttemptId);
    let results = || (attempts(), any::<u64>(), case_result(), some_text());
    let causes = prop_oneof![
        Just(StopCause::Client),
        Just(StopCause::MaxFail),
        Just(StopCause::Deadline)
    ];
    let opening = prop_oneof![
        (ids(), digests(), digests()).prop_map(|(run, plan, bundle)| RunEvent::RunOpened {
            run: run.into(),
            plan,
            bundle
        }),
        (any::<u64>(), some_text(), any::<u32>()).prop_map(|(term, leader, format)| {
            let term = Term(term);
            RunEvent::TermStarted {
                term,
                leader,
                format,
            }
        }),
        (ids(), some_text(), any::<u32>(), any::<[u64; 2]>()).prop_map(
            |(worker, region, slots, [home, number])| RunEvent::WorkerJoined {
                worker: worker.into(),
                region: region.into(),
                slots,
                incarnation: Incarnation { home, number },
            }
        ),
        (ids(), some_text()).prop_map(|(worker, why)| RunEvent::WorkerLeft {
            worker: worker.into(),
            why
        }),
        (ids(), preflights()).prop_map(|(region, preflight)| RunEvent::RegionProbed {
            region: region.into(),
            preflight
        }),
        (tiers(), some_text()).prop_map(|(tier, why)| RunEvent::GateClosed { tier, why }),
        (ids(), some_text(), some_text()).prop_map(|(region, from, to)| {
            let region = region.into();
            RunEvent::EnvironmentChanged { region, from, to }
        }),
    ];
    let work = prop_oneof![
        any::<u32>().prop_map(|sharers| RunEvent::CapsShared { sharers }),
        (attempts(), ids(), any::<u64>(), some_text(), cases()).prop_map(
            |(attempt, worker, session, region, cases)| RunEvent::ShardLeased {
                attempt,
                worker: worker.into(),
                session: SessionId(session),
                region: region.into(),
                cases,
            }
        ),
        (ids(), vec(leg_leases(), 0..4)).prop_map(|(case, legs)| RunEvent::LegsLeased {
            case: case.into(),
            legs
        }),
        results().prop_map(|(attempt, seq, result, _)| RunEvent::LegSettled {
            attempt,
            seq,
            result
        }),
        (attempts(), any::<u64>()).prop_map(|(attempt, session)| RunEvent::AttemptReattached {
            attempt,
            session: SessionId(session)
        }),
        results().prop_map(|(attempt, seq, result, _)| RunEvent::CaseSettled {
            attempt,
            seq,
            result
        }),
        results().prop_map(|(attempt, seq, result, _)| RunEvent::ResultLate {
            attempt,
            seq,
            result
        }),
        results().prop_map(|(attempt, seq, result, why)| {
            RunEvent::ResultKept {
                attempt,
                seq,
                result,
                why,
            }
        }),
        results().prop_map(|(attempt, seq, result, why)| {
            RunEvent::ResultRejected {
                attempt,
                seq,
                result,
                why,
            }
        }),
        (attempts(), cases())
            .prop_map(|(attempt, released)| RunEvent::AttemptEnded { attempt, released }),
        (attempts(), some_text(), any::<bool>()).prop_map(|(attempt, why, blames)| {
            RunEvent::AttemptLost {
                attempt,
                why,
                blames,
            }
        }),
    ];
    let ending = prop_oneof![
        ids().prop_map(|case| RunEvent::CaseCarried { case: case.into() }),
        (ids(), outcomes(), some_text()).prop_map(|(case, outcome, reason)| RunEvent::CaseClosed {
            case: case.into(),
            outcome,
            reason
        }),
        (causes, some_text()).prop_map(|(cause, why)| RunEvent::StopRequested { cause, why }),
        some_text().prop_map(|why| RunEvent::Draining { why }),
        (verdicts(), durations())
            .prop_map(|(verdict, elapsed)| RunEvent::RunEnded { verdict, elapsed }),
    ];
    prop_oneof![opening, work, ending]
}

fn asks() -> impl Strategy<Value = Ask> {
    let caps = any::<(Option<u32>, Option<u32>, u32)>();
    let named = (ids(), 0..10u32, any::<bool>(), option::of(caps)).prop_map(
        |(environment, number, exclusive, caps)| Ask {
            environment,
            priority: Priority::of(number).unwrap(),
            exclusive,
            caps: caps.map(|(rps, users, users_at_once)| Caps {
                rps,
                users,
                users_at_once,
            }),
        },
    );
    prop_oneof![named, Just(Ask::unnamed())]
}

fn grid_events() -> impl Strategy<Value = GridEvent> {
    prop_oneof![
        (any::<u64>(), some_text(), any::<u32>()).prop_map(|(term, leader, format)| {
            let term = Term(term);
            GridEvent::TermStarted {
                term,
                leader,
                format,
            }
        }),
        (some_text(), ids(), digests(), digests(), asks()).prop_map(
            |(client_request_id, run, plan, bundle, ask)| GridEvent::RunSubmitted {
                client_request_id,
                run: run.into(),
                plan,
                bundle,
                ask,
            }
        ),
        (
            ids(),
            vec((ids(), any::<bool>()), 0..3),
            option::of(some_text())
        )
            .prop_map(|(run, locks, stop)| GridEvent::RunAdmitted {
                run: run.into(),
                locks: locks
                    .into_iter()
                    .map(|(name, exclusive)| Lock { name, exclusive })
                    .collect(),
                stop,
            }),
        (ids(), any::<u32>()).prop_map(|(environment, sharers)| GridEvent::CapsShared {
            environment,
            sharers,
        }),
        ids().prop_map(|run| GridEvent::RunClosed { run: run.into() }),
        Just(GridEvent::Tick),
    ]
}

proptest! {
    #[test]
    fn a_run_event_comes_back_unchanged(one in run_events()) {
        prop_assert_eq!(event::decode_run(&event::encode_run(&one)).unwrap(), one);
    }

    #[test]
    fn a_grid_event_comes_back_unchanged(one in grid_events()) {
        prop_assert_eq!(event::decode_grid(&event::encode_grid(&one)).unwrap(), one);
    }

    #[test]
    fn a_worker_s_message_comes_back_unchanged(one in from_worker()) {
        let bytes = message::encode_from_worker(&one).encode_to_vec();
        let read = v1::WorkerMessage::decode(bytes.as_slice()).unwrap();
        prop_assert_eq!(message::decode_from_worker(read).unwrap(), one);
    }

    #[test]
    fn a_coordinator_s_message_comes_back_unchanged(one in to_worker()) {
        let bytes = message::encode_to_worker(&one).encode_to_vec();
        let read = v1::CoordinatorMessage::decode(bytes.as_slice()).unwrap();
        prop_assert_eq!(message::decode_to_worker(read).unwrap(), one);
    }

    #[test]
    fn a_plan_comes_back_unchanged(one in plans()) {
        prop_assert_eq!(plan::decode(&plan::encode(&one)).unwrap(), one);
    }

    #[test]
    fn a_record_comes_back_unchanged(tries in vec(tries(), 0..3)) {
        let one = CaseRecord { tries };
        prop_assert_eq!(record::decode(&record::encode(&one)).unwrap(), one);
    }

    #[test]
    fn a_bundle_comes_back_unchanged(
        files in any::<Vec<(String, Vec<u8>)>>(),
        environment in some_text(),
        vars in any::<Vec<(String, String)>>(),
    ) {
        let one = Bundle { files, environment, vars };
        prop_assert_eq!(bundle::decode(&bundle::encode(&one)).unwrap(), one);
    }

    #[test]
    fn text_that_is_not_hexadecimal_comes_back_unchanged(text in "[0-9a-fA-F]{0,9}|.{0,9}") {
        prop_assert_eq!(hex::decode("it", Some(hex::encode(&text))).unwrap(), text);
    }

    #[test]
    fn random_bytes_are_an_error_and_no_panic(bytes in any::<Vec<u8>>()) {
        let _ = (event::decode_run(&bytes), event::decode_grid(&bytes), plan::decode(&bytes));
        let _ = (record::decode(&bytes), bundle::decode(&bytes));
    }
}

#[test]
fn a_digest_travels_as_its_32_bytes() {
    let digest = digest::of(b"");
    assert!(digest.as_str().starts_with("e3b0c44298fc1c14"));
    assert_eq!(digest::encode(&digest).encoded_len(), 34);
}

#[test]
fn a_missing_field_is_named() {
    let error = result::decode(v1::CaseResult::default()).unwrap_err();
    assert_eq!(error, BadMessage::missing("result.case"));
    assert!(error.to_string().contains("`result.case` is missing"));
}

#[test]
fn an_unknown_event_kind_is_an_error_and_an_unknown_field_is_not() {
    // Field 900, which no version of muster knows: as an event kind, and beside one.
    let unknown = [0xa2, 0x38, 0x00];
    let error = event::decode_run(&unknown).unwrap_err();
    assert_eq!(error, BadMessage::missing("run_event"));
    let mut known = event::encode_run(&RunEvent::Draining { why: "done".into() });
    known.extend(unknown);
    assert!(event::decode_run(&known).is_ok());
}

#[test]
fn an_unknown_outcome_is_named_with_its_number() {
    let mut message = v1::CaseResult {
        case: "a".into(),
        evidence: Some(v1::Evidence::default()),
        ..Default::default()
    };
    message.outcome = 99;
    let error = result::decode(message).unwrap_err();
    assert_eq!(error, BadMessage::invalid("result.outcome", 99));
}

#[test]
fn a_result_that_was_written_before_checks_were_proven_is_read() {
    let message = v1::CaseResult {
        case: "a".into(),
        outcome: v1::Outcome::Passed.into(),
        evidence: Some(v1::Evidence::default()),
        ..Default::default()
    };
    let older = v1::CaseResult::decode(message.encode_to_vec().as_slice()).unwrap();
    assert_eq!(result::decode(older).unwrap().proof, None);
}

#[test]
fn a_settled_case_costs_a_small_entry() {
    let result = domain::record::CaseResult {
        case: "p1-messages::003@us-central1".into(),
        outcome: domain::Outcome::Passed,
        reason: String::new(),
        evidence: domain::Evidence {
            exchanges: 4,
            bytes_sent: 900,
            bytes_received: 2000,
            checks: 5,
        },
        duration: Duration::from_millis(231),
        started_at_ms: 1_795_000_000_000,
        trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        tries: 1,
        flaky: false,
        region: "us-central1".into(),
        worker: "us-central1-1".into(),
        fingerprint: digest::of(b"revision").to_string(),
        record: Some(digest::of(b"record")),
        proof: None,
    };
    let event = RunEvent::CaseSettled {
        attempt: AttemptId(3),
        seq: 2,
        result,
    };
    assert!(event::encode_run(&event).len() < 230);
}

#[test]
fn a_run_submitted_before_runs_shared_the_grid_asks_for_all_of_it() {
    let before = v1::RunSubmitted {
        client_request_id: "request".to_owned(),
        run: "run".to_owned(),
        plan: Some(digest::encode(&digest::of(b"plan"))),
        bundle: Some(digest::encode(&digest::of(b"bundle"))),
        ..v1::RunSubmitted::default()
    };
    let event = Some(v1::grid_event::Event::RunSubmitted(before));
    let read = event::decode_grid(&v1::GridEvent { event }.encode_to_vec());
    assert!(
        matches!(&read, Ok(GridEvent::RunSubmitted { ask, .. }) if *ask == Ask::unnamed()),
        "{read:?}"
    );
}

#[test]
fn a_kind_of_grid_event_that_is_not_known_is_refused() {
    let of_a_later_version = [0xba, 0x06, 0x00];
    assert!(event::decode_grid(&of_a_later_version).is_err());
}
