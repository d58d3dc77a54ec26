//! Cases of several legs: each test spoils a log that is right, or reads one that is.

use prost::Message;
use proto::v1::run_event::Event;
use proto::v1::{
    CaseResult, Draining, Leg, LegLease, LegSettled, LegsLeased, Outcome, Plan, PlannedCase,
    RunOpened,
};
use sha2::{Digest, Sha256};

use super::{closed, hex_text, lost, over, result, term, written};
use crate::{Rechecked, recheck};

fn plan() -> Vec<u8> {
    let case = PlannedCase {
        id: "across".to_owned(),
        legs: vec![Leg::default(), Leg::default()],
        ..PlannedCase::default()
    };
    Plan {
        run: "run".to_owned(),
        cases: vec![case],
        ..Plan::default()
    }
    .encode_to_vec()
}

fn opened() -> Event {
    Event::RunOpened(RunOpened {
        run: "run".to_owned(),
        plan: hex_text(&hex::encode(Sha256::digest(plan()))),
        bundle: None,
    })
}

fn leased(attempts: &[u64]) -> Event {
    let leg = |&attempt: &u64| LegLease {
        attempt,
        worker: format!("worker {attempt}"),
        ..LegLease::default()
    };
    Event::LegsLeased(LegsLeased {
        case: "across".to_owned(),
        legs: attempts.iter().map(leg).collect(),
    })
}

fn settled(attempt: u64, outcome: Outcome) -> Event {
    Event::LegSettled(LegSettled {
        attempt,
        seq: 1,
        result: result("across", outcome),
    })
}

fn read(events: Vec<Event>) -> Rechecked {
    let events = [vec![opened(), term(1)], events].concat();
    recheck(&plan(), &written(events), None)
}

fn problems(events: Vec<Event>) -> Vec<String> {
    read(events).problems
}

#[test]
fn the_last_leg_gives_the_case_its_outcome() {
    use Outcome::{Cancelled, Errored, Failed, Passed, Unproven};
    for (one, other, both) in [
        (Passed, Passed, "passed"),
        (Passed, Failed, "failed"),
        (Errored, Failed, "failed"),
        (Errored, Unproven, "errored"),
        (Passed, Unproven, "unproven"),
        (Cancelled, Failed, "cancelled"),
    ] {
        let events = vec![leased(&[1, 2]), settled(1, one), settled(2, other)];
        let read = read(events);
        assert_eq!(read.problems, Vec::<String>::new());
        assert_eq!(read.table["across"], both);
    }
}

#[test]
fn legs_are_leased_all_and_once() {
    for legs in [vec![1], vec![1, 1], vec![1, 2, 3]] {
        let said = problems(vec![leased(&legs)]);
        let wanted = "these are not its legs";
        assert!(
            said.iter().any(|problem| problem.contains(wanted)),
            "{said:?}"
        );
    }
    let again = problems(vec![leased(&[1, 2]), lost(1), leased(&[3, 4])]);
    assert!(
        again[0].contains("is not free"),
        "one leg is still under way: {again:?}"
    );
    let later = problems(vec![leased(&[1, 2]), lost(1), lost(2), leased(&[3, 4])]);
    assert_eq!(later, ["case across is planned and has no outcome"]);
}

#[test]
fn a_leg_is_settled_by_who_has_it_and_once() {
    let wanted = "which does not hold it";
    for events in [
        vec![leased(&[1, 2]), lost(1), settled(1, Outcome::Passed)],
        vec![settled(1, Outcome::Passed)],
    ] {
        let said = problems(events);
        assert!(
            said.iter().any(|problem| problem.contains(wanted)),
            "{said:?}"
        );
    }
}

#[test]
fn a_leg_that_shows_nothing_did_not_pass() {
    let bare = Event::LegSettled(LegSettled {
        attempt: 1,
        seq: 1,
        result: Some(CaseResult {
            case: "across".to_owned(),
            outcome: Outcome::Passed.into(),
            ..CaseResult::default()
        }),
    });
    let said = problems(vec![leased(&[1, 2]), bare]);
    assert!(said[0].contains("passed and nothing shows it"), "{said:?}");
}

#[test]
fn a_leg_that_failed_in_vain_makes_its_case_flaky_and_one_that_passed_does_not() {
    let marks = |in_vain, later| {
        let events = vec![
            leased(&[1, 2]),
            settled(1, in_vain),
            over(1),
            lost(2),
            leased(&[3, 4]),
            settled(3, later),
            settled(4, Outcome::Passed),
        ];
        let read = read(events);
        assert_eq!(read.problems, Vec::<String>::new());
        read.marks.contains("flaky across")
    };
    assert!(marks(Outcome::Failed, Outcome::Passed));
    assert!(!marks(Outcome::Passed, Outcome::Failed));
}

#[test]
fn legs_are_closed_by_a_drain_only() {
    let close = || closed("across", Outcome::Cancelled);
    let said = problems(vec![leased(&[1, 2]), close()]);
    assert!(said[0].contains("closed while it is leased"), "{said:?}");
    let draining = Event::Draining(Draining::default());
    assert_eq!(
        problems(vec![leased(&[1, 2]), draining, close()]),
        Vec::<String>::new()
    );
}
