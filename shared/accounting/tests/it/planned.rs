//! Plans for the simulation, and what is true of each case, so that a phantom can be told.

use std::time::Duration;

use domain::plan::{Leg, OnWorkerLoss};
use domain::record::CaseResult;
use domain::{
    AttemptId, CaseId, Digest, Evidence, Outcome, Plan, PlannedCase, PlannedRegion, Region, RunId,
    SuiteName, TestId, Tier, WorkerId,
};

use crate::chance::Chance;

pub(crate) const REGIONS: [&str; 2] = ["east", "west"];
pub(crate) const DEADLINE: Duration = Duration::from_secs(400);
pub(crate) const BUNDLE: &[u8] = b"bundle";

pub(crate) fn plan(chance: &mut Chance, number: u64) -> Plan {
    let n_cases = chance.within(4..24);
    let cases = (0..n_cases).map(|place| case(chance, place)).collect();
    Plan {
        run: RunId::from(format!("run-{number}")),
        created_at_ms: 0,
        environment: "simulated".to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: None,
        regions: REGIONS.map(Region::from).to_vec(),
        suites: Vec::new(),
        cases,
        gate: None,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: DEADLINE,
        max_fail: chance.percent(5).then_some(3),
        completes: None,
        carried: Vec::new(),
        bundle: accounting::digest::of(BUNDLE),
        made_by: "simulation".to_owned(),
    }
}

fn case(chance: &mut Chance, place: u64) -> PlannedCase {
    let region = match chance.within(0..3) {
        0 => PlannedRegion::Any,
        1 => PlannedRegion::Named(Region::from(REGIONS[0])),
        _ => PlannedRegion::Named(Region::from(REGIONS[1])),
    };
    let kind = match chance.within(0..100) {
        0..60 => "passes",
        60..75 => "fails",
        75..85 => "bare",
        85..92 => "long",
        _ => "poison",
    };
    let (suite, test) = (SuiteName::from(kind), TestId::from(format!("{place:03}")));
    let leg = Leg {
        role: None,
        region: None,
    };
    PlannedCase {
        id: PlannedCase::make_id(&suite, &test, None, &region),
        suite,
        test,
        title: String::new(),
        group: None,
        tier: if chance.percent(50) {
            Tier::P1
        } else {
            Tier::P2
        },
        region,
        row: None,
        legs: vec![leg],
        timeout: Duration::from_secs(60),
        exclusive: chance.percent(4),
        on_worker_loss: match chance.percent(5) {
            true => OnWorkerLoss::Lost,
            false => OnWorkerLoss::Rerun,
        },
        declared_skip: None,
        retries: 0,
        file: String::new(),
        line: 1,
    }
}

pub(crate) fn is_poison(case: &CaseId) -> bool {
    case.as_str().starts_with("poison")
}

/// How long an execution takes, in milliseconds.
pub(crate) fn duration_ms(chance: &mut Chance, case: &CaseId) -> u64 {
    match case.as_str().starts_with("long") {
        true => chance.within(15_000..45_000),
        false => chance.within(50..6_000),
    }
}

/// What this execution gives; `bare` says passed and shows nothing.
pub(crate) fn result(
    case: &CaseId,
    attempt: AttemptId,
    region: &Region,
    worker: &WorkerId,
) -> (CaseResult, Vec<u8>) {
    let (outcome, n) = match case.as_str() {
        text if text.starts_with("fails") => (Outcome::Failed, 1),
        text if text.starts_with("bare") => (Outcome::Passed, 0),
        _ => (Outcome::Passed, 1),
    };
    let has_record = !case.as_str().len().is_multiple_of(3);
    let record = match has_record {
        true => format!("{case} in attempt {attempt}").into_bytes(),
        false => Vec::new(),
    };
    let name: Option<Digest> = has_record.then(|| accounting::digest::of(&record));
    let result = CaseResult {
        case: case.clone(),
        outcome,
        reason: match outcome {
            Outcome::Failed => "check_failed: told to".to_owned(),
            _ => String::new(),
        },
        evidence: Evidence {
            exchanges: n,
            bytes_sent: n,
            bytes_received: n,
            checks: n,
        },
        duration: Duration::from_millis(attempt.0),
        started_at_ms: 0,
        trace_id: String::new(),
        tries: 1,
        flaky: false,
        region: region.clone(),
        worker: worker.clone(),
        fingerprint: "revision 1".to_owned(),
        record: name,
    };
    (result, record)
}

/// The outcome that a counted result of the case must have.
pub(crate) fn truth(case: &CaseId) -> Outcome {
    match case.as_str() {
        text if text.starts_with("fails") => Outcome::Failed,
        text if text.starts_with("bare") => Outcome::Unproven,
        _ => Outcome::Passed,
    }
}
