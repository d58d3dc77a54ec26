//! Plans and results for the rig.

use std::time::Duration;

use domain::plan::{Leg, OnWorkerLoss};
use domain::record::CaseResult;
use domain::{
    CaseId, Evidence, Outcome, Plan, PlannedCase, PlannedRegion, Region, RunId, SuiteName, TestId,
    Tier, WorkerId,
};

/// A result with evidence of one exchange and one check.
pub(crate) fn result(case: &CaseId, worker: &str, outcome: Outcome) -> CaseResult {
    CaseResult {
        case: case.clone(),
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
        region: Region::from(worker.split('-').next().unwrap_or_default()),
        worker: WorkerId::from(worker),
        fingerprint: "revision 1".to_owned(),
        record: None,
        proof: None,
    }
}

/// One role in each region, named after it.
fn roles(regions: &str) -> Vec<(String, Region)> {
    let regions = regions.split('+');
    regions
        .map(|region| (format!("in {region}"), Region::from(region)))
        .collect()
}

fn legs(region: &PlannedRegion) -> Vec<Leg> {
    let leg = |role: Option<&String>, region: Option<&Region>| Leg {
        role: role.cloned(),
        region: region.cloned(),
    };
    match region {
        PlannedRegion::Roles(roles) => roles
            .iter()
            .map(|(role, region)| leg(Some(role), Some(region)))
            .collect(),
        PlannedRegion::Any | PlannedRegion::Named(_) => vec![leg(None, None)],
    }
}

/// A plan of cases by name and region (`any` for any, `east+west` for a leg in each), in tier P1.
pub(crate) fn plan(run: &str, cases: &[(&str, &str)]) -> Plan {
    let suite = SuiteName::from("suite");
    let planned = cases.iter().map(|(test, region)| {
        let (test, region) = (
            TestId::from(*test),
            match *region {
                "any" => PlannedRegion::Any,
                region if region.contains('+') => PlannedRegion::Roles(roles(region)),
                region => PlannedRegion::Named(Region::from(region)),
            },
        );
        PlannedCase {
            id: PlannedCase::make_id(&suite, &test, None, &region),
            suite: suite.clone(),
            test,
            title: String::new(),
            group: None,
            tier: Tier::P1,
            legs: legs(&region),
            region,
            row: None,
            timeout: Duration::from_secs(30),
            exclusive: false,
            on_worker_loss: OnWorkerLoss::Rerun,
            declared_skip: None,
            retries: 0,
            file: String::new(),
            line: 1,
        }
    });
    Plan {
        run: RunId::from(run),
        created_at_ms: 0,
        environment: "rig".to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: None,
        regions: vec![Region::from("east"), Region::from("west")],
        suites: Vec::new(),
        cases: planned.collect(),
        gate: None,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(3_600),
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: accounting::digest::of(crate::planned::BUNDLE),
        made_by: "rig".to_owned(),
    }
}
