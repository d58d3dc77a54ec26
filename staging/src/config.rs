//! What a caller may choose about a platform; every field has a default that suits a test.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::Defect;

/// How a platform is to be started.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where database, secret, certificate authority and environment file live; made when missing.
    pub data_dir: PathBuf,
    /// Where the API host listens; port 0 takes a free one.
    pub api_listen: SocketAddr,
    /// Where the auth host listens; port 0 takes a free one.
    pub auth_listen: SocketAddr,
    /// The host name in URLs, in the environment file and, beside `localhost`, in the certificate.
    pub public_host: String,
    /// The pages that may read answers and open sockets, as browsers name them.
    pub origins: Vec<String>,
    /// How many requests a user may send to `/api/limited` in one window.
    pub limit: u32,
    /// How long such a window is; it begins with its first request.
    pub limit_window: Duration,
    /// How long an access token is good for.
    pub access_lifetime: Duration,
    /// How long a refresh token is good for.
    pub refresh_lifetime: Duration,
    /// The time between two events of an agent's run.
    pub event_pace: Duration,
    /// The time between two chunks of a streamed answer; at least 15 ms, so that they stay apart.
    pub chunk_pace: Duration,
    /// What `/health` calls the deployed revision.
    pub revision: String,
    /// Where spans go, an OTLP/gRPC endpoint; nowhere when left out.
    pub otlp: Option<String>,
    /// Tries whose receipts are kept; older ones are forgotten, and counted.
    pub kept_receipts: usize,
    /// The switches that are on from the start.
    pub defects: Vec<Defect>,
}

impl Config {
    /// A platform on free loopback ports that keeps its data in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            data_dir: data_dir.into(),
            api_listen: loopback,
            auth_listen: loopback,
            public_host: Ipv4Addr::LOCALHOST.to_string(),
            origins: vec![
                "https://app.reference.test".to_owned(),
                "http://localhost:3000".to_owned(),
            ],
            limit: 10,
            limit_window: Duration::from_secs(8),
            access_lifetime: Duration::from_secs(30 * 60),
            refresh_lifetime: Duration::from_secs(14 * 24 * 3600),
            event_pace: Duration::from_millis(30),
            chunk_pace: Duration::from_millis(40),
            revision: concat!("reference-", env!("CARGO_PKG_VERSION")).to_owned(),
            otlp: None,
            kept_receipts: 20_000,
            defects: Vec::new(),
        }
    }

    /// Whether pages of this origin may read answers and open sockets.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == origin)
    }
}
