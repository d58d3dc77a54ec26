//! Rules of the fold, one feature a test.

use std::time::Duration;

use crate::event::{RunEvent, Segment, StopCause};
use crate::gate::{Verdict, VerdictWord};
use crate::ids::{AttemptId, Digest, Region, SessionId, Term, WorkerId};
use crate::outcome::Outcome;
use crate::plan::{Plan, PlannedRegion};
use crate::run::testing::{begun, id, leased, lost, plan, planned, result, settled, term};
use crate::run::{CaseState, Illegal, canonical, table};

fn three() -> Plan {
    let east = || PlannedRegion::Named(Region::from("east"));
    plan(vec![
        planned("a", east()),
        planned("b", east()),
        planned("c", PlannedRegion::Any),
    ])
}

fn kept(attempt: u64, seq: u64, test: &str, outcome: Outcome) -> RunEvent {
    RunEvent::ResultKept {
        attempt: AttemptId(attempt),
        seq,
        result: result(test, outcome),
        why: "fenced".to_owned(),
    }
}

fn closed(test: &str, outcome: Outcome) -> RunEvent {
    RunEvent::CaseClosed {
        case: id(test),
        outcome,
        reason: "told to".to_owned(),
    }
}

fn ended() -> RunEvent {
    RunEvent::RunEnded {
        verdict: Verdict {
            word: VerdictWord::Passed,
            reasons: Vec::new(),
            table_hash: Digest::from("hash"),
        },
        elapsed: Duration::from_secs(9),
    }
}

/// Applies all but the last, which must be illegal in this way and change nothing.
fn refuses(events: &[RunEvent], wanted: impl Fn(&Illegal) -> bool) {
    let mut run = begun(three());
    let (last, before) = events.split_last().expect("an event");
    for event in before {
        run.apply(event).expect("legal up to the last");
    }
    let state = format!("{run:?}");
    let refused = run.apply(last).expect_err("the last is illegal");
    assert!(wanted(&refused), "{refused:?}");
    assert_eq!(state, format!("{run:?}"), "a refused event changes nothing");
}

#[test]
fn a_case_counts_once() {
    let twice = [
        leased(1, &["a"]),
        settled(1, 1, "a", Outcome::Passed),
        settled(1, 2, "a", Outcome::Failed),
    ];
    refuses(&twice, |why| *why == Illegal::SettledTwice(id("a")));
}

#[test]
fn a_fenced_attempt_settles_nothing() {
    let fenced = [
        leased(1, &["a"]),
        lost(1),
        settled(1, 1, "a", Outcome::Passed),
    ];
    refuses(&fenced, |why| *why == Illegal::AttemptOver(AttemptId(1)));
}

#[test]
fn an_attempt_settles_only_what_it_holds() {
    let foreign = [
        leased(1, &["a"]),
        leased(2, &["b"]),
        settled(1, 1, "b", Outcome::Passed),
    ];
    refuses(&foreign, |why| {
        matches!(why, Illegal::NotUnderAttempt { .. })
    });
}

#[test]
fn results_are_dense() {
    let gap = [leased(1, &["a"]), settled(1, 2, "a", Outcome::Passed)];
    refuses(&gap, |why| {
        matches!(
            why,
            Illegal::SeqGap {
                expected: 1,
                got: 2,
                ..
            }
        )
    });
}

#[test]
fn nothing_passes_without_evidence() {
    let mut bare = result("a", Outcome::Passed);
    bare.evidence.checks = 0;
    let bare = RunEvent::CaseSettled {
        attempt: AttemptId(1),
        seq: 1,
        result: bare,
    };
    refuses(&[leased(1, &["a"]), bare], |why| {
        *why == Illegal::PassWithoutEvidence(id("a"))
    });
}

#[test]
fn attempts_grow() {
    refuses(&[leased(3, &["a"]), leased(3, &["b"])], |why| {
        matches!(why, Illegal::AttemptNotGrowing { .. })
    });
    refuses(&[leased(3, &["a"]), leased(2, &["b"])], |why| {
        matches!(why, Illegal::AttemptNotGrowing { .. })
    });
}

#[test]
fn terms_grow() {
    refuses(&[term(1)], |why| matches!(why, Illegal::TermFalls { .. }));
}

