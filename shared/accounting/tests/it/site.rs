//! A host with a worker: the machine, its spool on disk, its executor and its gates.

use std::collections::BTreeMap;

use accounting::worker::{CaseKey, Config, Recovered, RecoveredResult, Worker};
use domain::record::CaseResult;
use domain::{AttemptId, Incarnation, Instant, Region, RunId, WorkerId};

use crate::clock::Clock;

pub(crate) type AttemptKey = (RunId, AttemptId);

/// A link in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way {
    /// Nothing gets through before this.
    pub(crate) cut_until: u64,
    /// Everything is late by this, in nanoseconds, until a time.
    pub(crate) lag: u64,
    pub(crate) lag_until: u64,
}

impl Way {
    /// When what is sent now arrives, at the earliest.
    pub(crate) fn arrival(self, now: u64) -> u64 {
        let lag = if self.lag_until > now { self.lag } else { 0 };
        now.max(self.cut_until) + lag
    }

    pub(crate) fn is_cut(self, now: u64) -> bool {
        self.cut_until > now
    }
}

#[derive(Debug)]
pub(crate) struct Site {
    /// `None` while the process is down.
    pub(crate) machine: Option<Worker>,
    /// Counts processes: what was under way in an earlier one is void.
    pub(crate) epoch: u64,
    pub(crate) worker: WorkerId,
    /// Tells its disk from all others.
    pub(crate) home: u64,
    pub(crate) region: Region,
    pub(crate) slots: u32,
    pub(crate) clock: Clock,
    pub(crate) stream: Option<u64>,
    pub(crate) wake: Option<u64>,
    pub(crate) paused_until: u64,
    /// To the coordinator, and from it.
    pub(crate) up: Way,
    pub(crate) down: Way,
    /// The coordinator told it to come again after this.
    pub(crate) away_until: u64,
    /// Its host does not start before this.
    pub(crate) down_until: u64,
    /// Its disk takes nothing before this.
    pub(crate) full_until: u64,
    /// Orders to the disk are obeyed in turn.
    pub(crate) disk_ready: u64,
    /// Frames that were written and not dropped: they outlive the process.
    pub(crate) spool: BTreeMap<AttemptKey, BTreeMap<u64, (CaseResult, Vec<u8>)>>,
    pub(crate) gates: BTreeMap<AttemptKey, Instant>,
    pub(crate) running: BTreeMap<CaseKey, u64>,
    /// Produced and not in the spool yet.
    pub(crate) unspooled: Vec<CaseKey>,
    /// Results that its machine asked the disk to keep.
    pub(crate) n_spool_orders: u64,
    /// In a row of looks it idled beside a case that it could take.
    pub(crate) n_idle_looks: u32,
    /// Its worker heeds neither its window nor its spool.
    pub(crate) is_greedy: bool,
}

impl Site {
    pub(crate) fn new(place: u64, region: &str, slots: u32, clock: Clock) -> Self {
        Self {
            machine: None,
            epoch: 0,
            worker: WorkerId::from(format!("{region}-{place}")),
            home: place + 1,
            region: Region::from(region),
            slots,
            clock,
            stream: None,
            wake: None,
            paused_until: 0,
            up: Way::default(),
            down: Way::default(),
            away_until: 0,
            down_until: 0,
            full_until: 0,
            disk_ready: 0,
            spool: BTreeMap::new(),
            gates: BTreeMap::new(),
            running: BTreeMap::new(),
            unspooled: Vec::new(),
            n_spool_orders: 0,
            n_idle_looks: 0,
            is_greedy: false,
        }
    }

    /// Starts a process that finds what earlier ones left in the spool.
    pub(crate) fn boot(&mut self, adjust: impl Fn(&mut Config)) {
        self.epoch += 1;
        let (worker, region) = (self.worker.clone(), self.region.clone());
        let mut config = Config::new(worker, region, self.slots, self.incarnation());
        adjust(&mut config);
        let recovered = self.spool.iter().map(|((run, attempt), frames)| Recovered {
            run: run.clone(),
            attempt: *attempt,
            results: frames.iter().map(recovered).collect(),
        });
        self.machine = Some(Worker::new(config, recovered.collect()));
    }

    fn incarnation(&self) -> Incarnation {
        Incarnation {
            home: self.home,
            number: self.epoch,
        }
    }

    /// The process is gone; answers with the results that were in its memory only.
    pub(crate) fn die(&mut self) -> Vec<CaseKey> {
        self.machine = None;
        self.epoch += 1;
        self.stream = None;
        self.gates.clear();
        self.running.clear();
        self.wake = None;
        self.away_until = 0;
        self.paused_until = 0;
        self.disk_ready = 0;
        std::mem::take(&mut self.unspooled)
    }

    pub(crate) fn clock(&self, now: u64) -> Instant {
        self.clock.at(now)
    }

    /// The executor asks before every exchange.
    pub(crate) fn is_open(&self, attempt: &AttemptKey, now: u64) -> bool {
        self.gates
            .get(attempt)
            .is_some_and(|&until| self.clock(now) < until)
    }

    pub(crate) fn spooled_bytes(&self) -> usize {
        let frames = self.spool.values().flat_map(|frames| frames.values());
        frames.map(|(_, record)| record.len() + 512).sum()
    }
}

fn recovered((seq, (result, record)): (&u64, &(CaseResult, Vec<u8>))) -> RecoveredResult {
    RecoveredResult {
        seq: *seq,
        result: result.clone(),
        record: record.clone(),
    }
}
