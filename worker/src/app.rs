//! The worker put together: the only file that names every part.

use accounting::worker::{Config as Rules, Worker};
use lifecycle::{OnExit, Stop, Tasks};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::DropGuard;
use tonic::transport::Endpoint;

use crate::config::Config;
use crate::dial::{DialError, endpoint};
use crate::executor::Executor;
use crate::session;
use crate::shell::Shell;
use crate::spool::{Spool, SpoolError};
use crate::work::Place;

pub use crate::shell::Failure;

/// Events between the parts; a full queue makes the stream wait.
const EVENTS: usize = 1_024;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("the machine gave no thread: {0}")]
    Thread(std::io::Error),
}

/// A worker at work; dropping it stops it without a goodbye.
#[derive(Debug)]
pub struct Running {
    ended: oneshot::Receiver<Result<(), Failure>>,
    /// The executor, on the caller's runtime.
    tasks: Tasks,
    _stop: DropGuard,
}

impl Running {
    /// Waits for the worker's end: after `stop` it says goodbye first.
    ///
    /// # Errors
    /// When it ended for another reason than `stop`.
    pub async fn ended(mut self) -> Result<(), Failure> {
        tokio::select! {
            ended = &mut self.ended => ended.unwrap_or_else(|_| Err(gone("its thread"))),
            exit = self.tasks.first_exit() => Err(Failure::Broken(exit.to_string())),
        }
    }
}

/// Starts a worker; it dials, and keeps dialling, until `stop`.
///
/// # Errors
/// When it could never work: a bad address, unreadable certificates, a spool that is in use.
pub async fn start(config: Config, stop: Stop) -> Result<Running, StartError> {
    let endpoint = endpoint(&config.grid, config.tls.as_ref()).await?;
    let (spool, recovered) = Spool::open(&config.data)?;
    let machine = Worker::new(rules(&config, spool.incarnation()), recovered);
    let (events_in, events) = mpsc::channel(EVENTS);
    let (orders, orders_out) = mpsc::unbounded_channel();
    let place = Place {
        worker: config.worker.clone(),
        region: config.region.clone(),
    };
    let executor = Executor::new(place, endpoint.clone(), events_in.clone());
    let mut tasks = Tasks::new();
    tasks.spawn("executor", OnExit::GoOn, async move {
        executor.run(orders_out).await;
        Ok::<_, std::convert::Infallible>(())
    });
    let shell = Shell::new(machine, spool, orders, config.drain);
    let (told, ended) = oneshot::channel();
    // The caller's stop may be shared; this worker's own end must stop nobody else.
    let stop = stop.child_token();
    let stopping = stop.clone();
    std::thread::Builder::new()
        .name(format!("worker {}", config.worker))
        .spawn(move || {
            let end = hold_leases(shell, (events_in, events), endpoint, stopping);
            // Nobody waits any more: the owner was dropped.
            let _ = told.send(end);
        })
        .map_err(StartError::Thread)?;
    Ok(Running {
        ended,
        tasks,
        _stop: stop.drop_guard(),
    })
}

fn rules(config: &Config, incarnation: u64) -> Rules {
    let (worker, region) = (config.worker.clone(), config.region.clone());
    let mut rules = Rules::new(worker, region, config.slots, incarnation);
    rules.version.clone_from(&config.version);
    rules.beat = config.beat;
    rules
}

type Events = (
    mpsc::Sender<crate::shell::Event>,
    mpsc::Receiver<crate::shell::Event>,
);

/// The thread that nothing may hold up: stream, machine and gates on a runtime of their own.
fn hold_leases(
    shell: Shell,
    (events_in, events): Events,
    endpoint: Endpoint,
    stop: Stop,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::Broken(format!("its runtime: {error}")))?;
    runtime.block_on(async {
        let mut tasks = Tasks::new();
        let hung_up = Stop::new();
        let session = session::run(endpoint, events_in, hung_up.clone());
        tasks.spawn("session", OnExit::StopAll, async move {
            session.await;
            Ok::<_, std::convert::Infallible>(())
        });
        let end = shell.run(events, stop).await;
        hung_up.cancel();
        end
    })
}

fn gone(what: &str) -> Failure {
    Failure::Broken(what.to_owned())
}
