//! Every setting of a worker.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use dial::TlsFiles;
use domain::{Region, WorkerId};

/// How a worker is set up; `Config::new` gives the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    pub worker: WorkerId,
    pub region: Region,
    /// Cases executed at one time.
    pub slots: u32,
    /// The coordinator, as `host:port`; several of one grid are separated by commas.
    pub coordinator: String,
    /// A directory of this worker's own: results wait there until they are acknowledged.
    pub spool: PathBuf,
    /// Needed off loopback, where plaintext is refused.
    pub tls: Option<TlsFiles>,
    /// Where files of secrets lie; the folder of a run's own environment file when `None`.
    pub secrets: Option<PathBuf>,
    /// Where an orchestrator's probes are answered, in plain HTTP; nowhere when `None`.
    pub health: Option<SocketAddr>,
    /// How often it tells the coordinator that it lives.
    pub beat: Duration,
    /// How long `stop` waits for cases to finish before it aborts them.
    pub grace: Duration,
    /// The shortest and the longest wait before it dials again.
    pub backoff: (Duration, Duration),
}

impl Config {
    pub fn new(
        worker: WorkerId,
        region: Region,
        coordinator: impl Into<String>,
        spool: impl Into<PathBuf>,
    ) -> Self {
        Self {
            worker,
            region,
            slots: 8,
            coordinator: coordinator.into(),
            spool: spool.into(),
            tls: None,
            secrets: None,
            health: None,
            beat: Duration::from_secs(5),
            grace: Duration::from_secs(20),
            backoff: (Duration::from_millis(100), Duration::from_secs(5)),
        }
    }
}
