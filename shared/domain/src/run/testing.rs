//! Plans, results and events for tests of the fold and of the schedule.

use std::time::Duration;

use crate::event::RunEvent;
use crate::ids::{
    AttemptId, CaseId, Digest, Region, RunId, SessionId, SuiteName, Term, TestId, WorkerId,
};
use crate::outcome::{Evidence, Outcome};
use crate::plan::{OnWorkerLoss, Plan, PlannedCase, PlannedRegion, Tier};
use crate::record::{CaseResult, Preflight};
use crate::run::Run;

pub(crate) fn planned(test: &str, region: PlannedRegion) -> PlannedCase {
    let (suite, test) = (SuiteName::from("suite"), TestId::from(test));
    PlannedCase {
        id: PlannedCase::make_id(&suite, &test, None, &region),
        suite,
        test,
        title: String::new(),
        group: None,
        tier: Tier::P1,
        region,
        row: None,
        legs: Vec::new(),
        timeout: Duration::from_secs(30),
        exclusive: false,
        on_worker_loss: OnWorkerLoss::Rerun,
        declared_skip: None,
        retries: 0,
        file: String::new(),
        line: 1,
    }
}

pub(crate) fn plan(cases: Vec<PlannedCase>) -> Plan {
    Plan {
        run: RunId::from("run"),
        created_at_ms: 0,
        environment: "staging".to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: None,
        regions: vec![Region::from("east"), Region::from("west")],
        suites: Vec::new(),
        cases,
        gate: None,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(600),
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: Digest::from("bundle"),
        made_by: "test".to_owned(),
    }
}

pub(crate) fn id(test: &str) -> CaseId {
    let region = if test == "c" { "any" } else { "east" };
    CaseId::from(format!("suite::{test}@{region}"))
}

pub(crate) fn result(test: &str, outcome: Outcome) -> CaseResult {
    CaseResult {
        case: id(test),
        outcome,
        reason: String::new(),
        evidence: Evidence {
            exchanges: 1,
            bytes_sent: 1,
            bytes_received: 1,
            checks: 1,
        },
        duration: Duration::from_millis(5),
        started_at_ms: 0,
        trace_id: String::new(),
        tries: 1,
        flaky: false,
        region: Region::from("east"),
        worker: WorkerId::from("east-1"),
        fingerprint: String::new(),
        record: None,
        proof: None,
    }
}

pub(crate) fn begun(plan: Plan) -> Run {
    let mut run = Run::new(plan);
    let joined = |worker: &str, region: &str| RunEvent::WorkerJoined {
        worker: WorkerId::from(worker),
        region: Region::from(region),
        slots: 2,
        incarnation: 1.into(),
    };
    let probed = |region: &str| RunEvent::RegionProbed {
        region: Region::from(region),
        preflight: Preflight {
            green: region == "east",
            ..Preflight::default()
        },
    };
    let opened = RunEvent::RunOpened {
        run: RunId::from("run"),
        plan: Digest::from("plan"),
        bundle: Digest::from("bundle"),
    };
    for event in [
        opened,
        term(1),
        joined("east-1", "east"),
        joined("west-1", "west"),
        probed("east"),
        probed("west"),
    ] {
        run.apply(&event).expect("a run begins so");
    }
    run
}

pub(crate) fn term(term: u64) -> RunEvent {
    RunEvent::TermStarted {
        term: Term(term),
        leader: "leader".to_owned(),
        format: 1,
    }
}

pub(crate) fn leased(attempt: u64, tests: &[&str]) -> RunEvent {
    RunEvent::ShardLeased {
        attempt: AttemptId(attempt),
        worker: WorkerId::from("east-1"),
        session: SessionId(1),
        region: Region::from("east"),
        cases: tests.iter().map(|test| id(test)).collect(),
    }
}

pub(crate) fn settled(attempt: u64, seq: u64, test: &str, outcome: Outcome) -> RunEvent {
    RunEvent::CaseSettled {
        attempt: AttemptId(attempt),
        seq,
        result: result(test, outcome),
    }
}

pub(crate) fn lost(attempt: u64) -> RunEvent {
    RunEvent::AttemptLost {
        attempt: AttemptId(attempt),
        why: "gone".to_owned(),
        blames: true,
    }
}
