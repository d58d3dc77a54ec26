//! Every setting of a coordinator.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use run_log::Layout;

/// How a coordinator is set up; `Config::new` gives the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where logs, blobs and the lock lie.
    pub data: PathBuf,
    pub layout: Layout,
    /// Needed off loopback, where plaintext is refused.
    pub tls: Option<TlsFiles>,
    /// Leases, limits and the leader's name.
    pub accounting: accounting::coordinator::Config,
    /// How long `stop` waits for what is under way.
    pub grace: Duration,
    /// How long to wait for another coordinator to let go of the data directory.
    pub patience: Duration,
    /// Where an orchestrator's probes are answered, in plain HTTP; nowhere when `None`.
    pub health: Option<SocketAddr>,
    /// Several coordinators of one grid: who leads, and where the logs lie. `data` then holds
    /// nothing but server spans.
    pub cluster: Option<Cluster>,
}

/// What the coordinators of one grid share.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub etcd: coordination::etcd::Settings,
    pub store: run_log::Address,
    /// Where workers and clients reach this one, `HOST:PORT`; where it listens when `None`.
    pub advertise: Option<String>,
}

impl Config {
    pub fn new(listen: SocketAddr, data: impl Into<PathBuf>) -> Self {
        let leader = format!("coordinator-{}", std::process::id());
        Self {
            listen,
            data: data.into(),
            layout: Layout::Grid,
            tls: None,
            accounting: accounting::coordinator::Config::new(leader),
            grace: Duration::from_secs(5),
            patience: Duration::from_millis(200),
            health: None,
            cluster: None,
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
