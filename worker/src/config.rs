//! Every setting of a worker.

use std::path::PathBuf;
use std::time::Duration;

use domain::{Region, WorkerId};

/// How a worker is set up; `Config::new` gives the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// The coordinator, as `host:port`.
    pub grid: String,
    /// Needed off loopback, where plaintext is refused.
    pub tls: Option<TlsFiles>,
    pub worker: WorkerId,
    pub region: Region,
    /// Cases executed at once.
    pub slots: u32,
    /// Where the spool lies; one worker per folder.
    pub data: PathBuf,
    pub version: String,
    /// How long running cases may go on once the worker was asked to stop.
    pub drain: Duration,
    /// The time between two beats.
    pub beat: Duration,
}

impl Config {
    pub fn new(
        grid: impl Into<String>,
        worker: WorkerId,
        region: Region,
        data: impl Into<PathBuf>,
    ) -> Self {
        Self {
            grid: grid.into(),
            tls: None,
            worker,
            region,
            slots: 4,
            data: data.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            drain: Duration::from_secs(20),
            beat: Duration::from_secs(5),
        }
    }
}

/// PEM files for mutual TLS: both sides show a certificate of the same authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Certificates that the other side's must chain to.
    pub ca: PathBuf,
}
