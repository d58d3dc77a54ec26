//! One attempt as its worker holds it: cases to start, cases that run, results not acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::message::OpenAttempt;
use domain::record::CaseResult;
use domain::{AttemptId, CaseId, Digest, Instant, RunId};

use crate::worker::input::{MadeOf, Recovered};

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) run: RunId,
    pub(crate) id: AttemptId,
    pub(crate) made_of: MadeOf,
    /// Not started yet.
    pub(crate) queued: VecDeque<CaseId>,
    pub(crate) running: BTreeSet<CaseId>,
    /// Told to stop and still running; what comes of them is not counted.
    pub(crate) aborting: BTreeSet<CaseId>,
    /// Given back without having started.
    pub(crate) released: Vec<CaseId>,
    /// Results not acknowledged, dense.
    pub(crate) results: BTreeMap<u64, Unacked>,
    pub(crate) next_seq: u64,
    /// The next result to send on this stream; `None` until the coordinator says where it stands.
    pub(crate) cursor: Option<u64>,
    /// All results before this one were sent on this stream, some of them perhaps more than once.
    pub(crate) sent: u64,
    /// The lease: no exchange after this.
    pub(crate) until: Instant,
    /// Why nothing more is started; `None` while the lease is believed in.
    pub(crate) stopped: Option<String>,
    pub(crate) is_end_sent: bool,
    /// The coordinator wants no more of it; it goes once nothing runs.
    pub(crate) is_forgotten: bool,
}

#[derive(Debug)]
pub(crate) struct Unacked {
    pub(crate) result: Box<CaseResult>,
    pub(crate) record: Vec<u8>,
    pub(crate) is_written: bool,
    /// Bytes that it counts for in the spool and in the window.
    pub(crate) weight: usize,
}

impl Unacked {
    pub(crate) fn new(result: Box<CaseResult>, record: Vec<u8>, is_written: bool) -> Self {
        Self {
            weight: crate::weight(&result, &record),
            result,
            record,
            is_written,
        }
    }
}

impl Held {
    pub(crate) fn leased(
        (run, id): (RunId, AttemptId),
        made_of: MadeOf,
        cases: Vec<CaseId>,
        until: Instant,
    ) -> Self {
        Self {
            run,
            id,
            made_of,
            queued: cases.into(),
            running: BTreeSet::new(),
            aborting: BTreeSet::new(),
            released: Vec::new(),
            results: BTreeMap::new(),
            next_seq: 1,
            cursor: Some(1),
            sent: 1,
            until,
            stopped: None,
            is_end_sent: false,
            is_forgotten: false,
        }
    }

    /// Left by an earlier incarnation: only results to deliver.
    pub(crate) fn recovered(recovered: Recovered) -> Self {
        let nothing = MadeOf {
            plan: Digest::new(""),
            bundle: Digest::new(""),
            sharers: 0,
        };
        let key = (recovered.run, recovered.attempt);
        let mut held = Self::leased(key, nothing, Vec::new(), Instant::ZERO);
        held.stopped = Some("left by an earlier incarnation".to_owned());
        held.cursor = None;
        for kept in recovered.results {
            held.next_seq = held.next_seq.max(kept.seq + 1);
            let unacked = Unacked::new(Box::new(kept.result), kept.record, true);
            held.results.insert(kept.seq, unacked);
        }
        held
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.stopped.is_none()
    }

    /// Nothing is executed any more, nor will be.
    pub(crate) fn is_idle(&self) -> bool {
        self.queued.is_empty() && self.running.is_empty() && self.aborting.is_empty()
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.next_seq - 1
    }

    pub(crate) fn bytes(&self) -> usize {
        self.results.values().map(|unacked| unacked.weight).sum()
    }

    pub(crate) fn as_open(&self) -> OpenAttempt {
        let lowest = self.results.keys().next().copied();
        OpenAttempt {
            run: self.run.clone(),
            attempt: self.id,
            next_seq: lowest.unwrap_or(self.next_seq),
            alive: self.is_alive(),
        }
    }
}
