//! Making the leader's key, and waiting while another holds it.

use std::time::Duration;

use domain::Term;

use crate::etcd::api::{Api, Created};
use crate::port::{Error, Leader};

/// A watch may have missed something: the key is read again at least so often.
const RECONCILE: Duration = Duration::from_secs(5);

/// One candidate's claim to the key.
#[derive(Debug)]
pub(super) struct Claim {
    api: Api,
    key: String,
    me: String,
    /// A lease that no answer was heard for yet: the key may stand under it already.
    lease: Option<i64>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Made {
    /// The key is ours; its creation is the term.
    Ours { term: Term, lease: i64 },
    /// Another has it; what happens behind this revision is not known yet.
    HeldBy {
        holder: Option<Leader>,
        revision: i64,
    },
}

impl Claim {
    pub(super) fn new(api: Api, key: &str, me: &Leader) -> Self {
        Self {
            api,
            key: key.to_owned(),
            me: me.to_lines(),
            lease: None,
        }
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// Makes the key if nobody has it. A call whose answer was lost may have made it: asked again
    /// under the same lease, the key is known as ours.
    pub(super) async fn make(&mut self) -> Result<Made, Error> {
        if self.lease.is_none() {
            let found = self.api.read(&self.key).await?;
            if let Some(kv) = found.key {
                let holder = Leader::from_lines(&kv.value);
                let revision = found.revision;
                return Ok(Made::HeldBy { holder, revision });
            }
        }
        let lease = match self.lease {
            Some(lease) => lease,
            None => self.api.grant().await?,
        };
        self.lease = Some(lease);
        let created = match self.api.create(&self.key, &self.me, lease).await {
            Err(Error::LeaseGone) => {
                self.lease = None;
                return Err(Error::LeaseGone);
            }
            other => other?,
        };
        let found = match created {
            Created::At(revision) => return Ok(self.ours(revision, lease)),
            Created::Not(found) => found,
        };
        match found.key {
            Some(kv) if kv.lease == lease => Ok(self.ours(kv.create_revision, lease)),
            other => {
                self.lease = None;
                if let Err(error) = self.api.revoke(lease).await {
                    tracing::debug!(%error, "a lease that nobody needs ends by itself");
                }
                let holder = other.and_then(|kv| Leader::from_lines(&kv.value));
                let revision = found.revision;
                Ok(Made::HeldBy { holder, revision })
            }
        }
    }

    fn ours(&mut self, revision: i64, lease: i64) -> Made {
        self.lease = None;
        Made::Ours {
            term: Term(u64::try_from(revision).unwrap_or_default()),
            lease,
        }
    }

    /// Waits for a change of the key, and not for long without looking at it.
    pub(super) async fn until_it_may_be_free(&self, revision: i64) {
        let changed = self.api.until_changed(&self.key, revision);
        // Either way the key is read again.
        let _ = tokio::time::timeout(RECONCILE, changed).await;
    }
}
