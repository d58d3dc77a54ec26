//! Cases on the runtime that has time for them: orders come in, ended cases go out.
//!
//! How many run at once is the machine's to say. What a run is made of is in `executor::context`,
//! one case from start to result in `executor::job`, what fits into a record in `executor::record`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use accounting::PROBE_LIMIT;
use accounting::worker::{CaseKey, Input, MadeOf};
use domain::record::Preflight;
use domain::{AttemptId, RunId};
use lifecycle::Stop;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{Id, JoinError, JoinSet};

use crate::gate::Gate;

mod context;
mod job;
mod record;

use context::Context;
pub(crate) use context::Contexts;
use job::{Done, Job};

/// What the executor is told.
#[derive(Debug)]
pub(crate) enum Order {
    Start {
        key: CaseKey,
        made_of: MadeOf,
        gate: Arc<Gate>,
    },
    Abort {
        key: CaseKey,
        why: String,
    },
    Probe {
        run: RunId,
        made_of: MadeOf,
    },
}

/// The handle; orders never block.
#[derive(Clone, Debug)]
pub(crate) struct Executor {
    orders: UnboundedSender<Order>,
    stop: Stop,
}

impl Executor {
    pub(crate) fn send(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the executor is gone");
        }
    }

    /// Ends everything that runs.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

/// The task that owns what runs.
#[derive(Debug)]
pub(crate) struct Owner {
    orders: UnboundedReceiver<Order>,
    inputs: UnboundedSender<Input>,
    contexts: Contexts,
    stop: Stop,
    running: BTreeMap<CaseKey, Stop>,
    tasks: JoinSet<Done>,
    names: HashMap<Id, Named>,
    /// Of each attempt: its environment's fingerprint, read once.
    fingerprints: HashMap<(RunId, AttemptId), job::Fingerprint>,
}

/// Who a task was, for when it panics.
#[derive(Clone, Debug)]
enum Named {
    Case(CaseKey),
    Probe(RunId),
}

pub(crate) fn make(contexts: Contexts, inputs: UnboundedSender<Input>) -> (Executor, Owner) {
    let (orders, received) = unbounded_channel();
    let stop = Stop::new();
    let owner = Owner {
        orders: received,
        inputs,
        contexts,
        stop: stop.clone(),
        running: BTreeMap::new(),
        tasks: JoinSet::new(),
        names: HashMap::new(),
        fingerprints: HashMap::new(),
    };
    (Executor { orders, stop }, owner)
}

impl Owner {
    /// Obeys until stopped; what still runs is then dropped.
    pub(crate) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some(joined) = self.tasks.join_next_with_id() => self.reap(joined),
                Some(order) = self.orders.recv() => self.obey(order),
                else => break,
            }
        }
        self.tasks.shutdown().await;
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Start { key, made_of, gate } => self.start(key, made_of, gate),
            Order::Abort { key, why } => {
                if let Some(stop) = self.running.get(&key) {
                    tracing::debug!(case = %key.case, attempt = %key.attempt, why, "a case is stopped");
                    stop.cancel();
                }
            }
            Order::Probe { run, made_of } => {
                let context = self.contexts.of(&run, made_of);
                let stop = self.stop.child_token();
                let name = Named::Probe(run.clone());
                self.spawn(name, async move {
                    Done::Probe(run, probe(&context, stop).await)
                });
            }
        }
    }

    fn start(&mut self, key: CaseKey, made_of: MadeOf, gate: Arc<Gate>) {
        let stop = self.stop.child_token();
        let job = Job {
            key: key.clone(),
            context: self.contexts.of(&key.run, made_of),
            fingerprint: self.fingerprint(&key),
            gate,
            stop: stop.clone(),
        };
        self.running.insert(key.clone(), stop);
        self.spawn(Named::Case(key), job.run());
    }

    /// One per attempt, shared by its cases; those of attempts without a running case are dropped.
    fn fingerprint(&mut self, key: &CaseKey) -> job::Fingerprint {
        let running = &self.running;
        self.fingerprints.retain(|(run, attempt), _| {
            running
                .keys()
                .any(|held| (&held.run, held.attempt) == (run, *attempt))
                || (&key.run, key.attempt) == (run, *attempt)
        });
        let of_attempt = (key.run.clone(), key.attempt);
        self.fingerprints.entry(of_attempt).or_default().clone()
    }

    fn spawn(&mut self, name: Named, task: impl Future<Output = Done> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.names.insert(id, name);
    }

    fn reap(&mut self, joined: Result<(Id, Done), JoinError>) {
        let done = match joined {
            Ok((id, done)) => {
                self.names.remove(&id);
                done
            }
            Err(error) => match self.names.remove(&error.id()) {
                Some(Named::Case(key)) => self.contexts.panicked(key, &error),
                Some(Named::Probe(run)) => Done::Probe(run, Preflight::default()),
                None => return,
            },
        };
        let input = match done {
            Done::Case(key, ended) => {
                self.running.remove(&key);
                Input::CaseEnded {
                    run: key.run,
                    attempt: key.attempt,
                    result: ended.result,
                    record: ended.record,
                }
            }
            Done::Probe(run, preflight) => Input::Probed { run, preflight },
        };
        // The loop has ended; nobody counts any more.
        let _ = self.inputs.send(input);
    }
}

/// A run that can't be loaded here is a region that is not green, with the reason. No lease covers
/// a probe, so it ends by the clock: the coordinator counts on that where caps are shared.
async fn probe(context: &Context, stop: Stop) -> Preflight {
    let probed = async {
        let loaded = context.loaded(&stop).await?;
        let gate = Arc::new(engine::OpenGate);
        Ok(loaded.engine.preflight(gate, stop.clone()).await)
    };
    let too_long = |_| Err(format!("it took longer than {PROBE_LIMIT:?}"));
    let probed = tokio::time::timeout(PROBE_LIMIT, probed).await;
    match probed.unwrap_or_else(too_long) {
        Ok(preflight) => preflight,
        Err(why) => Preflight {
            green: false,
            probes: vec![domain::record::Probe {
                error: why,
                attempts: 1,
                ..domain::record::Probe::default()
            }],
            fingerprint: String::new(),
        },
    }
}
