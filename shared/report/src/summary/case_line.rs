//! One case as a report shows it: the plan's words, the counted outcome, and what its record says.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::{CaseId, Digest, Region, SuiteName, TestId, WorkerId};
use domain::outcome::{Evidence, Outcome};
use domain::plan::{PlannedCase, Tier};
use domain::record::{CaseRecord, CaseResult, is_of_environment};
use domain::run::{CaseFacts, Kept, Loss, Run};

use super::Records;
use super::cause::Cause;
use super::response_times;
use super::target::{self, Target};

#[derive(Clone, Debug)]
pub struct CaseLine {
    pub id: CaseId,
    pub suite: SuiteName,
    pub test: TestId,
    pub title: String,
    /// Heading that the suite gives its test.
    pub group: Option<String>,
    pub tier: Tier,
    /// As planned: a region, `any`, or the roles' regions joined by `+`.
    pub planned_region: String,
    /// Where it was executed; `None` when it was not.
    pub region: Option<Region>,
    pub row: Option<String>,
    /// `None` while the case is open.
    pub outcome: Option<Outcome>,
    pub reason: String,
    pub is_flaky: bool,
    /// Its outcome was taken over from the run that this one completes.
    pub is_carried: bool,
    pub evidence: Evidence,
    pub duration: Duration,
    /// Unix time in milliseconds by the worker's clock; 0 when the case was not executed.
    pub started_at_ms: u64,
    pub trace_id: String,
    pub worker: Option<WorkerId>,
    /// Leases that the case was part of.
    pub attempts: u64,
    /// Tries that the counted result made.
    pub tries: u32,
    pub tried: Vec<TryLine>,
    /// The counted result's record; `None` when nothing was recorded.
    pub record: Option<Digest>,
    /// Checks of the last try, and how many of them were false.
    pub checks: u64,
    pub checks_false: u64,
    /// Why the last try did not pass, as far as its record tells.
    pub cause: Option<Cause>,
    /// Why earlier leases of the case ended without its result.
    pub losses: Vec<String>,
    /// The workers that these leases were lost with.
    pub lost_with: Vec<WorkerId>,
    /// Results of other leases that are kept beside the counted one.
    pub kept: Vec<String>,
    pub file: String,
    pub line: u32,
    /// Milliseconds of each answered exchange, over all tries.
    pub times: Vec<f64>,
    /// What its checks allow a time to be, and how often that held.
    pub targets: Vec<Target>,
    /// Where logins and refreshes are written.
    pub environment_file: String,
    pub(super) is_record_missing: bool,
}

/// One try of a case: whether it passed, and in a sentence why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryLine {
    pub failure: Option<String>,
    pub exchanges: u64,
    pub checks: u64,
}

impl CaseLine {
    /// The first word of the reason: `check_failed` of `check_failed: status == 200`.
    pub fn reason_word(&self) -> &str {
        let end = self
            .reason
            .find([':', ' ', '(', ','])
            .unwrap_or(self.reason.len());
        &self.reason[..end]
    }

    /// Where it ran, or else where it was to run.
    pub fn place(&self) -> &str {
        self.region
            .as_ref()
            .map_or(&self.planned_region, Region::as_str)
    }

    /// `test` or `test[row]`.
    pub fn name(&self) -> String {
        match &self.row {
            Some(row) => format!("{}[{row}]", self.test),
            None => self.test.to_string(),
        }
    }

    /// How each try ended, and what was kept beside it: what makes a flaky case one.
    pub fn endings(&self) -> Vec<String> {
        let tries = self.tried.iter().enumerate().map(|(place, one)| {
            let end = one.failure.as_deref().unwrap_or("passed");
            format!("try {}: {end}", place + 1)
        });
        tries.chain(self.kept.iter().cloned()).collect()
    }

    /// The file that a step's line is a line of.
    pub fn file_of(&self, step: &str) -> &str {
        match is_of_environment(step) && !self.environment_file.is_empty() {
            true => &self.environment_file,
            false => &self.file,
        }
    }

    pub fn is(&self, outcome: Outcome) -> bool {
        self.outcome == Some(outcome)
    }

