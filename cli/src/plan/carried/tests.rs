//! No mark on a result and no doubt about a run is lost when it is completed.

use std::time::Duration;

use domain::event::RunEvent;
use domain::plan::{Leg, OnWorkerLoss, PlannedCase, PlannedRegion, Tier};
use domain::record::{CaseResult, Preflight};
use domain::run::Run;
use domain::{
    AttemptId, Digest, Evidence, Outcome, Plan, Region, RunId, SessionId, SuiteName, Term, TestId,
    Verdict, VerdictWord, WorkerId,
};

use super::take_over;

fn case(test: &str) -> PlannedCase {
    let (suite, test) = (SuiteName::from("suite"), TestId::from(test));
    let region = PlannedRegion::Named(Region::from("eu"));
    PlannedCase {
        id: PlannedCase::make_id(&suite, &test, None, &region),
        suite,
        test,
        title: String::new(),
        group: None,
        tier: Tier::P1,
        region,
        row: None,
        legs: vec![Leg {
            role: None,
            region: None,
        }],
        timeout: Duration::from_secs(1),
        exclusive: false,
        on_worker_loss: OnWorkerLoss::Rerun,
        declared_skip: None,
        retries: 0,
        file: "suite.yaml".to_owned(),
        line: 1,
    }
}

fn plan() -> Plan {
    let text = wire::bundle::encode(&wire::Bundle {
        files: Vec::new(),
        environment: String::new(),
        vars: Vec::new(),
    });
    Plan {
        run: RunId::from("earlier"),
        created_at_ms: 0,
        environment: "staging".to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: None,
        regions: vec![Region::from("eu")],
        suites: Vec::new(),
        cases: vec![case("a"), case("b")],
        gate: None,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(9),
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: wire::digest::of(&text),
        made_by: "test".to_owned(),
    }
}

fn result(test: &str, outcome: Outcome) -> CaseResult {
    CaseResult {
        case: case(test).id,
        outcome,
        reason: String::new(),
        evidence: Evidence {
            exchanges: 1,
            bytes_sent: 1,
            bytes_received: 1,
            checks: 1,
        },
        duration: Duration::from_millis(1),
        started_at_ms: 0,
        trace_id: String::new(),
        tries: 1,
        flaky: false,
        region: Region::from("eu"),
        worker: WorkerId::from("eu-1"),
        fingerprint: "A".to_owned(),
        record: None,
        proof: None,
    }
}

fn leased(attempt: u64) -> RunEvent {
    RunEvent::ShardLeased {
        attempt: AttemptId(attempt),
        worker: WorkerId::from("eu-1"),
        session: SessionId(1),
        region: Region::from("eu"),
        cases: vec![case("a").id],
    }
}

fn lost() -> RunEvent {
    RunEvent::AttemptLost {
        attempt: AttemptId(1),
        why: "gone".to_owned(),
        blames: true,
    }
}

fn kept(outcome: Outcome) -> RunEvent {
    RunEvent::ResultKept {
        attempt: AttemptId(1),
        seq: 1,
        result: result("a", outcome),
        why: "fenced".to_owned(),
    }
}

fn settled(attempt: u64, outcome: Outcome) -> RunEvent {
    RunEvent::CaseSettled {
        attempt: AttemptId(attempt),
        seq: 1,
        result: result("a", outcome),
    }
}

/// A run in which `a` is leased, and what then happened.
fn run(then: &[RunEvent]) -> Run {
    let mut run = Run::new(plan());
    let begin = [
        RunEvent::RunOpened {
            run: RunId::from("earlier"),
            plan: Digest::from("plan"),
            bundle: Digest::from("bundle"),
        },
        RunEvent::TermStarted {
            term: Term(1),
            leader: "leader".to_owned(),
            format: 1,
        },
        RunEvent::WorkerJoined {
            worker: WorkerId::from("eu-1"),
            region: Region::from("eu"),
            slots: 1,
            incarnation: 1.into(),
        },
        RunEvent::RegionProbed {
            region: Region::from("eu"),
            preflight: Preflight {
                green: true,
                probes: Vec::new(),
                fingerprint: "A".to_owned(),
            },
        },
        leased(1),
    ];
    for event in begin.iter().chain(then) {
        run.apply(event).expect("a legal event");
    }
    run
}