#[test]
fn a_leased_case_is_not_leased_again() {
    refuses(&[leased(1, &["a"]), leased(2, &["a"])], |why| {
        *why == Illegal::NotWaiting(id("a"))
    });
    refuses(&[leased(1, &["a", "a"])], |why| {
        *why == Illegal::TwiceInShard(id("a"))
    });
}

#[test]
fn cases_stay_in_their_region_and_wait_for_its_preflight() {
    let west = RunEvent::ShardLeased {
        attempt: AttemptId(1),
        worker: WorkerId::from("west-1"),
        session: SessionId(1),
        region: Region::from("west"),
        cases: vec![id("c")],
    };
    refuses(&[west], |why| matches!(why, Illegal::NotGreen(_)));
}

#[test]
fn a_case_that_nobody_planned_is_refused() {
    refuses(&[closed("z", Outcome::Skipped)], |why| {
        matches!(why, Illegal::UnknownCase(_))
    });
}

#[test]
fn only_an_execution_passes_or_fails() {
    refuses(&[closed("a", Outcome::Passed)], |why| {
        matches!(why, Illegal::NotForClosing { .. })
    });
    refuses(&[leased(1, &["a"]), closed("a", Outcome::Lost)], |why| {
        matches!(why, Illegal::ClosedWhileLeased(_))
    });
}

#[test]
fn a_run_ends_only_when_every_case_has() {
    refuses(&[closed("a", Outcome::Skipped), ended()], |why| {
        *why == Illegal::CasesOpen(2)
    });
}

#[test]
fn after_the_end_only_late_results_come() {
    let all = ["a", "b", "c"].map(|test| closed(test, Outcome::Skipped));
    let mut events = vec![leased(1, &["a"]), lost(1)];
    events.extend(all);
    events.push(ended());
    let with = |last: RunEvent| [events.clone(), vec![last]].concat();
    refuses(&with(closed("a", Outcome::Skipped)), |why| {
        *why == Illegal::AfterEnd
    });
    refuses(&with(kept(1, 1, "a", Outcome::Passed)), |why| {
        *why == Illegal::AfterEnd
    });
    refuses(&with(ended()), |why| *why == Illegal::AfterEnd);
    let late = RunEvent::ResultLate {
        attempt: AttemptId(1),
        seq: 1,
        result: result("a", Outcome::Failed),
    };
    refuses(std::slice::from_ref(&late), |why| *why == Illegal::NotEnded);
    let mut run = begun(three());
    for event in with(late) {
        run.apply(&event).expect("legal");
    }
    assert_eq!((run.late().len(), run.totals().failed), (1, 0));
}

#[test]
fn a_lost_case_waits_again_and_remembers() {
    let mut run = begun(three());
    for event in [
        leased(1, &["a", "b"]),
        settled(1, 1, "a", Outcome::Passed),
        lost(1),
    ] {
        run.apply(&event).expect("legal");
    }
    assert_eq!(run.state(&id("b")), Some(&CaseState::Waiting));
    assert_eq!(run.case(&id("b")).map(|case| case.n_blamed()), Some(1));
    assert_eq!(run.case(&id("a")).map(|case| case.losses.len()), Some(0));
}

#[test]
fn what_an_attempt_gave_back_was_not_lost() {
    let mut run = begun(three());
    let given_back = RunEvent::AttemptEnded {
        attempt: AttemptId(1),
        released: vec![id("a")],
    };
    for event in [leased(1, &["a", "b"]), given_back] {
        run.apply(&event).expect("legal");
    }
    let losses = |test| {
        run.case(&id(test))
            .map(|case| case.losses.clone())
            .unwrap_or_default()
    };
    assert_eq!(losses("a"), []);
    assert!(matches!(&losses("b")[..], [loss] if !loss.blames));
}

#[test]
fn a_kept_failure_beside_a_counted_pass_is_flaky() {
    let mut run = begun(three());
    for event in [
        leased(1, &["a"]),
        lost(1),
        kept(1, 1, "a", Outcome::Failed),
        leased(2, &["a"]),
        settled(2, 1, "a", Outcome::Passed),
    ] {
        run.apply(&event).expect("legal");
    }
    assert_eq!(run.flaky().collect::<Vec<_>>(), [&id("a")]);
    assert_eq!(run.totals().passed, 1);
}

