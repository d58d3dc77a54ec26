//! Logs of long runs, written by the product's own writer without the time that it took to run
//! them: every event is folded before it is written, so that nothing stands there that a leader
//! could not have written.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::event::{GridEvent, RunEvent};
use domain::plan::{Leg, OnWorkerLoss};
use domain::queue::{Ask, Priority};
use domain::record::{CaseResult, Preflight};
use domain::run::Run;
use domain::{
    AttemptId, CaseId, Digest, Evidence, Outcome, Plan, PlannedCase, PlannedRegion, RunId,
    SessionId, Term, Tier,
};
use lifecycle::clock;
use run_log::{Batch, Blob, LogId, Store};

use crate::light;

/// The term and the writer of all that is written here: any leader follows it.
const TERM: Term = Term(0);
const WRITER: &str = "history";
const FORMAT: u32 = 1;
/// Cases of an attempt, as a worker of eight slots is given them.
const PER_ATTEMPT: usize = 16;
/// A run of a day ends before none of its cases do.
const DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// How a run has gone so far.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub cases: usize,
    /// So many of them have their outcome.
    pub settled: usize,
    /// At least so many events; attempts that gave everything back make up for what is missing.
    pub events: usize,
    /// Every case without an outcome is leased.
    pub all_leased: bool,
    /// Workers that took part, called as a crew's are.
    pub workers: usize,
    /// Events in one append.
    pub per_segment: usize,
}

/// The events of a run, and what they are about.
#[derive(Debug)]
pub struct History {
    pub plan: Plan,
    fold: Run,
    events: Vec<RunEvent>,
    waiting: VecDeque<CaseId>,
    per_segment: usize,
    n_attempts: u64,
    n_workers: usize,
    region: String,
}

impl History {
    /// # Errors
    /// When the shape asks for what no run can come to.
    pub fn of(run: &str, region: &str, shape: Shape) -> Result<Self> {
        let plan = plan(run, region, shape.cases);
        let mut history = Self {
            fold: Run::new(plan.clone()),
            events: Vec::new(),
            waiting: plan.cases.iter().map(|case| case.id.clone()).collect(),
            per_segment: shape.per_segment.max(1),
            n_attempts: 0,
            n_workers: shape.workers.max(1),
            region: region.to_owned(),
            plan,
        };
        history.begin()?;
        for _ in 0..shape.settled {
            history.attempt(true)?;
        }
        while history.events.len() < shape.events {
            history.attempt(false)?;
        }
        while shape.all_leased && !history.waiting.is_empty() {
            history.lease(PER_ATTEMPT)?;
        }
        Ok(history)
    }

    pub fn n_events(&self) -> usize {
        self.events.len()
    }

    fn add(&mut self, event: RunEvent) -> Result<()> {
        self.fold.apply(&event)?;
        self.events.push(event);
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        self.add(RunEvent::RunOpened {
            run: self.plan.run.clone(),
            plan: wire::digest::of(&wire::plan::encode(&self.plan)),
            bundle: self.plan.bundle.clone(),
        })?;
        self.add(RunEvent::TermStarted {
            term: TERM,
            leader: WRITER.to_owned(),
            format: FORMAT,
        })?;
        for number in 0..self.n_workers {
            self.add(RunEvent::WorkerJoined {
                worker: light::name(number).into(),
                region: self.region.as_str().into(),
                slots: 8,
                incarnation: 1.into(),
            })?;
        }
        self.add(RunEvent::RegionProbed {
            region: self.region.as_str().into(),
            preflight: Preflight {
                green: true,
                ..Preflight::default()
            },
        })
    }

    /// Leases the next cases to the worker whose turn it is.
    fn lease(&mut self, n_cases: usize) -> Result<(AttemptId, Vec<CaseId>)> {
        let n_cases = n_cases.min(self.waiting.len());
        let cases: Vec<CaseId> = self.waiting.drain(..n_cases).collect();
        self.n_attempts += 1;
        let attempt = AttemptId(self.n_attempts);
        let turn = self.turn();
        self.add(RunEvent::ShardLeased {
            attempt,
            worker: light::name(turn).into(),
            session: SessionId(turn as u64 + 1),
            region: self.region.as_str().into(),
            cases: cases.clone(),
        })?;
        Ok((attempt, cases))
    }

    fn turn(&self) -> usize {
        usize::try_from(self.n_attempts).unwrap_or_default() % self.n_workers
    }

    /// An attempt that gives its cases back, but for the first if that `settles`.
    fn attempt(&mut self, settles: bool) -> Result<()> {
        ensure!(!self.waiting.is_empty(), "no case is left to lease");
        let (attempt, mut released) = self.lease(4)?;
        if settles {
            let case = released.remove(0);
            let worker = light::name(self.turn());
            let result = passed(case, &worker, &self.region);
            let seq = 1;
            self.add(RunEvent::CaseSettled {
                attempt,
                seq,
                result,
            })?;
        }
        self.waiting.extend(released.iter().cloned());
        self.add(RunEvent::AttemptEnded { attempt, released })
    }

