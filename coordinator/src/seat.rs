//! Whether this process leads: what the doors ask before they hand anything in.
//!
//! A process that leads never goes back to waiting: it ends, and its next start waits.

use std::sync::Arc;

use coordination::{Elector, Leader};
use tokio::sync::watch;

use crate::shell::Handle;
use crate::traces::Inbox;

/// What this process is to those who ask it.
#[derive(Clone, Debug)]
enum Role {
    /// For what it needs to stand by.
    Waiting(Arc<dyn Elector>),
    Standby(Arc<dyn Elector>),
    Leading(Handle, Arc<Inbox>),
}

/// The doors' view; cheap to clone.
#[derive(Clone, Debug)]
pub struct Seat(watch::Receiver<Role>);

/// Lets the doors know that this process leads now.
#[derive(Debug)]
pub(crate) struct Taker(watch::Sender<Role>);

/// Another process leads, or nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this coordinator does not lead; {}", hint(leader.as_deref()))]
pub struct NotLeading {
    /// `HOST:PORT`.
    pub leader: Option<String>,
}

fn hint(leader: Option<&str>) -> String {
    match leader {
        Some(address) => format!("{address} does, ask there"),
        None => "nobody is known to, ask again soon".to_owned(),
    }
}

/// A seat nobody sits on yet, and nobody stands by.
pub(crate) fn waiting(elector: Arc<dyn Elector>) -> (Taker, Seat) {
    let (taker, seat) = watch::channel(Role::Waiting(elector));
    (Taker(taker), Seat(seat))
}

impl Taker {
    pub(crate) fn wait(&self, elector: Arc<dyn Elector>) {
        self.0.send_replace(Role::Waiting(elector));
    }

    pub(crate) fn stand_by(&self, elector: Arc<dyn Elector>) {
        self.0.send_replace(Role::Standby(elector));
    }

    pub(crate) fn take(&self, handle: Handle, spans: Inbox) {
        self.0.send_replace(Role::Leading(handle, Arc::new(spans)));
    }
}

/// What this process is, as far as it can tell without a request.
#[derive(Debug)]
pub(crate) enum Standing {
    Leads(Handle),
    /// What it needs to stand by was not there yet.
    Waits,
    /// It would lead, and can say who does.
    StandsBy,
    /// It would lead, and what says who does can't be asked.
    Blind,
}

impl Seat {
    /// The way to the loop, if it is in this process; nobody else is asked.
    pub(crate) fn leading(&self) -> Option<Handle> {
        match &*self.0.borrow() {
            Role::Leading(handle, _) => Some(handle.clone()),
            Role::Waiting(_) | Role::Standby(_) => None,
        }
    }

    pub(crate) async fn standing(&self) -> Standing {
        let elector = match &*self.0.borrow() {
            Role::Leading(handle, _) => return Standing::Leads(handle.clone()),
            Role::Waiting(_) => return Standing::Waits,
            Role::Standby(elector) => elector.clone(),
        };
        match elector.leader().await {
            Ok(_) => Standing::StandsBy,
            Err(_) => Standing::Blind,
        }
    }

    /// The way to the loop, if it is in this process.
    pub(crate) async fn handle(&self) -> Result<Handle, NotLeading> {
        let elector = match &*self.0.borrow() {
            Role::Leading(handle, _) => return Ok(handle.clone()),
            Role::Waiting(elector) | Role::Standby(elector) => elector.clone(),
        };
        Err(other(&*elector).await)
    }

    /// The way to the keeper of server spans, if it is in this process.
    pub(crate) async fn spans(&self) -> Result<Arc<Inbox>, NotLeading> {
        let elector = match &*self.0.borrow() {
            Role::Leading(_, spans) => return Ok(spans.clone()),
            Role::Waiting(elector) | Role::Standby(elector) => elector.clone(),
        };
        Err(other(&*elector).await)
    }
}

async fn other(elector: &dyn Elector) -> NotLeading {
    let leader = elector.leader().await.unwrap_or_else(|error| {
        tracing::debug!(%error, "it can't be said who leads");
        None
    });
    NotLeading {
        leader: leader.map(|Leader { address, .. }| address),
    }
}
