//! The key, held: its lease is kept alive each second, until it is resigned or dropped.
//!
//! A lease that ended early is no reason to stop: the key is made again if nobody else made it, and
//! otherwise the log will say who leads.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::Term;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::etcd::api::Api;
use crate::etcd::claim::{Claim, Made};
use crate::port::{Error, Tenure};

const RENEW_EACH: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Held {
    term: Term,
    api: Api,
    lease: Arc<AtomicI64>,
    /// Renews; ends with this.
    keeper: JoinSet<()>,
}

impl Held {
    pub(super) fn start(claim: Claim, term: Term, lease: i64) -> Self {
        let lease = Arc::new(AtomicI64::new(lease));
        let api = claim.api().clone();
        let mut keeper = JoinSet::new();
        keeper.spawn(keep(claim, lease.clone()));
        Self {
            term,
            api,
            lease,
            keeper,
        }
    }
}

async fn keep(mut claim: Claim, lease: Arc<AtomicI64>) {
    let mut pace = tokio::time::interval(RENEW_EACH);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_well = true;
    loop {
        pace.tick().await;
        let kept = claim.api().keep_alive(lease.load(Ordering::SeqCst)).await;
        let kept = match kept {
            Err(Error::LeaseGone) => again(&mut claim, &lease).await,
            other => other.map(|()| None),
        };
        let trouble = match kept {
            Ok(None) => None,
            Ok(Some(holder)) => Some(format!("{holder} was elected")),
            Err(error) => Some(error.to_string()),
        };
        match (&trouble, is_well) {
            (Some(why), true) => tracing::warn!(
                why,
                "the election can't be kept; going on until the log says that another leads"
            ),
            (None, false) => tracing::info!("the election is kept again"),
            _ => {}
        }
        is_well = trouble.is_none();
    }
}

/// The lease is gone, and the key with it: makes both again, or says who was faster.
async fn again(claim: &mut Claim, lease: &AtomicI64) -> Result<Option<String>, Error> {
    match claim.make().await? {
        Made::Ours { lease: new, .. } => {
            lease.store(new, Ordering::SeqCst);
            Ok(None)
        }
        Made::HeldBy { holder, .. } => Ok(Some(holder.map_or_else(
            || "another".to_owned(),
            |leader| format!("{} at {}", leader.name, leader.address),
        ))),
    }
}

#[async_trait]
impl Tenure for Held {
    fn term(&self) -> Term {
        self.term
    }

    /// Never: only the log says that another leads.
    async fn lost(&self) {
        std::future::pending().await
    }

    async fn resign(mut self: Box<Self>) {
        // A renewal under way may hold a new lease; it is let finish or cut off before the end.
        self.keeper.shutdown().await;
        if let Err(error) = self.api.revoke(self.lease.load(Ordering::SeqCst)).await {
            tracing::warn!(%error, "could not resign; the lease ends by itself within 5 s");
        }
    }
}
