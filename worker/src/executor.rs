//! Executes what the machine starts: one task a case, on the process's main runtime.
//!
//! It decides nothing: which case starts, and when it must stop, comes in as an `Order`; how each
//! ended goes out. A panic of the engine ends its case as errored, never the worker.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use accounting::worker::CaseKey;
use domain::record::{CaseRecord, CaseResult, Preflight, Probe};
use domain::{AttemptId, Digest, Evidence, Outcome, RunId};
use engine::{Ended, OpenGate};
use tokio::sync::{OnceCell, mpsc};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use crate::gate::Gate;
use crate::shell::Event;
use crate::work::{Place, Work, WorkError};

/// Runs whose engines are kept; older ones are fetched again if they come back.
const RUNS_KEPT: usize = 4;
const FETCH_TRIES: u32 = 5;
const BETWEEN_FETCHES: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(crate) enum Order {
    Start {
        key: CaseKey,
        plan: Digest,
        bundle: Digest,
        gate: Arc<Gate>,
    },
    Abort(CaseKey),
    Probe {
        run: RunId,
        plan: Digest,
        bundle: Digest,
    },
    /// Nothing of the attempt comes any more.
    Forget {
        run: RunId,
        attempt: AttemptId,
    },
}

type Shared<T> = Arc<OnceCell<T>>;

#[derive(Debug)]
pub(crate) struct Executor {
    place: Place,
    endpoint: Endpoint,
    channel: Option<Channel>,
    events: mpsc::Sender<Event>,
    runs: Vec<(RunId, Shared<Arc<Work>>)>,
    /// The environment's fingerprint as seen at the start of each attempt.
    fingerprints: BTreeMap<(RunId, AttemptId), Shared<String>>,
    cases: JoinSet<()>,
    keys: HashMap<Id, CaseKey>,
    stops: BTreeMap<CaseKey, CancellationToken>,
}

impl Executor {
    pub(crate) fn new(place: Place, endpoint: Endpoint, events: mpsc::Sender<Event>) -> Self {
        Self {
            place,
            endpoint,
            channel: None,
            events,
            runs: Vec::new(),
            fingerprints: BTreeMap::new(),
            cases: JoinSet::new(),
            keys: HashMap::new(),
            stops: BTreeMap::new(),
        }
    }

    /// Carries out orders until nobody gives any; what still runs then is dropped.
    pub(crate) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.carry_out(order),
                    None => return self.cases.shutdown().await,
                },
                Some(ended) = self.cases.join_next_with_id() => self.reap(ended).await,
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Start {
                key,
                plan,
                bundle,
                gate,
            } => self.start(key, (plan, bundle), gate),
            Order::Abort(key) => {
                if let Some(stop) = self.stops.get(&key) {
                    stop.cancel();
                }
            }
            Order::Probe { run, plan, bundle } => {
                let work = self.work(&run, (plan, bundle));
                let events = self.events.clone();
                self.cases.spawn(async move {
                    let preflight = match work.get().await {
                        Ok(work) => {
                            let gate = Arc::new(OpenGate);
                            work.engine.preflight(gate, CancellationToken::new()).await
                        }
                        Err(why) => not_ready(&why),
                    };
                    // A shell that is gone has stopped; there is nobody to tell.
                    let _ = events.send(Event::Probed { run, preflight }).await;
                });
            }
            Order::Forget { run, attempt } => {
                self.fingerprints.remove(&(run, attempt));
            }
        }
    }

    fn start(&mut self, key: CaseKey, digests: (Digest, Digest), gate: Arc<Gate>) {
        let stop = CancellationToken::new();
        self.stops.insert(key.clone(), stop.clone());
        let work = self.work(&key.run, digests);
        let shard = (key.run.clone(), key.attempt);
        let fingerprint = Arc::clone(self.fingerprints.entry(shard).or_default());
        let (events, place, case) = (self.events.clone(), self.place.clone(), key.clone());
        let handle = self.cases.spawn(async move {
            let ended = match work.get().await {
                Ok(work) => execute(&work, &case, gate, stop, &fingerprint, &place).await,
                Err(why) => errored(&case, &place, format!("bundle: {why}")),
            };
            // A shell that is gone has stopped; there is nobody to tell.
            let _ = events.send(case_ended(case, ended)).await;
        });
        self.keys.insert(handle.id(), key);
    }

    async fn reap(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let Some(key) = self.keys.remove(&id) else {
            return;
        };
        self.stops.remove(&key);
        if let Err(error) = ended {
            let ended = errored(&key, &self.place, format!("engine_panic: {error}"));
            // As above: a shell that is gone needs no telling.
            let _ = self.events.send(case_ended(key, ended)).await;
        }
    }

    /// The run's engine, made at the first use of it.
    fn work(&mut self, run: &RunId, digests: (Digest, Digest)) -> Fetching {
        let known = self.runs.iter().find(|(known, _)| known == run);
        let cell = known.map_or_else(Default::default, |(_, cell)| Arc::clone(cell));
        if known.is_none() {
            self.runs.insert(0, (run.clone(), Arc::clone(&cell)));
            self.runs.truncate(RUNS_KEPT);
        }
        let endpoint = &self.endpoint;
        let channel = self.channel.get_or_insert_with(|| endpoint.connect_lazy());
        let (channel, place, run) = (channel.clone(), self.place.clone(), run.clone());
        Fetching {
            cell,
            channel,
            place,
            run,
            digests,
        }
    }
}