#[test]
fn totals_count_by_planned_region_and_add_up() {
    let mut run = begun(three());
    for event in [
        leased(1, &["c"]),
        settled(1, 1, "c", Outcome::Failed),
        closed("a", Outcome::Skipped),
    ] {
        run.apply(&event).expect("legal");
    }
    let by_region = run.totals_by_region();
    assert_eq!(by_region[&PlannedRegion::Any].failed, 1);
    assert_eq!(
        by_region[&PlannedRegion::Named(Region::from("east"))].planned,
        2
    );
    let totals = run.totals();
    assert_eq!((totals.planned, totals.settled(), run.n_open()), (3, 2, 1));
    assert!(!run.broken_conservation().is_empty());
}

#[test]
fn the_table_is_sorted_and_no_id_can_look_like_two() {
    let mut run = begun(three());
    for event in ["c", "a"].map(|test| closed(test, Outcome::Skipped)) {
        run.apply(&event).expect("legal");
    }
    let rows = table(&run);
    assert_eq!(
        rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>(),
        [id("a"), id("c")]
    );
    let text = String::from_utf8(canonical(&rows)).expect("text");
    assert_eq!(text, "13:suite::a@east=skipped\n12:suite::c@any=skipped\n");
}

#[test]
fn a_run_stops_once() {
    let stop = |cause| RunEvent::StopRequested {
        cause,
        why: String::new(),
    };
    refuses(
        &[stop(StopCause::Client), stop(StopCause::Deadline)],
        |why| *why == Illegal::StoppedTwice,
    );
}

#[test]
fn nothing_is_leased_while_draining() {
    let why = String::new();
    refuses(&[RunEvent::Draining { why }, leased(1, &["a"])], |why| {
        *why == Illegal::Draining
    });
}

#[test]
fn a_segment_of_another_term_is_refused() {
    let mut run = begun(three());
    let segment = Segment {
        position: 1,
        term: Term(2),
        elapsed: Duration::from_secs(1),
        wall_ms: 0,
        events: vec![closed("a", Outcome::Skipped)],
    };
    assert!(matches!(
        run.apply_segment(&segment),
        Err(Illegal::ForeignTerm { .. })
    ));
}

#[test]
fn no_more_workers_hold_leases_than_share_the_caps() {
    let mut plan = three();
    plan.caps = Some(crate::plan::Caps {
        rps: Some(5),
        users: None,
        users_at_once: 1,
    });
    let mut run = begun(plan);
    let no_share = |worker: &str| Err(Illegal::NoShare(worker.into()));
    assert_eq!(run.apply(&leased(1, &["a"])), no_share("east-1"));
    let shared = RunEvent::CapsShared { sharers: 1 };
    assert_eq!(run.apply(&shared), Ok(()));
    assert_eq!(run.apply(&shared), Err(Illegal::CapsShared));
    let mut other = leased(2, &["b"]);
    if let RunEvent::ShardLeased { worker, .. } = &mut other {
        *worker = "east-2".into();
    }
    let joined = RunEvent::WorkerJoined {
        worker: "east-2".into(),
        region: Region::from("east"),
        slots: 1,
        incarnation: 1.into(),
    };
    assert_eq!(run.apply(&joined), Ok(()));
    assert_eq!(run.apply(&leased(1, &["a"])), Ok(()));
    assert_eq!(run.apply(&other), no_share("east-2"));
    assert_eq!(run.apply(&lost(1)), Ok(()));
    assert_eq!(run.apply(&other), Ok(()));
}

#[test]
fn parts_of_the_caps_are_large_enough_to_run_a_case() {
    let caps = |rps, users, users_at_once| crate::plan::Caps {
        rps,
        users,
        users_at_once,
    };
    assert_eq!(caps(Some(5), None, 1).most_sharers(), 5);
    assert_eq!(caps(Some(5), Some(7), 3).most_sharers(), 2);
    assert_eq!(caps(None, Some(2), 3).most_sharers(), 1);
}

#[test]
fn what_waits_is_counted_by_where_it_may_run() {
    let mut run = begun(three());
    let n_in = |run: &crate::run::Run| {
        ["east", "west"].map(|region| run.n_waiting_in(&Region::from(region)))
    };
    assert_eq!(n_in(&run), [3, 1]);
    let steps = [
        (leased(1, &["a", "c"]), [1, 0]),
        (settled(1, 1, "a", Outcome::Passed), [1, 0]),
        (lost(1), [2, 1]),
        (closed("b", Outcome::Skipped), [1, 1]),
    ];
    for (event, wanted) in steps {
        run.apply(&event).expect("legal");
        assert_eq!(n_in(&run), wanted, "{event:?}");
    }
}