    /// Writes grid log, run log and blobs into an empty store.
    ///
    /// # Errors
    /// When the store does not take them.
    pub fn write(&self, store: &dyn Store) -> Result<()> {
        let mut blobs = store.blobs()?;
        let plan = wire::plan::encode(&self.plan);
        blobs.put(&[
            Blob {
                digest: wire::digest::of(&plan),
                bytes: plan,
            },
            Blob {
                digest: self.plan.bundle.clone(),
                bytes: bundle(),
            },
        ])?;
        blobs.sync()?;
        append(store, &LogId::Grid, &self.grid()?)?;
        let events: Vec<Vec<u8>> = self.events.iter().map(wire::event::encode_run).collect();
        let run = LogId::Run(self.plan.run.clone());
        let batches: Vec<&[Vec<u8>]> = events.chunks(self.per_segment).collect();
        append(store, &run, &batches)
    }

    fn grid(&self) -> Result<Vec<Vec<Vec<u8>>>> {
        let ask = Ask::of(&self.plan, Priority::NORMAL, false);
        let run = self.plan.run.clone();
        let locks = ask.locks();
        let events = [
            GridEvent::TermStarted {
                term: TERM,
                leader: WRITER.to_owned(),
                format: FORMAT,
            },
            GridEvent::RunSubmitted {
                client_request_id: "history".to_owned(),
                run: run.clone(),
                plan: wire::digest::of(&wire::plan::encode(&self.plan)),
                bundle: self.plan.bundle.clone(),
                ask,
            },
            GridEvent::RunAdmitted {
                run,
                locks,
                stop: None,
            },
        ];
        let encoded = events.iter().map(wire::event::encode_grid);
        Ok(encoded.map(|event| vec![event]).collect())
    }
}

/// Appends each batch as one segment.
fn append<B: AsRef<[Vec<u8>]>>(store: &dyn Store, id: &LogId, batches: &[B]) -> Result<()> {
    let mut log = store.open(id)?;
    ensure!(log.end() == 0, "the log of {id} is not empty");
    for events in batches {
        let at = log.end();
        let batch = Batch {
            term: TERM,
            writer: WRITER.to_owned(),
            elapsed_ms: at,
            wall_ms: clock::wall_ms(),
            events: events.as_ref().to_vec(),
        };
        log.append(at, &batch)
            .with_context(|| format!("segment {at} of {id}"))?;
    }
    Ok(())
}

/// A plan of plain cases in one region, of the size that plans of suites have.
fn plan(run: &str, region: &str, n_cases: usize) -> Plan {
    let planned = PlannedRegion::Named(region.into());
    let suite = "p3-measured".into();
    let case = |number: usize| {
        let test = format!("test_{number:06}_of_a_long_run").into();
        PlannedCase {
            id: PlannedCase::make_id(&suite, &test, None, &planned),
            suite: suite.clone(),
            test,
            title: format!("Case {number} of a long run"),
            group: None,
            tier: Tier::P3,
            region: planned.clone(),
            row: None,
            legs: vec![Leg {
                role: None,
                region: Some(region.into()),
            }],
            timeout: Duration::from_secs(60),
            exclusive: false,
            on_worker_loss: OnWorkerLoss::Rerun,
            declared_skip: None,
            retries: 0,
            file: "suites/p3-measured.yaml".to_owned(),
            line: 10,
        }
    };
    Plan {
        run: RunId::from(run),
        created_at_ms: clock::wall_ms(),
        environment: "measured".to_owned(),
        environment_file: "environment.yaml".to_owned(),
        caps: None,
        regions: vec![region.into()],
        suites: vec![domain::plan::PlannedSuite {
            name: suite.clone(),
            tier: Tier::P3,
            value: None,
            owner: None,
            file: "suites/p3-measured.yaml".to_owned(),
        }],
        cases: (0..n_cases).map(case).collect(),
        gate: None,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: DEADLINE,
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: Digest::clone(&wire::digest::of(&bundle())),
        made_by: "history".to_owned(),
    }
}

/// Light workers execute nothing, so nothing stands in it.
fn bundle() -> Vec<u8> {
    b"nothing is executed".to_vec()
}

fn passed(case: CaseId, worker: &str, region: &str) -> CaseResult {
    CaseResult {
        case,
        outcome: Outcome::Passed,
        reason: String::new(),
        evidence: Evidence {
            exchanges: 1,
            bytes_sent: 200,
            bytes_received: 400,
            checks: 1,
        },
        duration: Duration::from_millis(20),
        started_at_ms: clock::wall_ms(),
        trace_id: format!("{:032x}", clock::now().0),
        tries: 1,
        flaky: false,
        region: region.into(),
        worker: worker.into(),
        fingerprint: String::new(),
        record: None,
        proof: None,
    }
}
