//! The adapter on etcd: one key, made by the one who may try to lead, and gone with its lease.
//!
//! The lease lasts 5 s and is kept alive each second on a task of its own. What etcd says is a hint
//! and fences nothing: a holder that can't reach etcd goes on, until the log says that another
//! leads. Reading order: `api` (calls, endpoint by endpoint), `claim` (making the key, waiting for
//! it to go), `tenure` (keeping it).

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::port::{Elector, Error, Leader, Tenure};

mod api;
mod claim;
mod tenure;

use api::Api;
use claim::Claim;
use tenure::Held;

/// How long a holder may be silent before another may try.
pub const LEASE: Duration = Duration::from_secs(5);
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Where etcd is and under which key leaders stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Members of one cluster, as `http://HOST:PORT` or `https://HOST:PORT`.
    pub endpoints: Vec<String>,
    /// Grids that share an etcd have different ones.
    pub prefix: String,
    pub tls: Option<Tls>,
}

impl Settings {
    pub fn new(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            endpoints: endpoints.into_iter().map(Into::into).collect(),
            prefix: "/muster".to_owned(),
            tls: None,
        }
    }
}

/// PEM files for `https` endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Certificates that etcd's must chain to.
    pub ca: PathBuf,
    /// What this process shows, if etcd asks clients for a certificate.
    pub identity: Option<Identity>,
}

/// A certificate chain and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Leadership as etcd sees it.
#[derive(Clone, Debug)]
pub struct Etcd {
    api: Api,
    key: String,
    patience: Option<Duration>,
}

impl Etcd {
    /// Reads the TLS files; connects when it is first asked.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            api: Api::new(settings)?,
            key: format!("{}/leader", settings.prefix.trim_end_matches('/')),
            patience: None,
        })
    }

    /// How long `campaign` waits for a holder to let go; for ever by default.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    async fn until_elected(&self, me: &Leader) -> Held {
        let mut claim = Claim::new(self.api.clone(), &self.key, me);
        let mut wait = SHORTEST_WAIT;
        loop {
            match claim.make().await {
                Ok(claim::Made::Ours { term, lease }) => {
                    return Held::start(claim, term, lease);
                }
                Ok(claim::Made::HeldBy { revision, .. }) => {
                    wait = SHORTEST_WAIT;
                    claim.until_it_may_be_free(revision).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "can't take part in the election; trying again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }
}

#[async_trait]
impl Elector for Etcd {
    async fn campaign(&self, me: &Leader) -> Result<Box<dyn Tenure>, Error> {
        let Some(patience) = self.patience else {
            return Ok(Box::new(self.until_elected(me).await));
        };
        let deadline = Instant::now() + patience;
        match tokio::time::timeout_at(deadline, self.until_elected(me)).await {
            Ok(held) => Ok(Box::new(held)),
            Err(_) => {
                let holder = self.leader().await?;
                let holder = holder.map_or_else(
                    || "nobody who is still there".to_owned(),
                    |leader| format!("{} at {}", leader.name, leader.address),
                );
                Err(Error::Held {
                    path: PathBuf::from(&self.key),
                    holder,
                })
            }
        }
    }

    async fn leader(&self) -> Result<Option<Leader>, Error> {
        let found = self.api.read(&self.key).await?;
        Ok(found.key.and_then(|kv| Leader::from_lines(&kv.value)))
    }
}
