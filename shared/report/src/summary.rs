//! Every figure of a report, gathered once from the fold of a run log and the records it names.
//!
//! Nothing is rendered here and nothing is judged: the verdict is the one in the log. A run that
//! goes on gives a summary too, without a verdict and with open cases.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::gate::Verdict;
use domain::ids::{CaseId, Digest, Region, RunId};
use domain::outcome::Totals;
use domain::plan::{Plan, Tier};
use domain::proven::ProvenChecks;
use domain::record::{CaseRecord, Preflight};
use domain::run::{ClosedGate, EnvironmentChange, Run, Stop};
use domain::value::{self, Value};
use domain::verdict::Findings;

use crate::json::Previous;

mod case_line;
mod cause;
mod comparison;
mod fleet;
mod gap;
mod group;
mod lookup;
mod response_times;
mod signature;
mod target;
mod touched;

pub use case_line::{CaseLine, TryLine};
pub(crate) use cause::actual;
pub use cause::{Cause, FalseCheck};
pub use comparison::Comparison;
pub use fleet::{AsideLine, Fleet, Leases, ServerSpans, WorkerLine};
pub use gap::Gap;
pub use group::{Group, MatrixRow, TestCounts};
pub use lookup::CaseNotFound;
pub use response_times::{ResponseTimes, TestTimes, Times};
pub use signature::Signature;
pub use target::Target;
pub use touched::Touched;

/// All that a report says.
#[derive(Clone, Debug)]
pub struct Summary {
    pub run: RunId,
    /// The run that this one completes; its proven outcomes were taken over.
    pub completes: Option<RunId>,
    pub environment: String,
    pub regions: Vec<Region>,
    pub gate: Option<String>,
    pub made_by: String,
    /// Unix time in milliseconds at which the plan was made.
    pub created_at_ms: u64,
    /// Elapsed time of the run, downtime included.
    pub elapsed: Duration,
    /// The verdict as logged; `None` while the run goes on.
    pub verdict: Option<Verdict>,
    pub totals: Totals,
    /// Cases without an outcome yet.
    pub open: u64,
    pub tests: TestCounts,
    pub tiers: Vec<Group>,
    pub suites: Vec<Group>,
    /// By tier and the groups that tests give; empty when no test gives one.
    pub groups: Vec<Group>,
    /// By planned region: a name, `any`, or the roles' regions joined by `+`.
    pub by_region: Vec<Group>,
    pub matrix: Vec<MatrixRow>,
    /// In the plan's order.
    pub cases: Vec<CaseLine>,
    /// What went wrong in executed cases, one entry per cause.
    pub signatures: Vec<Signature>,
    /// What was not shown, by outcome and reason.
    pub gaps: Vec<Gap>,
    /// `None` when there is no earlier gated run to compare with.
    pub comparison: Option<Comparison>,
    pub response_times: Vec<ResponseTimes>,
    /// By test and region, against the targets that tests set.
    pub test_times: Vec<TestTimes>,
    pub touched: Touched,
    pub value: Value,
    /// How many checks can fail; `None` when the gate does not ask.
    pub proven: Option<ProvenChecks>,
    pub fleet: Fleet,
    /// Whoever keeps the environment's own spans says how many; `None` until then.
    pub server_spans: Option<ServerSpans>,
    pub preflights: BTreeMap<Region, Preflight>,
    pub lock_problems: Vec<String>,
    /// Tiers of the plan that the gate does not name.
    pub ungated_tiers: Vec<Tier>,
    pub gates_closed: Vec<ClosedGate>,
    pub environment_changes: Vec<EnvironmentChange>,
    pub stop: Option<Stop>,
    /// Results that name a record which could not be read.
    pub missing_records: u64,
}

/// Where the record of a result is read from, by its digest.
pub type Records<'store> = &'store dyn Fn(&Digest) -> Option<CaseRecord>;

impl Summary {
    /// Folds a run and its records into a summary. `previous` is the last gated run's report, if
    /// there is one to compare with.
    pub fn of(run: &Run, records: Records<'_>, previous: Option<&Previous>) -> Self {
        let plan = run.plan();
        let cases = case_line::collect(run, records);
        let names: Vec<_> = plan
            .suites
            .iter()
            .map(|suite| (suite.name.clone(), suite.tier))
            .collect();
        Self {
            run: plan.run.clone(),
            completes: plan.completes.clone(),
            environment: plan.environment.clone(),
            regions: plan.regions.clone(),
            gate: plan.gate.as_ref().map(|gate| gate.name.clone()),
            made_by: plan.made_by.clone(),
            created_at_ms: plan.created_at_ms,
            elapsed: run.elapsed(),
            verdict: run.verdict().cloned(),
            totals: run.totals(),
            open: u64::try_from(run.n_open()).unwrap_or(u64::MAX),
            tests: TestCounts::of(&cases.iter().collect::<Vec<_>>()),
            tiers: group::by_tier(run, &cases),
            suites: group::by_suite(run, &cases, &names),
            groups: group::by_group(&cases),
            by_region: group::by_region(run, &cases),
            matrix: group::matrix(&cases),
            signatures: signature::collect(&cases),
            gaps: gap::collect(&cases),
            comparison: previous.map(|previous| comparison::compare(previous, &cases)),
            response_times: response_times::by_tier(&cases),
            test_times: response_times::by_test(&cases),
            touched: Touched::by(&cases),
            value: value::assess(plan, &Findings::of(run)),
            proven: ProvenChecks::of(plan, &Findings::of(run)),
            fleet: fleet::collect(run, &cases),
            server_spans: None,
            preflights: run.preflights().clone(),
            lock_problems: plan.lock_problems.clone(),
            ungated_tiers: ungated_tiers(plan),
            gates_closed: run.gates_closed().to_vec(),
            environment_changes: run.environment_changes().to_vec(),
            stop: run.stop().cloned(),
            missing_records: count(cases.iter().filter(|case| case.is_record_missing)),
            cases,
        }
    }

    /// The case of this id.
    pub fn case(&self, id: &CaseId) -> Option<&CaseLine> {
        self.cases.iter().find(|case| case.id == *id)
    }

    /// Cases marked flaky, in the plan's order.
    pub fn flaky(&self) -> Vec<&CaseLine> {
        self.cases.iter().filter(|case| case.is_flaky).collect()
    }

    /// The executed cases that took longest, longest first.
    pub fn slowest(&self, limit: usize) -> Vec<&CaseLine> {
        let mut executed: Vec<_> = self.cases.iter().filter(|case| case.tries > 0).collect();
        executed.sort_by_key(|case| (std::cmp::Reverse(case.duration), &case.id));
        executed.truncate(limit);
        executed
    }

    /// `GO`, …, or `undecided` while the run goes on.
    pub fn word(&self) -> &'static str {
        self.verdict
            .as_ref()
            .map_or("undecided", |verdict| verdict.word.word())
    }
}

fn ungated_tiers(plan: &Plan) -> Vec<Tier> {
    let Some(gate) = &plan.gate else {
        return Vec::new();
    };
    let is_planned = |tier: &Tier| plan.cases.iter().any(|case| case.tier == *tier);
    let is_named = |tier: &Tier| gate.tiers.iter().any(|entry| entry.tier == *tier);
    Tier::ALL
        .into_iter()
        .filter(|tier| is_planned(tier) && !is_named(tier))
        .collect()
}

fn count<Item>(items: impl Iterator<Item = Item>) -> u64 {
    items.fold(0, |count, _| count + 1)
}
