//! Moves bytes between the worker's machine, the stream, the spool and the executor; decides
//! nothing.
//!
//! It runs on a thread of its own with a runtime of its own, so that leases are renewed and gates
//! are shut however busy the cases are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use accounting::worker::{Input, Output, StreamId, Worker};
use domain::message::ToWorker;
use domain::record::{CaseResult, Preflight};
use domain::{AttemptId, Instant, RunId};
use lifecycle::{Stop, clock};
use tokio::sync::mpsc;

use crate::executor::Order;
use crate::gate::Gate;
use crate::session::Line;
use crate::spool::Spool;

/// How often a full disk is tried again.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);
/// After the time to drain: for aborted cases to end and for the goodbye to leave.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) enum Event {
    Connected(Line),
    Disconnected(StreamId),
    Heard {
        stream: StreamId,
        message: Box<ToWorker>,
    },
    CaseEnded {
        run: RunId,
        attempt: AttemptId,
        result: Box<CaseResult>,
        record: Vec<u8>,
    },
    Probed {
        run: RunId,
        preflight: Preflight,
    },
}

/// Why a worker ended that nobody had asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the coordinator does not take this worker: {0}")]
    Refused(String),
    #[error("a part of the worker ended: {0}")]
    Broken(String),
}

/// A result that the disk did not take yet.
#[derive(Debug)]
struct Unwritten {
    run: RunId,
    attempt: AttemptId,
    seq: u64,
    result: Box<CaseResult>,
    record: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Shell {
    machine: Worker,
    spool: Spool,
    orders: mpsc::UnboundedSender<Order>,
    line: Option<Line>,
    gates: BTreeMap<(RunId, AttemptId), Arc<Gate>>,
    unwritten: Vec<Unwritten>,
    wake_at: Option<Instant>,
    drain: Duration,
    end: Option<Result<(), Failure>>,
}

impl Shell {
    pub(crate) fn new(
        machine: Worker,
        spool: Spool,
        orders: mpsc::UnboundedSender<Order>,
        drain: Duration,
    ) -> Self {
        Self {
            machine,
            spool,
            orders,
            line: None,
            gates: BTreeMap::new(),
            unwritten: Vec::new(),
            wake_at: None,
            drain,
            end: None,
        }
    }

    /// Runs until the machine is done, the coordinator refuses the worker, or `stop` and the time
    /// to drain have passed.
    pub(crate) async fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        stop: Stop,
    ) -> Result<(), Failure> {
        let mut leaving_since = None;
        let mut is_told_now = false;
        loop {
            if let Some(end) = self.end.take() {
                self.hang_up(&mut events).await;
                return end;
            }
            let left = leaving_since.map(|since: Instant| clock::now().since(since));
            if left.is_some_and(|left| self.is_over(left)) {
                return Ok(());
            }
            if left.is_some_and(|left| left > self.drain) && !is_told_now {
                is_told_now = true;
                self.step(Input::LeaveNow);
                continue;
            }
            tokio::select! {
                // Events first: the clock is compared at each of them anyway.
                biased;
                event = events.recv() => match event {
                    Some(event) => self.take(event),
                    None => return Err(Failure::Broken("its session".to_owned())),
                },
                () = stop.cancelled(), if leaving_since.is_none() => {
                    leaving_since = Some(clock::now());
                    self.step(Input::Leave { why: "asked to stop".to_owned() });
                }
                () = self.due(leaving_since) => self.wake(),
            }
        }
    }

