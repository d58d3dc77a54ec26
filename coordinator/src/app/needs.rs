//! What one of several coordinators needs before it can stand by: an etcd and a store that answer.
//!
//! Who does not answer is asked again for as long as it takes, which is said once and then now and
//! then; who refuses ends the wait. Nothing here decides who leads.

use std::sync::Arc;
use std::time::Duration;

use coordination::Elector;
use run_log::ObjectStore;
use run_log::object::Patience;
use tokio::time::Instant;

use crate::app::StartError;
use crate::app::candidate::off_runtime;
use crate::config::Cluster;

/// Between two times that a wait is told of.
const SAY_EACH: Duration = Duration::from_secs(30);
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// The store is asked again here, so that it is here that it is said.
const SECOND: Duration = Duration::from_secs(1);

/// Whom to ask, and what they are called.
pub(super) struct Needs {
    elector: Arc<dyn Elector>,
    /// Less patient than the one that logs are kept in.
    store: ObjectStore,
    etcd_name: String,
    store_name: String,
}

impl Needs {
    pub(super) fn new(cluster: &Cluster, elector: Arc<dyn Elector>) -> Result<Self, StartError> {
        let patience = Patience {
            read: SECOND,
            append: SECOND,
            ..Patience::default()
        };
        Ok(Self {
            elector,
            store: ObjectStore::with_patience(&cluster.store, patience)?,
            etcd_name: format!("etcd at {}", cluster.etcd.endpoints.join(", ")),
            store_name: format!("the store {}", cluster.store),
        })
    }

    /// Returns once both have answered. An error says that one of them never will as it is.
    pub(super) async fn answer(&self) -> Result<(), StartError> {
        let ask = || {
            let elector = self.elector.clone();
            async move { Ok(elector.leader().await.map(drop)?) }
        };
        until_it_answers(&self.etcd_name, ask).await?;
        let ask = || {
            let store = self.store.clone();
            off_runtime(move || Ok(store.check()?))
        };
        until_it_answers(&self.store_name, ask).await
    }

    /// Lets a question that is under way end soon.
    pub(super) fn halt(&self) {
        self.store.halt().cancel();
    }
}

async fn until_it_answers<F>(who: &str, ask: impl Fn() -> F) -> Result<(), StartError>
where
    F: Future<Output = Result<(), StartError>>,
{
    let begun = Instant::now();
    let mut said: Option<Instant> = None;
    let mut wait = SHORTEST_WAIT;
    loop {
        let error = match ask().await {
            Ok(()) => break,
            Err(error) if error.is_retryable() => error,
            Err(error) => return Err(error),
        };
        if said.is_none_or(|at| at.elapsed() >= SAY_EACH) {
            said = Some(Instant::now());
            let waited_s = begun.elapsed().as_secs();
            tracing::warn!(%error, waited_s, "waiting for {who}; asking again until it answers");
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    if said.is_some() {
        tracing::info!("{who} answers");
    }
    Ok(())
}
