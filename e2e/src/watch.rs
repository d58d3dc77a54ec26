//! Runs watched across leaders: who holds what at this moment, as the durable logs tell it.
//!
//! Unlike `follow`, it goes on when a coordinator dies: each log is read on from where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use proto::v1::control_service_client::ControlServiceClient;
use proto::v1::{FollowRequest, ListRequest, RunEvent, run_event::Event};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

/// Between two looks for new runs, and after a stream that broke.
const PACE: Duration = Duration::from_millis(200);
/// After so many losses that may be a case's own doing it runs alone, and must not be lost again.
const LOSSES_BEFORE_ALONE: usize = 2;

/// How coordinators are reached: in plaintext on loopback, or with certificates.
#[derive(Clone, Debug, Default)]
pub struct Door(Option<ClientTlsConfig>);

impl Door {
    pub fn with_certificates(tls: ClientTlsConfig) -> Self {
        Self(Some(tls))
    }

    /// # Errors
    /// When nobody answers at `HOST:PORT`, or shows another certificate.
    pub async fn connect(&self, address: &str) -> Result<ControlServiceClient<Channel>> {
        let scheme = self.0.as_ref().map_or("http", |_| "https");
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))?;
        if let Some(tls) = &self.0 {
            endpoint = endpoint.tls_config(tls.clone())?;
        }
        Ok(ControlServiceClient::new(endpoint.connect().await?))
    }
}

/// One run, folded from its events.
#[derive(Clone, Debug, Default)]
struct RunView {
    open: BTreeMap<u64, (String, BTreeSet<String>)>,
    blamed: BTreeMap<String, usize>,
    n_settled: usize,
    /// Of each case that is counted: the attempt whose result that is.
    counted: BTreeMap<String, u64>,
    n_lost: usize,
    /// Cases of which a result came that does not count.
    kept: BTreeSet<String>,
    leased: Vec<Instant>,
    has_ended: bool,
    /// Since when its events come as they are written; not while its stream is broken.
    live_since: Option<Instant>,
}

impl RunView {
    fn see(&mut self, event: Event) {
        match event {
            Event::ShardLeased(shard) => {
                let cases = shard.cases.into_iter().collect();
                self.open.insert(shard.attempt, (shard.worker, cases));
                self.leased.push(Instant::now());
            }
            Event::CaseSettled(settled) => {
                self.n_settled += 1;
                let open = self.open.get_mut(&settled.attempt);
                if let (Some((_, cases)), Some(result)) = (open, settled.result) {
                    cases.remove(&result.case);
                    self.counted.insert(result.case, settled.attempt);
                }
            }
            Event::AttemptEnded(ended) => {
                self.open.remove(&ended.attempt);
            }
            Event::AttemptLost(lost) => {
                self.n_lost += 1;
                let (_, cases) = self.open.remove(&lost.attempt).unwrap_or_default();
                for case in cases.into_iter().filter(|_| lost.blames) {
                    *self.blamed.entry(case).or_default() += 1;
                }
            }
            Event::ResultKept(kept) => {
                self.kept.extend(kept.result.map(|result| result.case));
            }
            Event::RunEnded(_) => self.has_ended = true,
            _ => {}
        }
    }

    fn is_to_be_alone(&self, case: &str) -> bool {
        self.blamed
            .get(case)
            .is_some_and(|losses| *losses >= LOSSES_BEFORE_ALONE)
    }
}

/// What all watched runs come to.
#[derive(Debug, Default)]
pub struct View {
    runs: BTreeMap<String, RunView>,
}

impl View {
    /// Workers, with how many cases without an outcome they hold.
    pub fn holders(&self) -> BTreeMap<String, usize> {
        let mut holders = BTreeMap::new();
        for (worker, cases) in self.runs.values().flat_map(|run| run.open.values()) {
            if !cases.is_empty() {
                *holders.entry(worker.clone()).or_default() += cases.len();
            }
        }
        holders
    }

    /// Whether the worker runs a case alone, after losses that may have been its doing.
    pub fn runs_alone(&self, worker: &str) -> bool {
        self.runs.values().any(|run| {
            let mut held = run.open.values().filter(|(holder, _)| holder == worker);
            held.any(|(_, cases)| cases.iter().any(|case| run.is_to_be_alone(case)))
        })
    }

    /// The attempt under which a case is open, and its worker.
    pub fn holder_of(&self, case: &str) -> Option<(u64, &str)> {
        let mut open = self.runs.values().flat_map(|run| &run.open);
        let (attempt, (worker, _)) = open.find(|(_, (_, cases))| cases.contains(case))?;
        Some((*attempt, worker))
    }

