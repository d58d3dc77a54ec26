//! What every handler can reach: the store, the signer, the switches, the ledgers, the config.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agents::Runs;
use crate::auth::Tokens;
use crate::contract::Contract;
use crate::limits::Limiter;
use crate::receipts::Ledger;
use crate::store::Store;
use crate::telemetry::Telemetry;
use crate::{Config, Defect, Switches};

/// The platform's shared state; a clone is one more handle to it.
#[derive(Clone)]
pub(crate) struct App {
    inner: Arc<Inner>,
}

/// The parts behind the handle.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) instance: String,
    pub(crate) started_ms: i64,
    pub(crate) addresses: Addresses,
    /// Makes administrators; new with each start.
    pub(crate) admin_key: String,
    /// Answers about health so far.
    pub(crate) health_answers: AtomicU64,
    /// The user whose socket was opened last, for the defect that takes everyone for them.
    pub(crate) last_greeted: Mutex<String>,
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) switches: Arc<Switches>,
    pub(crate) limiter: Limiter,
    pub(crate) runs: Runs,
    pub(crate) receipts: Ledger,
    pub(crate) contract: Contract,
    pub(crate) telemetry: Telemetry,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Where the hosts answer, as clients have to write it; no slash at the end.
pub(crate) struct Addresses {
    pub(crate) api: String,
    pub(crate) auth: String,
    pub(crate) provider: String,
}

impl App {
    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Whether this defect is switched on at the moment.
    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.switches.is_on(defect)
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}
