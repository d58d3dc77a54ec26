//! What the second routine must notice: each test spoils a log that is right.

use prost::Message;
use proto::v1::case_proof::Proof;
use proto::v1::hex_text::Form;
use proto::v1::run_event::Event;
use proto::v1::{
    AttemptEnded, AttemptLost, CaseClosed, CaseProof, CaseResult, CaseSettled, CheckProof,
    Draining, EnvironmentChanged, Evidence, HexText, KnownChecks, Outcome, Plan, PlannedCase,
    Preflight, RegionProbed, ResultKept, ResultLate, ResultRejected, RunEnded, RunEvent, RunOpened,
    Segment, ShardLeased, TermStarted, Verdict,
};
use sha2::{Digest, Sha256};

use crate::{Broken, Rechecked, recheck, recheck_file, segments};

mod legs;

fn plan() -> Vec<u8> {
    let case = |id: &str| PlannedCase {
        id: id.to_owned(),
        ..PlannedCase::default()
    };
    Plan {
        run: "run".to_owned(),
        cases: vec![case("a"), case("b")],
        ..Plan::default()
    }
    .encode_to_vec()
}

fn hex_text(text: &str) -> Option<HexText> {
    let form = Some(Form::Text(text.to_owned()));
    Some(HexText { form })
}

fn opened() -> Event {
    Event::RunOpened(RunOpened {
        run: "run".to_owned(),
        plan: hex_text(&hex::encode(Sha256::digest(plan()))),
        bundle: None,
    })
}

fn term(term: u64) -> Event {
    Event::TermStarted(TermStarted {
        term,
        ..TermStarted::default()
    })
}

fn leased(attempt: u64, cases: &[&str]) -> Event {
    Event::ShardLeased(ShardLeased {
        attempt,
        cases: cases.iter().map(|case| (*case).to_owned()).collect(),
        ..ShardLeased::default()
    })
}

fn result(case: &str, outcome: Outcome) -> Option<CaseResult> {
    Some(CaseResult {
        case: case.to_owned(),
        outcome: outcome.into(),
        evidence: Some(Evidence {
            exchanges: 1,
            checks: 1,
            ..Evidence::default()
        }),
        ..CaseResult::default()
    })
}

fn settled(attempt: u64, seq: u64, case: &str, outcome: Outcome) -> Event {
    Event::CaseSettled(CaseSettled {
        attempt,
        seq,
        result: result(case, outcome),
    })
}

fn closed(case: &str, outcome: Outcome) -> Event {
    Event::CaseClosed(CaseClosed {
        case: case.to_owned(),
        outcome: outcome.into(),
        reason: String::new(),
    })
}

fn lost(attempt: u64) -> Event {
    Event::AttemptLost(AttemptLost {
        attempt,
        ..AttemptLost::default()
    })
}

fn over(attempt: u64) -> Event {
    Event::AttemptEnded(AttemptEnded {
        attempt,
        released: Vec::new(),
    })
}

fn verdict(hash: &str) -> Event {
    Event::RunEnded(RunEnded {
        verdict: Some(Verdict {
            table_hash: hex_text(hash),
            ..Verdict::default()
        }),
        elapsed_ns: 0,
    })
}

/// A log that is right, without its verdict.
fn right() -> Vec<Event> {
    vec![
        opened(),
        term(1),
        leased(1, &["a"]),
        settled(1, 1, "a", Outcome::Passed),
        over(1),
        closed("b", Outcome::Skipped),
    ]
}

/// One segment per event, chained; each of the term that leads.
fn written(events: Vec<Event>) -> Vec<Vec<u8>> {
    let mut written: Vec<Vec<u8>> = Vec::new();
    let mut leads = 1;
    for (number, event) in (0_u64..).zip(events) {
        if let Event::TermStarted(started) = &event {
            leads = started.term;
        }
        // Before a term has started there is none.
        let term = if number == 0 { 0 } else { leads };
        let previous = written.last().map(|last| Sha256::digest(last).to_vec());
        let segment = Segment {
            log: "run".to_owned(),
            number,
            position: number,
            term,
            previous: previous.unwrap_or_default(),
            events: vec![RunEvent { event: Some(event) }.encode_to_vec()],
            ..Segment::default()
        };
        written.push(segment.encode_to_vec());
    }
    written
}

fn read(events: Vec<Event>) -> Rechecked {
    recheck(&plan(), &written(events), None)
}

/// The marks of a right log with these events before its last case ends.
fn marks(between: Vec<Event>) -> Vec<String> {
    let mut events = right();
    let at = events.len() - 1;
    events.splice(at..at, between);
    let read = read(events);
    assert_eq!(read.problems, Vec::<String>::new());
    read.marks.into_iter().collect()
}