    pub fn n_settled(&self) -> usize {
        self.runs.values().map(|run| run.n_settled).sum()
    }

    /// Whether this attempt's result of a case has come: it counts, or one came that does not.
    pub fn has_come(&self, case: &str, attempt: u64) -> bool {
        self.runs
            .values()
            .any(|run| run.kept.contains(case) || run.counted.get(case) == Some(&attempt))
    }

    /// Attempts that ended without their worker.
    pub fn n_lost(&self) -> usize {
        self.runs.values().map(|run| run.n_lost).sum()
    }

    /// Leases that were heard of since then.
    pub fn n_leased_since(&self, since: Instant) -> usize {
        let leased = self.runs.values().flat_map(|run| &run.leased);
        leased.filter(|at| **at >= since).count()
    }

    /// Attempts that are not over, as run and number.
    pub fn open_attempts(&self) -> BTreeSet<(String, u64)> {
        let runs = self.runs.iter();
        let open =
            runs.flat_map(|(name, run)| run.open.keys().map(move |one| (name.clone(), *one)));
        open.collect()
    }

    /// What is held now is likely what is held here: every run that goes on has been read without a
    /// break for so long that what was missed is read up.
    pub fn is_live(&self, for_at_least: Duration) -> bool {
        let mut open = self.runs.values().filter(|run| !run.has_ended);
        open.all(|run| {
            run.live_since
                .is_some_and(|at| at.elapsed() >= for_at_least)
        })
    }
}

/// Watches every run of a grid until it is dropped.
#[derive(Debug)]
pub struct Watch {
    view: Arc<Mutex<View>>,
    _tasks: JoinSet<()>,
}

impl Watch {
    /// `addresses` as `--grid` takes them.
    pub fn start(addresses: &str) -> Self {
        Self::through(Door::default(), addresses)
    }

    /// As `start`, by another way.
    pub fn through(door: Door, addresses: &str) -> Self {
        let view = Arc::<Mutex<View>>::default();
        let addresses: Vec<String> = addresses.split(',').map(str::to_owned).collect();
        let mut tasks = JoinSet::new();
        tasks.spawn(find_runs(door, addresses, Arc::clone(&view)));
        Self {
            view,
            _tasks: tasks,
        }
    }

    pub fn view(&self) -> MutexGuard<'_, View> {
        lock(&self.view)
    }
}

fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for runs for ever, and follows each.
async fn find_runs(door: Door, addresses: Vec<String>, view: Arc<Mutex<View>>) {
    let mut followed = JoinSet::new();
    loop {
        for address in &addresses {
            // One that stands by, or is dead, is asked again.
            for run in runs_of(&door, address).await.unwrap_or_default() {
                let is_new = !lock(&view).runs.contains_key(&run);
                if is_new {
                    lock(&view).runs.insert(run.clone(), RunView::default());
                    let (addresses, view) = (addresses.clone(), Arc::clone(&view));
                    followed.spawn(follow(door.clone(), run, addresses, view));
                }
            }
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn runs_of(door: &Door, address: &str) -> Result<Vec<String>> {
    let mut client = door.connect(address).await?;
    let runs = client.list(ListRequest::default()).await?.into_inner().runs;
    Ok(runs.into_iter().map(|run| run.run).collect())
}

async fn follow(door: Door, run: String, addresses: Vec<String>, view: Arc<Mutex<View>>) {
    let mut next = 0;
    for address in addresses.iter().cycle() {
        // A stream that breaks is read on elsewhere.
        let _ = follow_at(&door, address, &run, &mut next, &view).await;
        if let Some(run) = lock(&view).runs.get_mut(&run) {
            run.live_since = None;
            if run.has_ended {
                return;
            }
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn follow_at(
    door: &Door,
    address: &str,
    run: &str,
    next: &mut u64,
    view: &Mutex<View>,
) -> Result<()> {
    let mut client = door.connect(address).await?;
    let request = FollowRequest {
        run: run.to_owned(),
        from: *next,
    };
    let mut replies = client.follow(request).await?.into_inner();
    while let Some(reply) = replies.next().await {
        let reply = reply?;
        let mut seen = lock(view);
        let folded = seen.runs.entry(run.to_owned()).or_default();
        folded.live_since.get_or_insert_with(Instant::now);
        for (position, bytes) in (reply.position..).zip(&reply.events) {
            if position < *next {
                continue;
            }
            *next = position + 1;
            let event: RunEvent = prost::Message::decode(bytes.as_slice())?;
            folded.see(event.event.context("an event of a known kind")?);
        }
    }
    Ok(())
}
