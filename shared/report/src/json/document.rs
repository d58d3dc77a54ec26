//! The shape of `report.json`, field by field in the order written. Only data; no field is ever
//! left out, and what is not known is null.

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) format: u32,
    pub(super) run_id: String,
    pub(super) completes: Option<String>,
    pub(super) verdict: &'static str,
    pub(super) reasons: Vec<String>,
    pub(super) table_hash: Option<String>,
    pub(super) gate: Option<String>,
    pub(super) made_by: String,
    pub(super) created_at_ms: u64,
    pub(super) elapsed_ms: f64,
    pub(super) environment: Environment,
    pub(super) totals: Totals,
    pub(super) open: u64,
    pub(super) tests: Tests,
    pub(super) tiers: Vec<Group>,
    pub(super) suites: Vec<Suite>,
    pub(super) groups: Vec<Suite>,
    pub(super) regions: Vec<Group>,
    pub(super) not_exercised: Vec<Gap>,
    pub(super) unplanned_tiers: Vec<&'static str>,
    pub(super) failures: Vec<Failure>,
    pub(super) flaky: Vec<String>,
    pub(super) since: Option<Since>,
    pub(super) evidence: Touched,
    pub(super) response_times: Vec<ResponseTimes>,
    pub(super) test_times: Vec<TestTimes>,
    pub(super) value: Value,
    pub(super) proven_checks: Option<ProvenChecks>,
    pub(super) grid: Grid,
    pub(super) server_spans: Option<ServerSpans>,
    pub(super) preflight: Vec<Preflight>,
    pub(super) lock_problems: Vec<String>,
    pub(super) gates_closed: Vec<ClosedGate>,
    pub(super) environment_changes: Vec<EnvironmentChange>,
    pub(super) stop: Option<Stop>,
    pub(super) conclusions: Conclusions,
    pub(super) cases: Vec<Case>,
}

#[derive(Serialize)]
pub(super) struct Environment {
    pub(super) name: String,
    pub(super) regions: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Totals {
    pub(super) planned: u64,
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    pub(super) unproven: u64,
    pub(super) errored: u64,
    pub(super) lost: u64,
    pub(super) cancelled: u64,
}

#[derive(Serialize)]
pub(super) struct Tests {
    pub(super) planned: u64,
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) not_proven: u64,
}

#[derive(Serialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) totals: Totals,
    pub(super) tests: Tests,
    pub(super) time_ms: f64,
    pub(super) longest_ms: f64,
}

#[derive(Serialize)]
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) tier: Option<&'static str>,
    pub(super) totals: Totals,
    pub(super) tests: Tests,
    pub(super) time_ms: f64,
    pub(super) longest_ms: f64,
}

#[derive(Serialize)]
pub(super) struct Gap {
    pub(super) outcome: &'static str,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) cases: u64,
    pub(super) tests: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Failure {
    pub(super) outcome: &'static str,
    pub(super) tier: &'static str,
    pub(super) suite: String,
    pub(super) test: String,
    pub(super) title: String,
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) step: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) expected: String,
    pub(super) actual: String,
    pub(super) checks: Vec<FalseCheck>,
    pub(super) cases: Vec<String>,
    pub(super) regions: Vec<String>,
    pub(super) trace_id: String,
    pub(super) again: String,
    pub(super) look: String,
}

#[derive(Serialize)]
pub(super) struct FalseCheck {
    pub(super) step: String,
    pub(super) line: u32,
    pub(super) expression: String,
    pub(super) expected: String,
    pub(super) actual: String,
}

#[derive(Serialize)]
pub(super) struct Since {
    pub(super) run_id: String,
    pub(super) new_failures: Vec<Test>,
    pub(super) fixed: Vec<Test>,
}

#[derive(Serialize)]
pub(super) struct Test {
    pub(super) suite: String,
    pub(super) test: String,
}

#[derive(Serialize)]
pub(super) struct ResponseTimes {
    pub(super) tier: &'static str,
    pub(super) region: String,
    #[serde(flatten)]
    pub(super) times: Times,
}

#[derive(Serialize)]
pub(super) struct TestTimes {
    pub(super) tier: &'static str,
    pub(super) suite: String,
    pub(super) test: String,
    pub(super) region: String,
    #[serde(flatten)]
    pub(super) times: Times,
    pub(super) met: Option<bool>,
    pub(super) targets: Vec<Target>,
}

#[derive(Serialize)]
pub(super) struct Times {
    pub(super) count: u64,
    pub(super) total_ms: f64,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

#[derive(Serialize)]
pub(super) struct Target {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) expression: String,
    pub(super) limit_ms: f64,
    pub(super) evaluated: u64,
    pub(super) held: u64,
}

#[derive(Serialize)]
pub(super) struct Touched {
    pub(super) exchanges: u64,
    pub(super) checks: u64,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
    pub(super) recorded_exchanges: u64,
    pub(super) recorded_checks: u64,
}

