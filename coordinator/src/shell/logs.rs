//! The threads that write: one per log that is led, one for the blobs.
//!
//! What they answer goes to the loop as inputs of the machine. Logs that were not written for long
//! are let go; the next append opens them again.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use accounting::coordinator::{AppendError, Events, Input, LogId as MachineLog};
use domain::{Digest, Term};
use lifecycle::clock;
use run_log::{Append, Batch, Blob, Blobs, LogId, Position, Store, Writer};
use tokio::sync::mpsc::UnboundedSender;

/// Threads for logs of runs that are kept; those of closed runs are idle.
const KEPT: usize = 16;

/// The writers, and where their answers go.
#[derive(Debug)]
pub(super) struct Logs {
    store: Arc<dyn Store>,
    leader: String,
    inputs: UnboundedSender<Input>,
    blobs: Writer<Blob>,
    writers: BTreeMap<LogId, Used>,
    n_appends: u64,
}

#[derive(Debug)]
struct Used {
    writer: Writer<Append>,
    /// Count of appends when it was last used.
    last: u64,
}

impl Logs {
    pub(super) fn start(
        store: Arc<dyn Store>,
        blobs: Box<dyn Blobs>,
        leader: String,
        inputs: UnboundedSender<Input>,
    ) -> io::Result<Self> {
        Ok(Self {
            store,
            leader,
            blobs: Writer::of_blobs(blobs, tell(inputs.clone()))?,
            inputs,
            writers: BTreeMap::new(),
            n_appends: 0,
        })
    }

    pub(super) fn put_blob(&self, digest: Digest, bytes: Vec<u8>) {
        self.blobs.send(Blob { digest, bytes });
    }

    pub(super) fn append(
        &mut self,
        log: MachineLog,
        at: Position,
        term: Term,
        elapsed: Duration,
        events: &Events,
    ) {
        let batch = Batch {
            term,
            writer: self.leader.clone(),
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            wall_ms: clock::wall_ms(),
            events: encode(events),
        };
        let id = match log {
            MachineLog::Grid => LogId::Grid,
            MachineLog::Run(run) => LogId::Run(run),
        };
        match self.writer(&id) {
            Ok(writer) => writer.send((at, batch)),
            Err(error) => {
                let why = AppendError::Io(error.to_string());
                let log = of(id);
                let _ = self.inputs.send(Input::AppendFailed { log, why });
            }
        }
    }

    fn writer(&mut self, id: &LogId) -> io::Result<&Writer<Append>> {
        self.n_appends += 1;
        if !self.writers.contains_key(id) {
            self.let_one_go();
            let answer = tell(self.inputs.clone());
            let writer = Writer::of_log(id.clone(), self.store.clone(), answer)?;
            self.writers.insert(id.clone(), Used { writer, last: 0 });
        }
        let missing = || io::Error::other("a log's writer is missing");
        let used = self.writers.get_mut(id).ok_or_else(missing)?;
        used.last = self.n_appends;
        Ok(&used.writer)
    }

    /// Closes the log unused for longest; waits for its thread, which has nothing to do any more.
    fn let_one_go(&mut self) {
        if self.writers.len() < KEPT {
            return;
        }
        let runs = self.writers.iter().filter(|(id, _)| **id != LogId::Grid);
        let oldest = runs.min_by_key(|(_, used)| used.last);
        let oldest = oldest.map(|(id, _)| id.clone());
        if let Some(used) = oldest.and_then(|id| self.writers.remove(&id)) {
            used.writer.close();
        }
    }

    /// Waits until everything that was asked for is written.
    pub(super) fn close(self) {
        self.blobs.close();
        for (_, used) in self.writers {
            used.writer.close();
        }
    }
}

fn of(id: LogId) -> MachineLog {
    match id {
        LogId::Grid => MachineLog::Grid,
        LogId::Run(run) => MachineLog::Run(run),
    }
}

fn encode(events: &Events) -> Vec<Vec<u8>> {
    match events {
        Events::Grid(events) => events.iter().map(wire::event::encode_grid).collect(),
        Events::Run(events) => events.iter().map(wire::event::encode_run).collect(),
    }
}

/// Turns a writer's answers into inputs of the machine.
fn tell(inputs: UnboundedSender<Input>) -> impl Fn(run_log::Answer) + Send + 'static {
    use run_log::Answer;
    move |answer| {
        let input = match answer {
            Answer::Durable { log, to } => Input::Durable { log: of(log), to },
            Answer::AppendFailed { log, error } => Input::AppendFailed {
                log: of(log),
                why: match error {
                    run_log::AppendError::Conflict { .. } => AppendError::Conflict,
                    fatal @ run_log::AppendError::Fatal { .. } => {
                        AppendError::Io(fatal.to_string())
                    }
                },
            },
            Answer::BlobStored { digest } => Input::BlobStored { digest },
            Answer::BlobFailed { error } => Input::StoreFailed {
                why: error.to_string(),
            },
        };
        // The loop has ended; what was written is found by the next.
        let _ = inputs.send(input);
    }
}
