//! Credits: how many bytes of results one stream of a worker may have under way. One that has more
//! is closed, so that no worker fills this process.
//!
//! Counted is what was taken from the stream and not acknowledged on it. The worker counts the same
//! from when it sends until it hears of the end, so that one that keeps to its window is never
//! above it here. Streams are counted apart: a worker that comes back begins at nothing.

use std::collections::BTreeMap;

use domain::message::ToWorkerBody;
use domain::{AttemptId, RunId, WorkerId};

use crate::coordinator::Coordinator;
use crate::coordinator::input::StreamId;
use crate::coordinator::output::Output;

/// Results of one stream, by attempt and number.
#[derive(Debug, Default)]
pub(crate) struct Credit {
    taken: BTreeMap<(RunId, AttemptId), BTreeMap<u64, usize>>,
    bytes: usize,
}

impl Credit {
    fn take(&mut self, key: (RunId, AttemptId), seq: u64, bytes: usize) {
        let before = self.taken.entry(key).or_default().insert(seq, bytes);
        self.bytes += bytes;
        self.bytes -= before.unwrap_or_default();
    }

    fn give_back(&mut self, key: &(RunId, AttemptId), through: u64) {
        let Some(results) = self.taken.get_mut(key) else {
            return;
        };
        let left = match through.checked_add(1) {
            Some(next) => results.split_off(&next),
            None => BTreeMap::new(),
        };
        self.bytes -= results.values().sum::<usize>();
        *results = left;
        if results.is_empty() {
            self.taken.remove(key);
        }
    }
}

impl Coordinator {
    /// Takes a result's bytes into the count of its stream. Where they are too many, the result is
    /// not taken and the stream ends; what was taken before is counted all the same.
    pub(super) fn has_credit(
        &mut self,
        (worker, stream): (&WorkerId, StreamId),
        (run, attempt, seq): (&RunId, AttemptId, u64),
        bytes: usize,
    ) -> bool {
        let Some(known) = self.workers.get_mut(worker) else {
            return false;
        };
        let (under_way, most) = (known.credit.bytes, self.config.max_unacked);
        // One result may be under way at any time, as large as a frame lets it be.
        if under_way == 0 || under_way.saturating_add(bytes) <= most {
            known.credit.take((run.clone(), attempt), seq, bytes);
            return true;
        }
        self.note(format!(
            "worker {worker} sent {bytes} bytes of results on top of {under_way} under way, and may have {most}: its stream is closed"
        ));
        self.disconnected(stream);
        self.held.push(Vec::new(), Output::Close { stream });
        false
    }

    /// What the worker need not keep any more is not under way any more.
    pub(super) fn gives_credit_back(&mut self, stream: StreamId, body: &ToWorkerBody) {
        let (key, through) = match body {
            ToWorkerBody::Ack {
                run,
                attempt,
                through,
            } => ((run.clone(), *attempt), *through),
            ToWorkerBody::AttemptOver { run, attempt } => ((run.clone(), *attempt), u64::MAX),
            _ => return,
        };
        let worker = self.streams.get(&stream);
        if let Some(known) = worker.and_then(|worker| self.workers.get_mut(worker)) {
            known.credit.give_back(&key, through);
        }
    }
}
