//! The composition root: the only file that names every part of a worker.
//!
//! The stream, the beats and the leases live on a thread with a runtime of its own; cases run on the
//! runtime that called `start`. The order of an end: gates close, cases are dropped, the stream's
//! last words leave, the spool is written, and its directory is given back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use accounting::worker::{Config as Settings, Input, Worker};
use lifecycle::Stop;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::coordinators::Coordinators;
use crate::executor::{self, Contexts};
use crate::probes::{self, Probes};
use crate::session::Session;
use crate::shell::{End, Shell};
use crate::spool::{Keeper, Spool, SpoolError};
use crate::watchdog::{Part, Watchdog, Watched};

/// How long the last words may take to leave.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often each runtime says that it turns.
const REPORTS_EVERY: Duration = Duration::from_secs(1);

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Dial(#[from] dial::DialError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("a thread could not be started: {0}")]
    Thread(io::Error),
    #[error("the machine gave no random numbers: {0}")]
    Random(io::Error),
    #[error(transparent)]
    Health(#[from] health::ListenError),
}

/// Why a worker ended by itself, or not in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExitError {
    #[error("the coordinator refused this worker: {0}")]
    Refused(String),
    #[error("not everything was handed over in time; it waits in the spool for the next start")]
    OutOfTime,
    #[error("the worker's thread is gone")]
    Gone,
}

/// A worker that runs. Dropped, it vanishes as by a crash.
#[derive(Debug)]
pub struct Running {
    stop: Stop,
    vanish: Stop,
    health: Option<SocketAddr>,
    ended: oneshot::Receiver<Result<(), ExitError>>,
    cases: JoinSet<()>,
}

impl Running {
    /// Where probes are answered, with the port that it got.
    pub fn health(&self) -> Option<SocketAddr> {
        self.health
    }

    /// Cancel it to let the worker finish what runs, hand over and say goodbye.
    pub fn stop_token(&self) -> &Stop {
        &self.stop
    }

    /// Waits until it has ended, its spool given back. Cancel safe.
    pub async fn wait(&mut self) -> Result<(), ExitError> {
        let ended = (&mut self.ended).await.unwrap_or(Err(ExitError::Gone));
        while let Some(joined) = self.cases.join_next().await {
            if joined.is_err() {
                tracing::error!("the executor panicked");
            }
        }
        ended
    }

    /// Ends it in order and waits for it.
    pub async fn stop(mut self) -> Result<(), ExitError> {
        self.stop.cancel();
        self.wait().await
    }

    /// Ends it at once: nothing is said, and what was not acknowledged stays in the spool.
    pub async fn vanish(mut self) {
        self.vanish.cancel();
        // That it did not end in order is what was asked for.
        let _ = self.wait().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.vanish.cancel();
    }
}

/// Starts a worker; it holds its spool when this returns, and dials until it is stopped.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let coordinators = Coordinators::of(&config).await?;
    let door = config.health.map(health::Listener::bind).transpose()?;
    let health = door.as_ref().map(health::Listener::address);
    let mut spool = Spool::open(&config.spool)?;
    let key = random_key()?;
    let (inputs, received) = mpsc::unbounded_channel();
    let contexts = Contexts::new(
        coordinators.clone(),
        config.worker.clone(),
        config.region.clone(),
        key,
        config.secrets.clone(),
    );
    let (executor, owner) = executor::make(contexts, inputs.clone());
    let watched = Watched::default();
    let watchdog =
        Watchdog::start(watched.clone(), config.worker.to_string()).map_err(StartError::Thread)?;
    let machine = machine(&config, &mut spool);
    let written = move |(run, attempt, seq)| {
        let input = Input::SpoolWritten { run, attempt, seq };
        // The loop has ended; the next start finds the frame.
        let _ = inputs.send(input);
    };
    let keeper = Keeper::start(spool, written).map_err(StartError::Thread)?;
    let (news_in, news) = mpsc::unbounded_channel();
    let (teller, probes) = probes::make();
    let shell = Shell {
        machine,
        news,
        inputs: received,
        executor,
        keeper,
        grace: config.grace,
        watched: watched.clone(),
        teller,
    };
    let me = (config.worker.clone(), config.region.clone());
    let (stop, vanish) = (Stop::new(), Stop::new());
    let parts = Parts {
        session: Session::new(me, coordinators, config.backoff, news_in),
        shell,
        probes: door.map(|door| (door, probes)),
    };
    let ended = on_thread(&config, parts, stop.clone(), vanish.clone())?;
    let mut cases = JoinSet::new();
    cases.spawn(async move {
        // It watches as long as anything may be executed here.
        let _watchdog = watchdog;
        tokio::select! {
            () = owner.run() => {}
            () = watched.keep(Part::Cases, REPORTS_EVERY) => {}
        }
    });
    Ok(Running {
        stop,
        vanish,
        health,
        ended,
        cases,
    })
}

fn machine(config: &Config, spool: &mut Spool) -> Worker {
    let (worker, region) = (config.worker.clone(), config.region.clone());
    let mut settings = Settings::new(worker, region, config.slots, spool.incarnation);
    settings.beat = config.beat;
    settings.version = env!("CARGO_PKG_VERSION").to_owned();
    Worker::new(settings, std::mem::take(&mut spool.recovered))
}

type Ended = oneshot::Receiver<Result<(), ExitError>>;

/// What lives on the worker's own thread.
struct Parts {
    session: Session,
    shell: Shell,
    probes: Option<(health::Listener, Probes)>,
}

fn on_thread(config: &Config, parts: Parts, stop: Stop, vanish: Stop) -> Result<Ended, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StartError::Thread)?;
    let (end, ended) = oneshot::channel();
    thread::Builder::new()
        .name(format!("worker {}", config.worker))
        .spawn(move || {
            let result = runtime.block_on(live(parts, stop, vanish));
            // Whoever started it may be gone already.
            let _ = end.send(result);
        })
        .map_err(StartError::Thread)?;
    Ok(ended)
}

async fn live(parts: Parts, stop: Stop, vanish: Stop) -> Result<(), ExitError> {
    let Parts {
        session,
        shell,
        probes,
    } = parts;
    // Answered to the very end: they go when this returns.
    let mut answers = JoinSet::new();
    if let Some((door, probes)) = probes {
        answers.spawn(door.serve(Arc::new(probes)));
    }
    let hang_up = Stop::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(session.run(hang_up.clone()));
    let reports = shell.watched.clone().keep(Part::Leases, REPORTS_EVERY);
    tasks.spawn(reports);
    let end = shell.run(stop, vanish).await;
    if end != End::Vanished {
        // The session ends by itself once all it was given has left.
        let left = tokio::time::timeout(FAREWELL, tasks.join_next()).await;
        if left.is_err() {
            tracing::debug!("the last words were not waited for any longer");
        }
    }
    hang_up.cancel();
    tasks.shutdown().await;
    match end {
        End::Done | End::Vanished => Ok(()),
        End::OutOfTime => Err(ExitError::OutOfTime),
        End::Refused(why) => Err(ExitError::Refused(why)),
    }
}

fn random_key() -> Result<[u8; 32], StartError> {
    let mut key = [0; 32];
    let mut bytes: &mut [u8] = &mut key;
    while !bytes.is_empty() {
        let filled = rustix::rand::getrandom(&mut *bytes, rustix::rand::GetRandomFlags::empty())
            .map_err(|errno| StartError::Random(errno.into()))?;
        bytes = bytes.get_mut(filled..).unwrap_or_default();
    }
    Ok(key)
}