/// A run's engine, here or on its way; whoever asks first fetches it.
struct Fetching {
    cell: Shared<Arc<Work>>,
    channel: Channel,
    place: Place,
    run: RunId,
    digests: (Digest, Digest),
}

impl Fetching {
    async fn get(&self) -> Result<Arc<Work>, WorkError> {
        self.cell.get_or_try_init(|| self.fetch()).await.cloned()
    }

    /// A coordinator that is just being replaced is asked again; another error is final.
    async fn fetch(&self) -> Result<Arc<Work>, WorkError> {
        let mut tries = 1;
        loop {
            let digests = (&self.digests.0, &self.digests.1);
            match Work::fetch(self.channel.clone(), &self.place, &self.run, digests).await {
                Ok(work) => return Ok(Arc::new(work)),
                Err(WorkError::Fetch { .. }) if tries < FETCH_TRIES => tries += 1,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(BETWEEN_FETCHES * tries).await;
        }
    }
}

async fn execute(
    work: &Work,
    key: &CaseKey,
    gate: Arc<Gate>,
    stop: CancellationToken,
    fingerprint: &OnceCell<String>,
    place: &Place,
) -> Ended {
    let Some(job) = work.job(&key.case, key.attempt) else {
        return errored(key, place, "bundle: the plan has no such case".to_owned());
    };
    let seen = fingerprint.get_or_init(async || {
        let preflight = work
            .engine
            .preflight(Arc::<Gate>::clone(&gate), stop.clone())
            .await;
        preflight.fingerprint
    });
    let seen = seen.await.clone();
    let mut ended = work.engine.run_case(job, gate, stop).await;
    ended.result.fingerprint = seen;
    ended
}

fn case_ended(key: CaseKey, mut ended: Ended) -> Event {
    let record = match ended.record.tries.is_empty() {
        true => Vec::new(),
        false => wire::record::encode(&ended.record),
    };
    ended.result.record = (!record.is_empty()).then(|| wire::digest::of(&record));
    let (run, attempt) = (key.run, key.attempt);
    Event::CaseEnded {
        run,
        attempt,
        result: Box::new(ended.result),
        record,
    }
}

fn errored(key: &CaseKey, place: &Place, mut reason: String) -> Ended {
    reason.truncate(reason.floor_char_boundary(300));
    let result = CaseResult {
        case: key.case.clone(),
        outcome: Outcome::Errored,
        reason,
        evidence: Evidence::default(),
        duration: Duration::ZERO,
        started_at_ms: lifecycle::clock::wall_ms(),
        trace_id: String::new(),
        tries: 0,
        flaky: false,
        region: place.region.clone(),
        worker: place.worker.clone(),
        fingerprint: String::new(),
        record: None,
    };
    Ended {
        result,
        record: CaseRecord::default(),
    }
}

fn not_ready(why: &WorkError) -> Preflight {
    let probe = Probe {
        error: why.to_string(),
        attempts: FETCH_TRIES,
        ..Probe::default()
    };
    Preflight {
        green: false,
        probes: vec![probe],
        fingerprint: String::new(),
    }
}