#[test]
fn the_marks_are_what_decides_beside_the_table() {
    let met = "met  sure ".to_owned();
    assert_eq!(marks(Vec::new()), [met.as_str()]);
    let kept = |outcome| {
        let seq = 2;
        let (attempt, result) = (1, result("a", outcome));
        let why = String::new();
        Event::ResultKept(ResultKept {
            attempt,
            seq,
            result,
            why,
        })
    };
    assert_eq!(
        marks(vec![kept(Outcome::Failed)]),
        ["flaky a", met.as_str()]
    );
    assert_eq!(marks(vec![kept(Outcome::Passed)]), [met.as_str()]);
    assert_eq!(marks(vec![kept(Outcome::Errored)]), [met.as_str()]);
    let rejected = Event::ResultRejected(ResultRejected {
        attempt: 1,
        seq: 2,
        result: result("a", Outcome::Passed),
        why: String::new(),
    });
    assert_eq!(marks(vec![rejected]), [met.as_str(), "rejected 1/2 a"]);
    let changed = Event::EnvironmentChanged(EnvironmentChanged {
        region: "eu".to_owned(),
        from: "A".to_owned(),
        to: "B".to_owned(),
    });
    assert_eq!(marks(vec![changed]), ["changed eu A B", met.as_str()]);
    let probed = Event::RegionProbed(RegionProbed {
        region: "eu".to_owned(),
        preflight: Some(Preflight {
            green: true,
            fingerprint: "A".to_owned(),
            ..Preflight::default()
        }),
    });
    assert_eq!(marks(vec![probed]), [met.as_str(), "probed eu green A"]);
}

#[test]
fn tries_that_differ_are_a_mark_and_what_came_late_is_none() {
    let mut events = right();
    if let Some(Event::CaseSettled(settled)) = events.get_mut(3)
        && let Some(result) = &mut settled.result
    {
        result.flaky = true;
    }
    let hash = read(events.clone()).hash;
    events.push(verdict(&hash));
    events.push(Event::ResultLate(ResultLate {
        attempt: 1,
        seq: 2,
        result: result("a", Outcome::Failed),
    }));
    let marks: Vec<_> = read(events).marks.into_iter().collect();
    assert_eq!(marks, ["flaky a", "met  sure "]);
}

#[test]
fn how_many_checks_can_fail_is_a_mark() {
    let with = |proof: Proof| {
        let mut events = right();
        if let Some(Event::CaseSettled(settled)) = events.get_mut(3)
            && let Some(result) = &mut settled.result
        {
            result.proof = Some(CaseProof { proof: Some(proof) });
        }
        let marks: Vec<_> = read(events).marks.into_iter().collect();
        marks
    };
    let known = |is_complete| {
        let checks = [true, false, true].map(|can_fail| CheckProof {
            line: 4,
            expression: "body.ok".to_owned(),
            can_fail,
        });
        Proof::Known(KnownChecks {
            checks: checks.into(),
            is_complete,
        })
    };
    assert_eq!(with(known(true)), ["met  sure ", "proof a 2/3"]);
    assert_eq!(with(known(false)), ["met  sure ", "proof a 2/3 cut"]);
    let unknown = Proof::Unknown("why".to_owned());
    assert_eq!(with(unknown), ["met  sure ", "proof a unknown"]);
}

/// The log with one event more, or another in a place, shows this problem.
fn notices(events: Vec<Event>, problem: &str) {
    let problems = read(events).problems;
    let is_named = problems.iter().any(|said| said.contains(problem));
    assert!(is_named, "{problem:?} is not among {problems:?}");
}

fn right_and(more: Vec<Event>) -> Vec<Event> {
    [right(), more].concat()
}

#[test]
fn a_log_that_is_right_has_no_problem() {
    let again = read(right());
    assert_eq!(again.problems, Vec::<String>::new());
    let table: Vec<_> = again
        .table
        .iter()
        .map(|(case, outcome)| (case.as_str(), outcome.as_str()))
        .collect();
    assert_eq!(table, [("a", "passed"), ("b", "skipped")]);
    assert_eq!(
        again.hash,
        hex::encode(Sha256::digest("1:a=passed\n1:b=skipped\n"))
    );
    let ended = read(right_and(vec![verdict(&again.hash)]));
    assert_eq!(ended.problems, Vec::<String>::new());
}

#[test]
fn a_case_without_an_outcome() {
    notices(right()[..5].to_vec(), "b is planned and has no outcome");
}

#[test]
fn a_second_outcome() {
    notices(
        right_and(vec![closed("b", Outcome::Lost)]),
        "b gets a second outcome",
    );
}

#[test]
fn an_outcome_that_nobody_planned() {
    notices(
        right_and(vec![closed("z", Outcome::Lost)]),
        "z has an outcome and is not planned",
    );
}

#[test]
fn a_result_of_an_attempt_that_is_over() {
    let events = vec![
        opened(),
        term(1),
        leased(1, &["a"]),
        lost(1),
        settled(1, 1, "a", Outcome::Passed),
    ];
    notices(events, "attempt 1, which does not hold it");
}

#[test]
fn a_case_leased_twice() {
    let events = vec![opened(), term(1), leased(1, &["a"]), leased(2, &["a"])];
    notices(events, "attempt 2 leases case a, which is not free");
}

