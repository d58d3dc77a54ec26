//! Makes runs of events: a plan, what happened, and the summary of it. Runs are in `scenarios`.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::event::RunEvent;
use domain::gate::{Gate, TierGate, Tolerance, Verdict};
use domain::ids::{
    AttemptId, CaseId, Digest, Region, RunId, SessionId, SuiteName, Term, TestId, WorkerId,
};
use domain::outcome::{Evidence, Outcome};
use domain::plan::{Leg, OnWorkerLoss, Plan, PlannedCase, PlannedRegion, PlannedSuite, Tier};
use domain::record::{CaseRecord, CaseResult, Preflight, Probe};
use domain::run::{Run, canonical, table};
use domain::verdict::{Findings, judge};
use report::summary::ServerSpans;
use report::{Previous, Summary};
use sha2::{Digest as _, Sha256};

/// 2026-03-01T12:00:00Z.
pub(crate) const MADE_AT_MS: u64 = 1_772_366_400_000;
pub(crate) const REGIONS: [&str; 2] = ["europe-west1", "us-central1"];

pub(crate) struct Synthetic {
    pub(crate) run: Run,
    pub(crate) records: BTreeMap<Digest, CaseRecord>,
    seqs: BTreeMap<AttemptId, u64>,
}

pub(crate) fn plan(gate: Option<Gate>, suites: Vec<PlannedSuite>, cases: Vec<PlannedCase>) -> Plan {
    Plan {
        run: RunId::from("run-7"),
        created_at_ms: MADE_AT_MS,
        environment: "staging".to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: None,
        regions: REGIONS.map(Region::from).to_vec(),
        suites,
        cases,
        gate,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(600),
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: Digest::from("b0"),
        made_by: "muster 0.1.0".to_owned(),
    }
}

pub(crate) fn suite(name: &str, tier: Tier) -> PlannedSuite {
    PlannedSuite {
        name: SuiteName::from(name),
        tier,
        value: None,
        owner: None,
        file: format!("suites/{name}.yaml"),
    }
}

/// A case in each region.
pub(crate) fn cases(
    suite: &str,
    tier: Tier,
    test: &str,
    row: Option<&str>,
    line: u32,
) -> Vec<PlannedCase> {
    let in_region = |region: &str| {
        let (suite_name, test) = (SuiteName::from(suite), TestId::from(test));
        let region = PlannedRegion::Named(Region::from(region));
        PlannedCase {
            id: PlannedCase::make_id(&suite_name, &test, row, &region),
            suite: suite_name,
            title: format!("what {test} shows"),
            group: None,
            test,
            tier,
            region,
            row: row.map(str::to_owned),
            legs: vec![Leg {
                role: None,
                region: None,
            }],
            timeout: Duration::from_secs(60),
            exclusive: false,
            on_worker_loss: OnWorkerLoss::Rerun,
            declared_skip: None,
            retries: 1,
            file: format!("suites/{suite}.yaml"),
            line,
        }
    };
    REGIONS.map(in_region).to_vec()
}

pub(crate) fn release() -> Gate {
    let entry = |tier, failed, flaky| TierGate {
        tier,
        failed,
        not_proven: Tolerance::Tests(0),
        flaky,
    };
    let (none, few) = (Tolerance::Tests(0), Tolerance::BelowPercent(5));
    Gate {
        name: "release".to_owned(),
        tiers: vec![entry(Tier::P1, none, none), entry(Tier::P2, few, few)],
        tolerated_skips: Vec::new(),
        retries_failed: false,
        proven_checks: None,
    }
}

impl Synthetic {
    /// Opened, under a term, with a worker per region and a third one, all regions green.
    pub(crate) fn new(plan: Plan) -> Self {
        let mut synthetic = Self {
            run: Run::new(plan),
            records: BTreeMap::new(),
            seqs: BTreeMap::new(),
        };
        synthetic.apply(RunEvent::RunOpened {
            run: RunId::from("run-7"),
            plan: Digest::from("a0"),
            bundle: Digest::from("b0"),
        });
        synthetic.apply(RunEvent::TermStarted {
            term: Term(1),
            leader: "laptop".to_owned(),
            format: 1,
        });
        for (worker, region) in [
            ("eu-1", REGIONS[0]),
            ("us-1", REGIONS[1]),
            ("us-2", REGIONS[1]),
        ] {
            synthetic.apply(RunEvent::WorkerJoined {
                worker: WorkerId::from(worker),
                region: Region::from(region),
                slots: 4,
                incarnation: 1.into(),
            });
        }
        for region in REGIONS {
            synthetic.apply(RunEvent::RegionProbed {
                region: Region::from(region),
                preflight: green(),
            });
        }
        synthetic
    }

