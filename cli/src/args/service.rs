//! The flags of the long-running verbs, and how any verb reaches a grid.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

pub(super) const COORDINATOR_EXAMPLES: &str = "\
Examples:
  muster coordinator --listen 127.0.0.1:9101 --data grid/
  muster coordinator --listen 0.0.0.0:9101 --data grid/ \\
      --tls-cert coordinator.pem --tls-key coordinator.key --tls-ca ca.pem

Plaintext is spoken on loopback only. Anywhere else both sides show a certificate.";

pub(super) const WORKER_EXAMPLES: &str = "\
Examples:
  muster worker --grid 127.0.0.1:9101 --region us-central1 --name us-1 --data us-1/
  muster worker --grid grid.example:9101 --region europe-west1 --name eu-1 --slots 8 \\
      --data eu-1/ --tls-cert eu-1.pem --tls-key eu-1.key --tls-ca ca.pem

A worker dials out and listens nowhere. Its data folder keeps results until they are acknowledged,
so start it again with the same folder and name after a crash.";

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
    pub(crate) fn for_dialling(&self) -> Option<worker::TlsFiles> {
        Some(worker::TlsFiles {
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
    /// A coordinator, HOST:PORT; without it everything happens in this process.
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
    /// Where the logs lie.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// The coordinator, HOST:PORT.
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
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}
