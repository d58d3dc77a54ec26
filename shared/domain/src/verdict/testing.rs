//! Makers of small plans and findings, for the tests of verdict and value.

use std::time::Duration;

use super::{CaseFinding, Findings};
use crate::gate::{Gate, TierGate, Tolerance};
use crate::ids::{Digest, Region, RunId, SuiteName, TestId};
use crate::outcome::{Evidence, Outcome};
use crate::plan::{Leg, OnWorkerLoss, Plan, PlannedCase, PlannedRegion, PlannedSuite, Tier};

/// 2026-03-01T12:00:00Z.
pub(crate) const MADE_AT_MS: u64 = 1_772_366_400_000;

pub(crate) const PROOF: Evidence = Evidence {
    exchanges: 1,
    bytes_sent: 10,
    bytes_received: 20,
    checks: 1,
};

pub(crate) fn plan(gate: Option<Gate>, suites: &[(&str, Tier, usize)]) -> Plan {
    let suites_of: Vec<_> = suites
        .iter()
        .map(|(name, tier, _)| suite(name, *tier))
        .collect();
    let cases = suites.iter().flat_map(|(name, tier, tests)| {
        (1..=*tests).flat_map(move |n| ["eu", "us"].map(|region| case(name, *tier, n, region)))
    });
    Plan {
        run: RunId::from("run-1"),
        created_at_ms: MADE_AT_MS,
        environment: "staging".to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: None,
        regions: vec![Region::from("eu"), Region::from("us")],
        suites: suites_of,
        cases: cases.collect(),
        gate,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(60),
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: Digest::from("00"),
        made_by: "muster 0".to_owned(),
    }
}

fn suite(name: &str, tier: Tier) -> PlannedSuite {
    PlannedSuite {
        name: SuiteName::from(name),
        tier,
        value: None,
        owner: None,
        file: format!("{name}.yaml"),
    }
}

fn case(suite: &str, tier: Tier, n: usize, region: &str) -> PlannedCase {
    let (suite, test) = (SuiteName::from(suite), TestId::from(format!("t{n}")));
    let region = PlannedRegion::Named(Region::from(region));
    PlannedCase {
        id: PlannedCase::make_id(&suite, &test, None, &region),
        suite,
        test,
        title: String::new(),
        group: None,
        tier,
        region,
        row: None,
        legs: vec![Leg {
            role: None,
            region: None,
        }],
        timeout: Duration::from_secs(60),
        exclusive: false,
        on_worker_loss: OnWorkerLoss::Rerun,
        declared_skip: None,
        retries: 0,
        file: "p.yaml".to_owned(),
        line: 1,
    }
}

pub(crate) fn release() -> Gate {
    let entry = |tier, failed, flaky| TierGate {
        tier,
        failed,
        not_proven: Tolerance::Tests(0),
        flaky,
    };
    let (none, five) = (Tolerance::Tests(0), Tolerance::BelowPercent(5));
    Gate {
        name: "release".to_owned(),
        tiers: vec![
            entry(Tier::P1, none, none),
            entry(Tier::P2, five, five),
            entry(Tier::P3, Tolerance::BelowPercent(10), five),
        ],
        tolerated_skips: Vec::new(),
        retries_failed: false,
        proven_checks: None,
    }
}

pub(crate) fn all_passed(plan: &Plan) -> Findings {
    let cases = plan.cases.iter().map(|case| CaseFinding {
        case: case.id.clone(),
        outcome: Outcome::Passed,
        reason: String::new(),
        flaky: false,
        evidence: PROOF,
        proof: None,
    });
    Findings {
        cases: cases.collect(),
        integrity: Vec::new(),
    }
}

/// Ends every case of the named tests so.
pub(crate) fn end(findings: &mut Findings, tests: &[&str], outcome: Outcome, reason: &str) {
    for finding in &mut findings.cases {
        if tests
            .iter()
            .any(|test| finding.case.as_str().starts_with(&format!("{test}@")))
        {
            finding.outcome = outcome;
            finding.reason = reason.to_owned();
        }
    }
}
