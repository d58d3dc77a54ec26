//! The real network under one try: the dialer, the caps, the lease gate, the idle connections.
//!
//! What is the same for requests and handshakes is here: the order in which caps and gate are
//! asked. HTTP is `http`, WebSocket `websocket`, kept-alive connections `idle`.

use std::sync::Arc;

use async_trait::async_trait;
use domain::record::Phases;
use tokio::time::{Instant, timeout_at};

use super::idle::Pool;
use super::{Answering, Broken, Call, Opening, Transport, Unanswered, http, websocket};
use crate::dialer::cap::Caps;
use crate::dialer::{DialPhases, Dialed, Dialer, Origin};
use crate::engine::LeaseGate;

/// Transport of one try; dropping it ends its connections.
#[derive(Debug)]
pub(crate) struct Network {
    dialer: Arc<Dialer>,
    caps: Arc<Caps>,
    gate: Arc<dyn LeaseGate>,
    pub(super) pool: Arc<Pool>,
}

impl Network {
    pub(crate) fn new(dialer: Arc<Dialer>, caps: Arc<Caps>, gate: Arc<dyn LeaseGate>) -> Self {
        Self {
            dialer,
            caps,
            gate,
            pool: Arc::new(Pool::default()),
        }
    }

    /// Waits for a slot under the caps, then asks the gate: in this order, because the wait may
    /// outlast the lease.
    async fn admit(&self, deadline: Instant) -> Result<(), Broken> {
        let slot = timeout_at(deadline, self.caps.request()).await;
        slot.map_err(|_| Broken::NoCapacity)?;
        self.ask_gate()
    }

    pub(super) fn ask_gate(&self) -> Result<(), Broken> {
        if self.gate.is_open() {
            Ok(())
        } else {
            Err(Broken::GateClosed)
        }
    }

    pub(super) async fn dial(&self, origin: &Origin, deadline: Instant) -> Result<Dialed, Broken> {
        Ok(self.dialer.dial(origin, &*self.gate, deadline).await?)
    }
}

#[async_trait]
impl Transport for Network {
    async fn request(&self, call: &Call) -> Result<Answering, Unanswered> {
        self.admit(call.deadline).await.map_err(Unanswered::new)?;
        http::request(self, call).await
    }

    async fn open(&self, call: &Call) -> Result<Opening, Unanswered> {
        self.admit(call.deadline).await.map_err(Unanswered::new)?;
        websocket::open(self, call).await
    }

    fn may_send(&self) -> bool {
        self.gate.is_open()
    }

    async fn admit_message(&self, deadline: Instant) -> Result<(), Broken> {
        self.admit(deadline).await
    }
}

pub(super) fn phases(dial: DialPhases) -> Phases {
    Phases {
        dns_ms: dial.dns_ms,
        connect_ms: dial.connect_ms,
        tls_ms: dial.tls_ms,
        ..Phases::default()
    }
}