    pub(crate) fn apply(&mut self, event: RunEvent) {
        if let Err(illegal) = self.run.apply(&event) {
            panic!("{event:?}: {illegal}");
        }
    }

    pub(crate) fn lease(&mut self, attempt: u64, worker: &str, region: &str, cases: &[&str]) {
        self.apply(RunEvent::ShardLeased {
            attempt: AttemptId(attempt),
            worker: WorkerId::from(worker),
            session: SessionId(attempt),
            region: Region::from(region),
            cases: cases.iter().map(|case| CaseId::from(*case)).collect(),
        });
    }

    pub(crate) fn next_seq(&mut self, attempt: u64) -> u64 {
        let seq = self.seqs.entry(AttemptId(attempt)).or_default();
        *seq += 1;
        *seq
    }

    /// Settles a leased case; its record is stored under a digest made of its id.
    pub(crate) fn settle(
        &mut self,
        attempt: u64,
        case: &str,
        outcome: Outcome,
        reason: &str,
        record: CaseRecord,
    ) {
        let result = self.result(attempt, case, outcome, reason, record);
        let seq = self.next_seq(attempt);
        self.apply(RunEvent::CaseSettled {
            attempt: AttemptId(attempt),
            seq,
            result,
        });
    }

    pub(crate) fn result(
        &mut self,
        attempt: u64,
        case: &str,
        outcome: Outcome,
        reason: &str,
        record: CaseRecord,
    ) -> CaseResult {
        let held = self.run.attempt(AttemptId(attempt)).expect("leased before");
        let (region, worker) = (held.region.clone(), held.worker.clone());
        let digest = Digest::from(format!("digest of {case} under {attempt}"));
        let exchanges = record
            .tries
            .iter()
            .map(|one| one.exchanges.len() as u64)
            .sum();
        let checks = record.tries.last().map_or(0, |one| one.checks.len() as u64);
        let tries = u32::try_from(record.tries.len()).expect("few");
        self.records.insert(digest.clone(), record);
        CaseResult {
            case: CaseId::from(case),
            outcome,
            reason: reason.to_owned(),
            evidence: Evidence {
                exchanges,
                checks,
                bytes_sent: 100 * exchanges,
                bytes_received: 300 * exchanges,
            },
            duration: Duration::from_millis(100 + 20 * case.len() as u64),
            started_at_ms: MADE_AT_MS + 2_000,
            trace_id: format!("{:032x}", case.len()),
            tries,
            flaky: outcome == Outcome::Passed && tries > 1,
            region,
            worker,
            fingerprint: "f".repeat(64),
            record: Some(digest),
            proof: None,
        }
    }

    pub(crate) fn close(&mut self, case: &str, outcome: Outcome, reason: &str) {
        self.apply(RunEvent::CaseClosed {
            case: CaseId::from(case),
            outcome,
            reason: reason.to_owned(),
        });
    }

    /// The worker says that nothing more comes from the attempt.
    pub(crate) fn finish(&mut self, attempt: u64) {
        self.apply(RunEvent::AttemptEnded {
            attempt: AttemptId(attempt),
            released: Vec::new(),
        });
    }

    /// Ends the run with the verdict that its findings give.
    pub(crate) fn end(&mut self) {
        let (word, reasons) = judge(self.run.plan(), &Findings::of(&self.run));
        let verdict = Verdict {
            word,
            reasons,
            table_hash: hash_of(&self.run),
        };
        self.apply(RunEvent::RunEnded {
            verdict,
            elapsed: Duration::from_millis(12_345),
        });
    }

    pub(crate) fn summary(&self, previous: Option<&Previous>) -> Summary {
        let records = |digest: &Digest| self.records.get(digest).cloned();
        let mut summary = Summary::of(&self.run, &records, previous);
        summary.server_spans = Some(ServerSpans {
            kept: 12,
            dropped: 3,
        });
        summary
    }
}

fn hash_of(run: &Run) -> Digest {
    let bytes = Sha256::digest(canonical(&table(run)));
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Digest::from(digits.collect::<String>())
}

fn green() -> Preflight {
    Preflight {
        green: true,
        probes: vec![Probe {
            suite: "p1".to_owned(),
            url: "https://api.staging.example/health/ready".to_owned(),
            address: "127.0.0.1:8443".to_owned(),
            status: Some(200),
            latency: Duration::from_millis(12),
            attempts: 1,
            error: String::new(),
        }],
        fingerprint: "f".repeat(64),
    }
}
