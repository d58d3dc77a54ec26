//! Plans for the simulation, and what is true of each case, so that a phantom can be told.
//!
//! The suite's name says what executing its cases gives.

use std::time::Duration;

use domain::gate::{Gate, TierGate, Tolerance};
use domain::plan::{Caps, DeclaredSkip, Leg, OnWorkerLoss};
use domain::record::CaseResult;
use domain::{
    AttemptId, CaseId, Digest, Evidence, Outcome, Plan, PlannedCase, PlannedRegion, Region, RunId,
    SuiteName, TestId, Tier, WorkerId,
};

use crate::chance::Chance;
use crate::shape::{self, Shape};

pub(crate) const REGIONS: [&str; 2] = ["east", "west"];
const ENVIRONMENTS: [&str; 3] = ["staging", "staging", "laboratory"];
pub(crate) const DEADLINE: Duration = Duration::from_secs(400);
pub(crate) const BUNDLE: &[u8] = b"bundle";
/// Stands in every record, and nowhere else.
pub(crate) const CANARY: &[u8] = b"what-was-recorded";

pub(crate) fn plan(chance: &mut Chance, number: u64, shape: &Shape) -> Plan {
    let n_cases = chance.within(shape.n_cases.0..shape.n_cases.1);
    let is_sunny = chance.percent(25);
    let mut cases: Vec<_> = (0..n_cases)
        .map(|place| {
            let kind = kind(chance, is_sunny, shape.is_big);
            let mut case = case(chance, place, kind);
            if shape.is_big {
                anywhere(&mut case);
            }
            case
        })
        .collect();
    let has_caps = chance.percent(if shape.is_capped { 85 } else { 3 }) && !shape.is_big;
    if has_caps {
        // Under caps all workers have few cases at a time, so that runs take long enough.
        cases.truncate(12);
    }
    Plan {
        run: RunId::from(format!("run-{number}")),
        created_at_ms: 0,
        environment: chance.pick(&ENVIRONMENTS).unwrap_or_default().to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: has_caps.then(|| caps(chance, shape)),
        regions: REGIONS.map(Region::from).to_vec(),
        suites: Vec::new(),
        cases,
        gate: chance.percent(40).then(gate),
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

/// Mostly what the environment says to every run; how many users one test needs is the plan's.
fn caps(chance: &mut Chance, shape: &Shape) -> Caps {
    let (rps, users) = match chance.percent(85) {
        true => shape.limits,
        false => shape::limits(chance),
    };
    Caps {
        rps,
        users,
        users_at_once: u32::try_from(chance.within(1..4)).unwrap_or(1),
    }
}

/// Of a thousand cases, those that run one by one would take all the time there is; and to offer
/// what waits for one region to every idle worker of the other, again and again, takes ours.
fn anywhere(case: &mut PlannedCase) {
    case.exclusive = false;
    if case.is_gang() {
        return;
    }
    case.region = PlannedRegion::Any;
    case.id = PlannedCase::make_id(&case.suite, &case.test, None, &case.region);
}

/// Nothing is tolerated.
fn gate() -> Gate {
    let none = Tolerance::Tests(0);
    let tier = |tier| TierGate {
        tier,
        failed: none,
        not_proven: none,
        flaky: none,
    };
    Gate {
        name: "strict".to_owned(),
        tiers: vec![tier(Tier::P1), tier(Tier::P2)],
        tolerated_skips: Vec::new(),
        retries_failed: false,
        proven_checks: None,
    }
}

fn kind(chance: &mut Chance, is_sunny: bool, is_big: bool) -> &'static str {
    let drawn = chance.within(0..1_000);
    match drawn {
        0..850 if is_sunny => "passes",
        _ if is_sunny => "long",
        0..380 => "passes",
        380..420 => "fails",
        420..770 => "wavers",
        770..840 => "bare",
        840..890 => "long",
        890..916 => "gang",
        916..920 => "twins",
        920..930 => "skipped",
        930..940 => "hangs",
        _ if is_big && drawn < 990 => "passes",
        _ => "poison",
    }
}

fn case(chance: &mut Chance, place: u64, kind: &str) -> PlannedCase {
    let region = match chance.within(0..3) {
        0 => PlannedRegion::Any,
        1 => PlannedRegion::Named(Region::from(REGIONS[0])),
        _ => PlannedRegion::Named(Region::from(REGIONS[1])),
    };
    let (suite, test) = (SuiteName::from(kind), TestId::from(format!("{place:04}")));
    // Twins want to be in one place, where they can't be.
    let roles = |second: &str| {
        vec![
            ("writer".to_owned(), REGIONS[0].into()),
            ("reader".to_owned(), second.into()),
        ]
    };
    let region = match kind {
        "gang" => PlannedRegion::Roles(roles(REGIONS[1])),
        "twins" => PlannedRegion::Roles(roles(REGIONS[0])),
        _ => region,
    };
    let legs = match &region {
        PlannedRegion::Roles(roles) => roles
            .iter()
            .map(|(role, region)| Leg {
                role: Some(role.clone()),
                region: Some(region.clone()),
            })
            .collect(),
        PlannedRegion::Any | PlannedRegion::Named(_) => vec![Leg {
            role: None,
            region: None,
        }],
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
        legs,
        timeout: Duration::from_secs(60),
        exclusive: chance.percent(2),
        on_worker_loss: match chance.percent(5) {
            true => OnWorkerLoss::Lost,
            false => OnWorkerLoss::Rerun,
        },
        declared_skip: (kind == "skipped").then_some(DeclaredSkip::Quarantined),
        retries: 0,
        file: String::new(),
        line: 1,
    }
}

fn is_of(case: &CaseId, kind: &str) -> bool {
    case.as_str().starts_with(kind)
}

pub(crate) fn is_poison(case: &CaseId) -> bool {
    is_of(case, "poison")
}

/// Its executions now and then give no result until they are stopped.
pub(crate) fn may_hang(case: &CaseId) -> bool {
    is_of(case, "hangs")
}

/// How long an execution takes, in milliseconds.
pub(crate) fn duration_ms(chance: &mut Chance, case: &CaseId, is_big: bool) -> u64 {
    match (is_of(case, "long"), is_big) {
        (true, _) => chance.within(15_000..45_000),
        (false, true) => chance.within(2_000..40_000),
        (false, false) => chance.within(50..6_000),
    }
}

/// What this execution gives; `bare` says passed and shows nothing.
pub(crate) fn result(
    case: &CaseId,
    attempt: AttemptId,
    region: &Region,
    worker: &WorkerId,
) -> (CaseResult, Vec<u8>) {
    let told = told(case, attempt);
    let n = u64::from(!is_of(case, "bare"));
    let has_record = !case.as_str().len().is_multiple_of(3);
    let record = match has_record {
        true => [CANARY, format!("{case} in attempt {attempt}").as_bytes()].concat(),
        false => Vec::new(),
    };
    let name: Option<Digest> = has_record.then(|| accounting::digest::of(&record));
    let result = CaseResult {
        case: case.clone(),
        outcome: told,
        reason: match told {
            // Some say more than the ledger takes.
            Outcome::Failed if attempt.0.is_multiple_of(3) => {
                format!("check_failed: {}", "a".repeat(500))
            }
            Outcome::Failed => "check_failed: told to".to_owned(),
            _ => String::new(),
        },
        evidence: Evidence {
            exchanges: n * (1 + attempt.0 % 7),
            bytes_sent: n * attempt.0,
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
        proof: None,
    };
    (result, record)
}

fn told(case: &CaseId, attempt: AttemptId) -> Outcome {
    let wavers = is_of(case, "wavers") && attempt.0.is_multiple_of(2);
    let leg_fails = is_of(case, "gang") && attempt.0.is_multiple_of(7);
    let fails = is_of(case, "fails") || wavers || leg_fails;
    if fails {
        Outcome::Failed
    } else {
        Outcome::Passed
    }
}

/// The outcome that a counted result of the case must have.
pub(crate) fn truth(case: &CaseId, attempt: AttemptId) -> Outcome {
    match is_of(case, "bare") {
        true => Outcome::Unproven,
        false => told(case, attempt),
    }
}
