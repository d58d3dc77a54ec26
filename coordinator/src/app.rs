//! The composition root: the only file that names every part of a coordinator.
//!
//! A coordinator has a thread and a runtime of its own, so that beats and leases do not wait for
//! whatever else its process does. The order of an end: the shell stops saying anything, the logs'
//! threads finish, and only then is the directory's lock given back.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use accounting::coordinator::Exit as End;
use lifecycle::{Exit, OnExit, Stop, Tasks};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::grpc;
use crate::probes::Probes;
use crate::seat::Seat;
use crate::shell::Ended;
use crate::traces;

mod candidate;
mod needs;
mod vigil;

use candidate::{Candidate, LeadError};

/// Threads of a coordinator's own runtime.
const THREADS: usize = 2;

/// Why a coordinator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "could not listen on {address}: {why}; choose another address, or stop what listens there"
    )]
    Listen { address: SocketAddr, why: io::Error },
    #[error(
        "{address} is not a loopback address, and off loopback the grid speaks mutual TLS only: give --tls-cert, --tls-key and --tls-ca"
    )]
    Plaintext { address: SocketAddr },
    #[error(transparent)]
    Health(#[from] health::ListenError),
    #[error("{path} can't be read: {why}; check the path and its permissions")]
    TlsFile { path: PathBuf, why: io::Error },
    #[error(
        "the TLS files can't be used: {why}; give PEM with one certificate chain, its key, and the authority's certificates"
    )]
    Tls { why: String },
    #[error(transparent)]
    Election(#[from] coordination::Error),
    #[error(transparent)]
    Store(#[from] run_log::Error),
    #[error(
        "the leader's address would be {address}, which nobody can dial; say how others reach this one: --advertise HOST:PORT"
    )]
    NotAnAddress { address: SocketAddr },
    #[error("a thread could not be started: {0}")]
    Thread(io::Error),
    #[error("the coordinator's thread ended while it started")]
    Gone,
}

impl StartError {
    /// The same start may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Election(error) => error.is_retryable(),
            Self::Store(error) => error.is_retryable(),
            _ => false,
        }
    }
}

/// Why a coordinator ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ExitError {
    /// Nothing is wrong with this one: started again, it stands by.
    #[error("{why}; start this one again, and it stands by")]
    Deposed { why: String },
    /// What it needs was found to be unusable after its doors were open.
    #[error(transparent)]
    CantLead(StartError),
    #[error("the coordinator ended: {0}")]
    Ended(String),
    #[error("the coordinator's thread is gone")]
    Gone,
}

/// A coordinator that runs. Dropped, it is stopped without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    health: Option<SocketAddr>,
    stop: Stop,
    ended: oneshot::Receiver<Result<(), ExitError>>,
}

impl Running {
    /// Where it listens, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where probes are answered, with the port that it got.
    pub fn health(&self) -> Option<SocketAddr> {
        self.health
    }

    /// Cancel it to end the coordinator in order.
    pub fn stop_token(&self) -> &Stop {
        &self.stop
    }

    /// Waits until it has ended, its lock given back. Cancel safe.
    pub async fn wait(&mut self) -> Result<(), ExitError> {
        (&mut self.ended).await.unwrap_or(Err(ExitError::Gone))
    }