    /// Left and nothing to wait for, or left for longer than anybody waits.
    fn is_over(&self, left: Duration) -> bool {
        let holds_nothing = self.machine.n_running() == 0 && self.machine.n_unacked() == 0;
        (self.line.is_none() && holds_nothing) || left > self.drain + LAST_WORDS
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Connected(line) => {
                let stream = line.stream;
                self.line = Some(line);
                self.step(Input::Connected { stream });
            }
            Event::Disconnected(stream) => {
                if self.line.as_ref().is_some_and(|line| line.stream == stream) {
                    self.line = None;
                }
                self.step(Input::Disconnected { stream });
            }
            Event::Heard { stream, message } => {
                self.step(Input::FromCoordinator { stream, message });
            }
            Event::CaseEnded {
                run,
                attempt,
                result,
                record,
            } => {
                self.step(Input::CaseEnded {
                    run,
                    attempt,
                    result,
                    record,
                });
            }
            Event::Probed { run, preflight } => self.step(Input::Probed { run, preflight }),
        }
    }

    fn wake(&mut self) {
        for unwritten in std::mem::take(&mut self.unwritten) {
            self.write(unwritten);
        }
        if self.wake_at.is_some_and(|due| due <= clock::now()) {
            self.wake_at = None;
            self.step(Input::Wake);
        }
    }

    /// The next time that something is due whatever happens.
    async fn due(&self, leaving_since: Option<Instant>) {
        let now = clock::now();
        let retry = (!self.unwritten.is_empty()).then(|| now + BETWEEN_WRITES);
        let drained = leaving_since.map(|since| {
            let until = since + self.drain;
            // Past the drain, look again and again until the last words are over.
            if until > now {
                until
            } else {
                now + LAST_WORDS / 10
            }
        });
        match [self.wake_at, retry, drained].into_iter().flatten().min() {
            Some(due) => clock::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    fn step(&mut self, input: Input) {
        for output in self.machine.step(clock::now(), input) {
            self.carry_out(output);
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "the closed list of outputs, one arm each"
    )]
    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { stream, message } => self.send(stream, message),
            Output::Close { stream } => self.close(stream),
            Output::OpenGate {
                run,
                attempt,
                until,
            } => {
                self.gates
                    .entry((run, attempt))
                    .or_default()
                    .open_until(until);
            }
            Output::CloseGate { run, attempt, why } => {
                tracing::info!(%run, %attempt, why, "an attempt may not touch its target any more");
                if let Some(gate) = self.gates.get(&(run, attempt)) {
                    gate.close();
                }
            }
            Output::Start { key, plan, bundle } => {
                let shard = (key.run.clone(), key.attempt);
                let gate = Arc::clone(self.gates.entry(shard).or_default());
                self.order(Order::Start {
                    key,
                    plan,
                    bundle,
                    gate,
                });
            }
            Output::Abort { key, .. } => self.order(Order::Abort(key)),
            Output::Probe { run, plan, bundle } => self.order(Order::Probe { run, plan, bundle }),
            Output::Spool {
                run,
                attempt,
                seq,
                result,
                record,
            } => {
                self.write(Unwritten {
                    run,
                    attempt,
                    seq,
                    result,
                    record,
                });
            }
            Output::Unspool {
                run,
                attempt,
                through,
            } => {
                note_io("shrunk", self.spool.trim(&run, attempt, through));
            }
            Output::Forget { run, attempt } => {
                note_io("removed", self.spool.forget(&run, attempt));
                self.gates.remove(&(run.clone(), attempt));
                self.unwritten
                    .retain(|one| (&one.run, one.attempt) != (&run, attempt));
                self.order(Order::Forget { run, attempt });
            }
            Output::WakeAt(due) => self.wake_at = Some(due),
            Output::Done => self.end = Some(Ok(())),
            Output::Refused { why } => self.end = Some(Err(Failure::Refused(why))),
            Output::Note(text) => tracing::info!("{text}"),
        }
    }

    fn send(&mut self, stream: StreamId, message: domain::message::FromWorker) {
        let Some(line) = self.line.as_ref().filter(|line| line.stream == stream) else {
            return;
        };
        if line.outbound.try_send(message).is_err() {
            tracing::warn!("the coordinator does not take what is sent; dialling again");
            line.close.cancel();
        }
    }

    fn close(&mut self, stream: StreamId) {
        if let Some(line) = self.line.as_ref().filter(|line| line.stream == stream) {
            line.close.cancel();
        }
    }

    fn order(&mut self, order: Order) {
        if self.orders.send(order).is_err() {
            self.end
                .get_or_insert(Err(Failure::Broken("its executor".to_owned())));
        }
    }

    /// A result that the disk does not take is kept and tried again; it is not told before.
    fn write(&mut self, one: Unwritten) {
        let key = (&one.run, one.attempt);
        match self.spool.write(key, one.seq, &one.result, &one.record) {
            Ok(()) => {
                let (run, attempt, seq) = (one.run, one.attempt, one.seq);
                self.step(Input::SpoolWritten { run, attempt, seq });
            }
            Err(error) => {
                tracing::error!(%error, "the spool can't be written; free some space");
                self.unwritten.push(one);
            }
        }
    }

    /// Lets what was sent leave, and waits a moment for the other side to have heard it.
    async fn hang_up(&mut self, events: &mut mpsc::Receiver<Event>) {
        let Some(Line {
            stream,
            outbound,
            close,
        }) = self.line.take()
        else {
            return;
        };
        drop(outbound);
        let gone = async {
            while let Some(event) = events.recv().await {
                if matches!(event, Event::Disconnected(gone) if gone == stream) {
                    return;
                }
            }
        };
        if tokio::time::timeout(LAST_WORDS, gone).await.is_err() {
            close.cancel();
        }
    }
}

fn note_io(what: &str, done: std::io::Result<()>) {
    if let Err(error) = done {
        // Nothing is lost by it: what stays is offered again and acknowledged again.
        tracing::warn!(%error, "a spool file could not be {what}");
    }
}