#[track_caller]
fn refused(run: &Run, why: &str) {
    let error = take_over(run).expect_err("refused").to_string();
    assert!(error.contains(why), "{error}");
    assert!(error.ends_with("run it anew with `muster run`"), "{error}");
}

#[test]
fn a_failure_kept_beside_a_pass_goes_along_as_a_mark() {
    let events = [
        lost(),
        kept(Outcome::Failed),
        leased(2),
        settled(2, Outcome::Passed),
    ];
    let carried = take_over(&run(&events)).expect("fit");
    let flaky: Vec<_> = carried.iter().map(|one| (&one.case, one.flaky)).collect();
    assert_eq!(flaky, [(&case("a").id, true)]);
    let clean = take_over(&run(&[settled(1, Outcome::Passed)])).expect("fit");
    assert!(!clean[0].flaky);
}

#[test]
fn a_failure_that_no_outcome_shows_is_not_completed_away() {
    let run = run(&[lost(), kept(Outcome::Failed)]);
    refused(&run, "a failure of suite::a@eu is known");
}

#[test]
fn a_rejected_result_is_not_completed_away() {
    let rejected = RunEvent::ResultRejected {
        attempt: AttemptId(1),
        seq: 1,
        result: result("a", Outcome::Failed),
        why: "another content".to_owned(),
    };
    refused(&run(&[rejected]), "a result of suite::a@eu was rejected");
}

#[test]
fn a_changed_environment_is_not_completed_away() {
    let changed = RunEvent::EnvironmentChanged {
        region: Region::from("eu"),
        from: "A".to_owned(),
        to: "B".to_owned(),
    };
    refused(&run(&[changed]), "not all of one environment");
}

#[test]
fn a_disagreement_of_the_two_counts_is_not_completed_away() {
    let draining = RunEvent::Draining {
        why: "told to".to_owned(),
    };
    let closed = |test: &str| RunEvent::CaseClosed {
        case: case(test).id,
        outcome: Outcome::Cancelled,
        reason: "told to".to_owned(),
    };
    let integrity = domain::verdict::Integrity::RecheckDisagrees {
        why: "one line more".to_owned(),
    };
    let findings = domain::verdict::Findings {
        cases: Vec::new(),
        integrity: vec![integrity],
    };
    let mut plan = plan();
    plan.cases.clear();
    let (word, reasons) = domain::verdict::judge(&plan, &findings);
    assert_eq!(word, VerdictWord::Incomplete);
    let ended = RunEvent::RunEnded {
        verdict: Verdict {
            word,
            reasons,
            table_hash: Digest::from("hash"),
        },
        elapsed: Duration::from_secs(1),
    };
    refused(
        &run(&[draining, closed("a"), closed("b"), ended]),
        "its two counts disagree",
    );
}

#[test]
fn what_several_regions_executed_at_once_is_not_taken_over() {
    let mut plan = plan();
    plan.cases[0].legs = ["eu", "us"]
        .map(|region| Leg {
            role: None,
            region: Some(Region::from(region)),
        })
        .to_vec();
    plan.carried = vec![result("a", Outcome::Passed)];
    let carried = RunEvent::CaseCarried {
        case: plan.cases[0].id.clone(),
    };
    let mut run = Run::new(plan.clone());
    let opened = RunEvent::RunOpened {
        run: plan.run.clone(),
        plan: Digest::from("plan"),
        bundle: plan.bundle.clone(),
    };
    let term = RunEvent::TermStarted {
        term: Term(1),
        leader: "leader".to_owned(),
        format: 1,
    };
    for event in [opened, term, carried] {
        run.apply(&event).unwrap();
    }
    refused(&run, "in several regions at once");
}
