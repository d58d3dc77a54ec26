//! The flags of the long-running verbs, and how any verb reaches a grid.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use coordination::etcd::{Identity, Settings, Tls};

pub(super) const COORDINATOR_EXAMPLES: &str = "\
Examples:
  muster coordinator --listen 127.0.0.1:9101 --data grid/
  muster coordinator --listen 0.0.0.0:9101 --data grid/ \\
      --tls-cert coordinator.pem --tls-key coordinator.key --tls-ca ca.pem

  muster coordinator --listen 127.0.0.1:9101 --data a/ --etcd http://127.0.0.1:2379 \\
      --store file:///srv/grid
  muster coordinator --listen 127.0.0.1:9102 --data b/ --etcd http://127.0.0.1:2379 \\
      --store file:///srv/grid

Plaintext is spoken on loopback only. Anywhere else both sides show a certificate.

With --etcd and --store, one of several coordinators leads and the others stand by. Credentials
for s3:// come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL.";

pub(super) const WORKER_EXAMPLES: &str = "\
Examples:
  muster worker --grid 127.0.0.1:9101 --region us-central1 --name us-1 --data us-1/
  muster worker --grid grid.example:9101 --region europe-west1 --name eu-1 --slots 8 \\
      --data eu-1/ --tls-cert eu-1.pem --tls-key eu-1.key --tls-ca ca.pem

A worker dials out and listens nowhere, but for probes. Its data folder keeps results until they
are acknowledged, so start it again with the same folder and name after a crash.";

/// Certificates of this side, and whose are trusted on the other.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TlsArgs {
    /// This side's certificate (PEM); wanted wherever the grid is not on loopback.
    #[arg(long, value_name = "FILE", requires_all = ["tls_key", "tls_ca"])]
    pub(crate) tls_cert: Option<PathBuf>,
    /// This side's private key (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["tls_cert", "tls_ca"])]
    pub(crate) tls_key: Option<PathBuf>,
    /// The authority that signed the other side's certificate (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["tls_cert", "tls_key"])]
    pub(crate) tls_ca: Option<PathBuf>,
}

impl TlsArgs {
    /// For the side that dials; nothing when none was given (clap wants all three or none).
    pub(crate) fn for_dialling(&self) -> Option<dial::TlsFiles> {
        Some(dial::TlsFiles {
            cert: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
            ca: self.tls_ca.clone()?,
        })
    }

    /// For the side that listens.
    pub(crate) fn for_listening(&self) -> Option<coordinator::TlsFiles> {
        Some(coordinator::TlsFiles {
            cert: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
            ca: self.tls_ca.clone()?,
        })
    }
}

/// Where the grid is, for the verbs that may use one.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GridArgs {
    /// A coordinator, HOST:PORT, or several of one grid separated by commas; without it everything
    /// happens in this process.
    #[arg(long, value_name = "ADDR", env = "MUSTER_GRID")]
    pub(crate) grid: Option<String>,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CoordinatorArgs {
    /// Where to listen; port 0 takes a free one, which is printed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9101")]
    pub(crate) listen: SocketAddr,
    /// Where the logs lie; with --store, server spans alone.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Where to answer probes in plain HTTP: /livez, /readyz, /leadz. They tell nothing secret.
    #[arg(long, value_name = "ADDR")]
    pub(crate) health: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// What several coordinators of one grid share.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ClusterArgs {
    /// Members of the etcd in which coordinators elect a leader, separated by commas.
    #[arg(long, value_name = "URL", value_delimiter = ',', requires = "store")]
    pub(crate) etcd: Vec<String>,
    /// Where logs and blobs lie: s3://BUCKET/PREFIX, or file:///DIR on a disk that all of them see.
    #[arg(long, value_name = "URL", requires = "etcd")]
    pub(crate) store: Option<run_log::Address>,
    /// Under which the leader stands in etcd; another one for each grid.
    #[arg(long, value_name = "KEY", default_value = "/muster", requires = "etcd")]
    pub(crate) etcd_prefix: String,
    /// The authority that signed etcd's certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "etcd")]
    pub(crate) etcd_ca: Option<PathBuf>,
    /// What this coordinator shows to etcd (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["etcd_key", "etcd_ca"])]
    pub(crate) etcd_cert: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, value_name = "FILE", requires = "etcd_cert")]
    pub(crate) etcd_key: Option<PathBuf>,
    /// How workers and clients reach this coordinator, when that is not where it listens.
    #[arg(long, value_name = "HOST:PORT", requires = "etcd")]
    pub(crate) advertise: Option<String>,
}

impl ClusterArgs {
    /// Nothing when this coordinator is alone.
    pub(crate) fn cluster(&self) -> Option<coordinator::Cluster> {
        let store = self.store.clone()?;
        let identity = self.etcd_cert.clone().zip(self.etcd_key.clone());
        let tls = self.etcd_ca.clone().map(|ca| Tls {
            ca,
            identity: identity.map(|(cert, key)| Identity { cert, key }),
        });
        let etcd = Settings {
            endpoints: self.etcd.clone(),
            prefix: self.etcd_prefix.clone(),
            tls,
        };
        Some(coordinator::Cluster {
            etcd,
            store,
            advertise: self.advertise.clone(),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// The coordinator, HOST:PORT, or several of one grid separated by commas.
    #[arg(long, value_name = "ADDR", env = "MUSTER_GRID")]
    pub(crate) grid: String,
    /// The region that this worker stands in.
    #[arg(long)]
    pub(crate) region: String,
    /// The worker's name, unique in the grid.
    #[arg(long)]
    pub(crate) name: String,
    /// How many cases it executes at a time.
    #[arg(long, value_name = "S", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) slots: u32,
    /// Where results wait until they are acknowledged.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Where the files lie that environments name as secrets. Runs reach nothing outside it.
    #[arg(long, value_name = "DIR")]
    pub(crate) secrets: Option<PathBuf>,
    /// Seconds that open cases may go on once it is asked to end; it has ended 10 s later.
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub(crate) grace: u64,
    /// Where to answer probes in plain HTTP: /livez, /readyz. They tell nothing secret.
    #[arg(long, value_name = "ADDR")]
    pub(crate) health: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}