    /// Executed, and not passed: there is something to look at.
    pub fn went_wrong(&self) -> bool {
        self.worker.is_some()
            && matches!(
                self.outcome,
                Some(Outcome::Failed | Outcome::Errored | Outcome::Unproven)
            )
    }
}

/// All cases in the plan's order. Each record is read once, and its exchanges are sampled.
pub(super) fn collect(run: &Run, records: Records<'_>) -> Vec<CaseLine> {
    let mut attempts: BTreeMap<&CaseId, u64> = BTreeMap::new();
    for case in run.attempts().values().flat_map(|attempt| &attempt.cases) {
        *attempts.entry(case).or_default() += 1;
    }
    let lines = run.cases().map(|(planned, facts)| {
        let named = facts.result().and_then(|result| result.record.as_ref());
        let record = named.and_then(records);
        let mut line = describe(planned, facts);
        line.environment_file = run.plan().environment_file.clone();
        line.attempts = attempts.get(&planned.id).copied().unwrap_or_default();
        line.is_record_missing = named.is_some() && record.is_none();
        if let Some(record) = record {
            read_record(&mut line, &record);
        }
        line
    });
    lines.collect()
}

fn describe(planned: &PlannedCase, facts: &CaseFacts) -> CaseLine {
    let result = facts.result();
    let of = |read: fn(&CaseResult) -> u64| result.map(read).unwrap_or_default();
    CaseLine {
        id: planned.id.clone(),
        suite: planned.suite.clone(),
        test: planned.test.clone(),
        title: planned.title.clone(),
        group: planned.group.clone(),
        tier: planned.tier,
        planned_region: planned.region.to_string(),
        region: result.map(|result| result.region.clone()),
        row: planned.row.clone(),
        outcome: facts.outcome(),
        reason: facts.reason().to_owned(),
        is_flaky: facts.is_flaky(),
        is_carried: facts.is_carried(),
        evidence: result.map(|result| result.evidence).unwrap_or_default(),
        duration: result.map(|result| result.duration).unwrap_or_default(),
        started_at_ms: of(|result| result.started_at_ms),
        trace_id: result
            .map(|result| result.trace_id.clone())
            .unwrap_or_default(),
        worker: result.map(|result| result.worker.clone()),
        attempts: 0,
        tries: result.map(|result| result.tries).unwrap_or_default(),
        tried: Vec::new(),
        record: result.and_then(|result| result.record.clone()),
        checks: 0,
        checks_false: 0,
        cause: None,
        losses: losses(facts),
        lost_with: facts
            .losses
            .iter()
            .map(|loss| loss.worker.clone())
            .collect(),
        kept: kept(facts),
        file: planned.file.clone(),
        line: planned.line,
        times: Vec::new(),
        targets: Vec::new(),
        environment_file: String::new(),
        is_record_missing: false,
    }
}

fn losses(facts: &CaseFacts) -> Vec<String> {
    let sentence =
        |loss: &Loss| format!("attempt {} on {}: {}", loss.attempt, loss.worker, loss.why);
    facts.losses.iter().map(sentence).collect()
}

fn kept(facts: &CaseFacts) -> Vec<String> {
    let sentence = |kept: &Kept| {
        let (attempt, result) = (kept.attempt, &kept.result);
        let why = &kept.why;
        format!(
            "attempt {attempt} on {}: {}, not counted ({why})",
            result.worker, result.outcome
        )
    };
    facts.kept.iter().map(sentence).collect()
}

fn read_record(line: &mut CaseLine, record: &CaseRecord) {
    let tried = record.tries.iter().map(|one| TryLine {
        failure: Cause::of(one).map(|cause| cause.sentence()),
        exchanges: super::count(one.exchanges.iter()),
        checks: super::count(one.checks.iter()),
    });
    line.tried = tried.collect();
    line.times = response_times::samples(record);
    line.targets = target::of(line, record);
    if let Some(last) = record.tries.last() {
        line.checks = super::count(last.checks.iter());
        line.checks_false = super::count(last.checks.iter().filter(|check| !check.held));
        line.cause = Cause::of(last);
    }
}
