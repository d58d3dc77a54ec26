//! A host with a worker: the machine, its spool on disk, its executor and its gates.

use std::collections::BTreeMap;

use accounting::worker::{CaseKey, Config, Recovered, RecoveredResult, Worker};
use domain::record::CaseResult;
use domain::{AttemptId, Instant, Region, RunId, WorkerId};

pub(crate) type AttemptKey = (RunId, AttemptId);

#[derive(Debug)]
pub(crate) struct Site {
    /// `None` while the process is down.
    pub(crate) machine: Option<Worker>,
    /// Counts processes: what was under way in an earlier one is void.
    pub(crate) epoch: u64,
    pub(crate) worker: WorkerId,
    pub(crate) region: Region,
    pub(crate) slots: u32,
    pub(crate) offset: u64,
    pub(crate) stream: Option<u64>,
    pub(crate) wake: Option<u64>,
    pub(crate) paused_until: u64,
    /// Milliseconds added to every message, up and down, until a time.
    pub(crate) lag: (u64, u64, u64),
    /// Frames that were written and not dropped: they outlive the process.
    pub(crate) spool: BTreeMap<AttemptKey, BTreeMap<u64, (CaseResult, Vec<u8>)>>,
    pub(crate) gates: BTreeMap<AttemptKey, Instant>,
    pub(crate) running: BTreeMap<CaseKey, u64>,
}

impl Site {
    pub(crate) fn new(place: u64, region: &str, slots: u32, offset: u64) -> Self {
        Self {
            machine: None,
            epoch: 0,
            worker: WorkerId::from(format!("{region}-{place}")),
            region: Region::from(region),
            slots,
            offset,
            stream: None,
            wake: None,
            paused_until: 0,
            lag: (0, 0, 0),
            spool: BTreeMap::new(),
            gates: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    /// Starts a process that finds what earlier ones left in the spool.
    pub(crate) fn boot(&mut self, adjust: impl Fn(&mut Config)) {
        self.epoch += 1;
        let (worker, region) = (self.worker.clone(), self.region.clone());
        let mut config = Config::new(worker, region, self.slots, self.epoch);
        adjust(&mut config);
        let recovered = self.spool.iter().map(|((run, attempt), frames)| Recovered {
            run: run.clone(),
            attempt: *attempt,
            results: frames.iter().map(recovered).collect(),
        });
        self.machine = Some(Worker::new(config, recovered.collect()));
    }

    pub(crate) fn die(&mut self) {
        self.machine = None;
        self.epoch += 1;
        self.stream = None;
        self.gates.clear();
        self.running.clear();
        self.wake = None;
    }

    pub(crate) fn clock(&self, now: u64) -> Instant {
        Instant(now + self.offset)
    }

    /// The executor asks before every exchange.
    pub(crate) fn is_open(&self, attempt: &AttemptKey, now: u64) -> bool {
        self.gates
            .get(attempt)
            .is_some_and(|&until| self.clock(now) < until)
    }
}

fn recovered((seq, (result, record)): (&u64, &(CaseResult, Vec<u8>))) -> RecoveredResult {
    RecoveredResult {
        seq: *seq,
        result: result.clone(),
        record: record.clone(),
    }
}