#[derive(Serialize)]
pub(super) struct ServerSpans {
    pub(super) kept: u64,
    pub(super) dropped: u64,
}

#[derive(Serialize)]
pub(super) struct Value {
    pub(super) currency: String,
    pub(super) total: u64,
    pub(super) verified: u64,
    pub(super) failing: u64,
    pub(super) not_verified: u64,
    pub(super) lines: Vec<ValueLine>,
}

#[derive(Serialize)]
pub(super) struct ProvenChecks {
    pub(super) asked_percent: u32,
    pub(super) is_enough: bool,
    pub(super) is_complete: bool,
    pub(super) checks: u64,
    pub(super) can_fail: u64,
    pub(super) tests: Vec<ProvenTest>,
}

#[derive(Serialize)]
pub(super) struct ProvenTest {
    pub(super) suite: String,
    pub(super) test: String,
    pub(super) file: String,
    pub(super) checks: u64,
    pub(super) can_fail: u64,
    pub(super) survivors: Vec<Survivor>,
    pub(super) unknown: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Survivor {
    pub(super) line: u32,
    pub(super) expression: String,
}

#[derive(Serialize)]
pub(super) struct ValueLine {
    pub(super) name: String,
    pub(super) mrr: u64,
    pub(super) state: &'static str,
    pub(super) why: String,
    pub(super) tests: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Grid {
    pub(super) workers: Vec<Worker>,
    pub(super) leases: Leases,
    pub(super) kept: Vec<Aside>,
    pub(super) rejected: Vec<Aside>,
    pub(super) late: Vec<Aside>,
    pub(super) missing_records: u64,
}

#[derive(Serialize)]
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) slots: u32,
    pub(super) left: Option<String>,
    pub(super) leases: u64,
    pub(super) leases_lost: u64,
    pub(super) losses: Vec<String>,
    pub(super) reattached: u64,
    pub(super) cases: u64,
    pub(super) busy_ms: f64,
}

#[derive(Serialize)]
pub(super) struct Leases {
    pub(super) granted: u64,
    pub(super) ended: u64,
    pub(super) lost: u64,
    pub(super) open: u64,
    pub(super) reattached: u64,
    pub(super) cases: u64,
}

#[derive(Serialize)]
pub(super) struct Aside {
    pub(super) case: String,
    pub(super) attempt: u64,
    pub(super) worker: String,
    pub(super) outcome: &'static str,
    pub(super) why: String,
}

#[derive(Serialize)]
pub(super) struct Preflight {
    pub(super) region: String,
    pub(super) green: bool,
    pub(super) fingerprint: String,
    pub(super) probes: Vec<Probe>,
}

#[derive(Serialize)]
pub(super) struct Probe {
    pub(super) suite: String,
    pub(super) url: String,
    pub(super) address: String,
    pub(super) status: Option<u16>,
    pub(super) latency_ms: f64,
    pub(super) attempts: u32,
    pub(super) error: String,
}

#[derive(Serialize)]
pub(super) struct ClosedGate {
    pub(super) tier: &'static str,
    pub(super) why: String,
}

#[derive(Serialize)]
pub(super) struct EnvironmentChange {
    pub(super) region: String,
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Serialize)]
pub(super) struct Stop {
    pub(super) cause: &'static str,
    pub(super) why: String,
}

#[derive(Serialize)]
pub(super) struct Conclusions {
    pub(super) known_issues: Vec<String>,
    pub(super) risks: Vec<String>,
    pub(super) recommendations: Vec<Recommendation>,
    pub(super) conclusion: String,
}

#[derive(Serialize)]
pub(super) struct Recommendation {
    pub(super) what: String,
    pub(super) command: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) suite: String,
    pub(super) test: String,
    pub(super) title: String,
    pub(super) group: Option<String>,
    pub(super) tier: &'static str,
    pub(super) region: String,
    pub(super) planned_region: String,
    pub(super) row: Option<String>,
    pub(super) outcome: &'static str,
    pub(super) reason: String,
    pub(super) flaky: bool,
    pub(super) carried: bool,
    pub(super) duration_ms: f64,
    pub(super) started_at_ms: u64,
    pub(super) evidence: Evidence,
    pub(super) checks: Checks,
    pub(super) trace_id: String,
    pub(super) worker: Option<String>,
    pub(super) attempts: u64,
    pub(super) tries: u32,
    pub(super) tried: Vec<Try>,
    pub(super) losses: Vec<String>,
    pub(super) kept: Vec<String>,
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) response_times_ms: Vec<f64>,
    pub(super) targets: Vec<Target>,
}

#[derive(Serialize)]
pub(super) struct Evidence {
    pub(super) exchanges: u64,
    pub(super) checks: u64,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
}

#[derive(Serialize)]
pub(super) struct Checks {
    pub(super) evaluated: u64,
    pub(super) held: u64,
    pub(super) not_held: u64,
}

#[derive(Serialize)]
pub(super) struct Try {
    pub(super) failure: Option<String>,
    pub(super) exchanges: u64,
    pub(super) checks: u64,
}