#[test]
fn attempts_that_fall() {
    let events = vec![opened(), term(1), leased(2, &["a"]), leased(1, &["b"])];
    notices(events, "attempt 1 is leased after a later one");
}

#[test]
fn results_with_a_gap() {
    let kept = Event::ResultKept(ResultKept {
        attempt: 1,
        seq: 3,
        ..ResultKept::default()
    });
    notices(
        right_and(vec![kept]),
        "attempt 1 brings result 3 after result 1",
    );
}

#[test]
fn a_pass_that_nothing_shows() {
    let mut events = right();
    if let Event::CaseSettled(settled) = &mut events[3] {
        settled
            .result
            .iter_mut()
            .for_each(|result| result.evidence = None);
    }
    notices(events, "a passed and nothing shows it");
}

#[test]
fn a_pass_without_an_execution() {
    notices(
        vec![opened(), term(1), closed("a", Outcome::Passed)],
        "without an execution",
    );
}

#[test]
fn a_closed_case_that_was_leased() {
    let events = vec![
        opened(),
        term(1),
        leased(1, &["a"]),
        closed("a", Outcome::Lost),
    ];
    notices(events.clone(), "a is closed while it is leased");
    let mut drained = events;
    drained.insert(3, Event::Draining(Draining::default()));
    let problems = read(drained).problems;
    assert!(
        !problems.iter().any(|said| said.contains("leased")),
        "{problems:?}"
    );
}

#[test]
fn terms_that_fall() {
    notices(right_and(vec![term(1)]), "term 1 follows term 1");
}

#[test]
fn a_verdict_over_another_table() {
    notices(right_and(vec![verdict("00")]), "another table");
    notices(
        vec![opened(), term(1), verdict("00")],
        "before every case has ended",
    );
}

#[test]
fn an_outcome_after_the_verdict() {
    let hash = read(right()).hash;
    let events = right_and(vec![verdict(&hash), closed("b", Outcome::Lost)]);
    notices(events, "after the verdict");
}

#[test]
fn another_plan_than_the_logs() {
    let log = written(right());
    let other = Plan {
        run: "run".to_owned(),
        environment: "another".to_owned(),
        ..Plan::default()
    };
    let problems = recheck(&other.encode_to_vec(), &log, None).problems;
    assert!(
        problems.iter().any(|said| said.contains("another plan")),
        "{problems:?}"
    );
}

#[test]
fn a_segment_that_was_changed_after_it_was_written() {
    let mut log = written(right());
    let mut changed = Segment::decode(log[2].as_slice()).expect("a segment");
    changed.wall_ms = 1;
    log[2] = changed.encode_to_vec();
    let problems = recheck(&plan(), &log, None).problems;
    assert!(
        problems
            .iter()
            .any(|said| said.contains("another predecessor")),
        "{problems:?}"
    );
}

#[test]
fn fewer_segments_than_were_durable() {
    let log = written(right());
    assert_eq!(
        recheck(&plan(), &log, Some(6)).problems,
        Vec::<String>::new()
    );
    let problems = recheck(&plan(), &log, Some(7)).problems;
    assert!(
        problems.iter().any(|said| said.contains("fewer than")),
        "{problems:?}"
    );
}

/// The file that these segments make.
fn file(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"muster log 1\n\0\0\0".to_vec();
    let mut previous = [0_u8; 32];
    for (position, payload) in (0_u64..).zip(segments) {
        let mut checked = 1_u64.to_le_bytes().to_vec();
        checked.extend(position.to_le_bytes());
        checked.extend(previous);
        checked.extend(payload);
        file.extend(u32::try_from(payload.len()).expect("short").to_le_bytes());
        file.extend(crc32c::crc32c(&checked).to_le_bytes());
        file.extend(checked);
        previous = Sha256::digest(payload).into();
    }
    file
}

#[test]
fn a_file_gives_its_segments_back() {
    let log = written(right());
    assert_eq!(segments(&file(&log), None), Ok(log.clone()));
    assert_eq!(
        recheck_file(&plan(), &file(&log), None),
        recheck(&plan(), &log, None)
    );
}

#[test]
fn a_file_that_was_spoilt_is_not_read() {
    let log = written(right());
    let good = file(&log);
    assert_eq!(segments(&good[1..], None), Err(Broken::NoMagic));
    assert!(matches!(
        segments(&good[..good.len() - 1], None),
        Err(Broken::CutShort(_))
    ));
    let mut flipped = good.clone();
    flipped[30] ^= 1;
    assert!(matches!(
        segments(&flipped, None),
        Err(Broken::Checksum(16))
    ));
    let mut without_second = log.clone();
    without_second.remove(1);
    assert_eq!(
        segments(&file(&without_second), None).map(|read| read.len()),
        Ok(5)
    );
    let problems = recheck_file(&plan(), &file(&without_second), None).problems;
    assert!(
        problems
            .iter()
            .any(|said| said.contains("out of its place")),
        "{problems:?}"
    );
}