    /// Ends it in order and waits for it.
    pub async fn stop(mut self) -> Result<(), ExitError> {
        self.stop.cancel();
        self.wait().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts a coordinator; it listens and has its data directory when this returns. One of several
/// may still wait for etcd and the store then.
pub async fn start(config: Config) -> Result<Running, StartError> {
    grpc::refuse_plaintext(&config)?;
    let stop = Stop::new();
    let (ready, started) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let stopped = stop.clone();
    thread::Builder::new()
        .name("coordinator".to_owned())
        .spawn(move || {
            // Whoever started it may be gone already.
            let _ = end.send(on_thread(config, stopped, ready));
        })
        .map_err(StartError::Thread)?;
    let (address, health) = started.await.unwrap_or(Err(StartError::Gone))?;
    Ok(Running {
        address,
        health,
        stop,
        ended,
    })
}

/// Where it listens, for the grid and for probes.
type Addresses = (SocketAddr, Option<SocketAddr>);
type Ready = oneshot::Sender<Result<Addresses, StartError>>;

fn on_thread(config: Config, stop: Stop, ready: Ready) -> Result<(), ExitError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("coordinator")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(StartError::Thread(error)));
            return Err(ExitError::Gone);
        }
    };
    let grace = config.grace;
    let ended = runtime.block_on(async {
        match Parts::make(config).await {
            Ok(parts) => {
                let _ = ready.send(Ok(parts.addresses()));
                parts.run(stop).await
            }
            Err(error) => {
                let _ = ready.send(Err(error));
                Err(ExitError::Gone)
            }
        }
    });
    // Whoever writes has ended; reads of a store that does not answer are not waited for.
    runtime.shutdown_timeout(grace);
    ended
}

/// Everything that had to be taken hold of before the coordinator counts as started.
struct Parts {
    config: Config,
    address: SocketAddr,
    listener: TcpListener,
    doors: grpc::Doors,
    health: Option<health::Listener>,
    seat: Seat,
    candidate: Candidate,
}

impl Parts {
    async fn make(config: Config) -> Result<Self, StartError> {
        let listen = |why| StartError::Listen {
            address: config.listen,
            why,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let health = config.health.map(health::Listener::bind).transpose()?;
        let (candidate, seat) = match &config.cluster {
            None => Candidate::of_directory(&config, address).await?,
            Some(cluster) => Candidate::of_cluster(&config, cluster, address)?,
        };
        let doors = grpc::Doors::new(&config, seat.clone())?;
        Ok(Self {
            config,
            address,
            listener,
            doors,
            health,
            seat,
            candidate,
        })
    }

    fn addresses(&self) -> Addresses {
        let health = self.health.as_ref().map(health::Listener::address);
        (self.address, health)
    }

    async fn run(self, stop: Stop) -> Result<(), ExitError> {
        tracing::info!(address = %self.address, data = %self.config.data.display(), "listening");
        // Answered to the very end: they go when this returns.
        let mut probes = JoinSet::new();
        if let Some(listener) = self.health {
            let (seat, stop) = (self.seat, stop.clone());
            probes.spawn(listener.serve(Arc::new(Probes { seat, stop })));
        }
        let mut tasks = Tasks::new();
        let doors_stop = Stop::new();
        let (kept, left) = oneshot::channel();
        let leads = self.candidate.lead(stop.clone(), self.config.grace, kept);
        tasks.spawn("shell", OnExit::StopAll, leads);
        tasks.spawn(
            "grpc",
            OnExit::StopAll,
            self.doors.serve(self.listener, doors_stop.clone()),
        );
        let cause = tasks.first_exit().await;
        let was_asked = stop.is_cancelled();
        stop.cancel();
        doors_stop.cancel();
        let drained = tasks.drain(self.config.grace).await;
        if let Err(unfinished) = drained {
            tracing::warn!(%unfinished, "not everything ended in time");
        }
        // Nothing is left when it never led.
        if let Ok(left) = left.await {
            traces::finish(left.keeper).await;
            // Only now may another coordinator have the directory.
            drop(left.tenure);
        }
        outcome(was_asked, cause)
    }
}

fn outcome(was_asked: bool, cause: Exit) -> Result<(), ExitError> {
    let text = cause.to_string();
    let failure = match cause.failure {
        None if was_asked => return Ok(()),
        None => return Err(ExitError::Ended(text)),
        Some(failure) => failure,
    };
    Err(match failure.downcast::<LeadError>().map(|error| *error) {
        Ok(LeadError::Start(error)) => ExitError::CantLead(error),
        Ok(LeadError::Ended(Ended(deposed @ End::Deposed(_)))) => ExitError::Deposed {
            why: deposed.to_string(),
        },
        Ok(LeadError::Ended(_)) | Err(_) => ExitError::Ended(text),
    })
}
