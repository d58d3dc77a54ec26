//! Whether this process leads: what the doors ask before they hand anything in.
//!
//! A process that leads never goes back to waiting: it ends, and its next start waits.

use std::sync::Arc;
use std::time::Duration;

use coordination::{Elector, Leader};
use tokio::sync::watch;

use crate::shell::Handle;
use crate::traces::Inbox;

/// Nobody leads for longer than this only when somebody died, and then asking again is as well.
const VACANCY: Duration = Duration::from_secs(2);
/// While nobody leads, it is looked again so often who does.
const ASKED_EACH: Duration = Duration::from_millis(500);

/// What this process is to those who ask it.
#[derive(Clone, Debug)]
enum Role {
    /// For what it needs to stand by.
    Waiting(Arc<dyn Elector>),
    /// With the name under which it would lead.
    Standby(Arc<dyn Elector>, String),
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

    pub(crate) fn stand_by(&self, elector: Arc<dyn Elector>, name: &str) {
        self.0.send_replace(Role::Standby(elector, name.to_owned()));
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
            Role::Waiting(_) | Role::Standby(..) => None,
        }
    }

    pub(crate) async fn standing(&self) -> Standing {
        let elector = match &*self.0.borrow() {
            Role::Leading(handle, _) => return Standing::Leads(handle.clone()),
            Role::Waiting(_) => return Standing::Waits,
            Role::Standby(elector, _) => elector.clone(),
        };
        match elector.leader().await {
            Ok(_) => Standing::StandsBy,
            Err(_) => Standing::Blind,
        }
    }

    /// The way to the loop, if it is in this process. While nobody leads, whoever asks waits a
    /// moment: it may soon be this one.
    pub(crate) async fn handle(&self) -> Result<Handle, NotLeading> {
        let known = tokio::time::timeout(VACANCY, self.until_known()).await;
        known.unwrap_or(Err(NotLeading { leader: None }))
    }

    async fn until_known(&self) -> Result<Handle, NotLeading> {
        let mut role = self.0.clone();
        loop {
            let (elector, own) = match &*role.borrow_and_update() {
                Role::Leading(handle, _) => return Ok(handle.clone()),
                Role::Waiting(elector) => (elector.clone(), None),
                Role::Standby(elector, name) => (elector.clone(), Some(name.clone())),
            };
            let leader = leader_of(&*elector).await;
            // Elected a moment ago, it is about to read the logs.
            let is_own = |leader: &Leader| own.as_ref() == Some(&leader.name);
            match leader {
                Ok(None) if own.is_some() => {}
                Ok(Some(leader)) if is_own(&leader) => {}
                Ok(other) => return Err(other.into()),
                Err(Unknown) => return Err(None.into()),
            }
            // Either way it is asked again, until the time for it is over.
            let _ = tokio::time::timeout(ASKED_EACH, role.changed()).await;
        }
    }

    /// The way to the keeper of server spans, if it is in this process.
    pub(crate) async fn spans(&self) -> Result<Arc<Inbox>, NotLeading> {
        let elector = match &*self.0.borrow() {
            Role::Leading(_, spans) => return Ok(spans.clone()),
            Role::Waiting(elector) | Role::Standby(elector, _) => elector.clone(),
        };
        Err(leader_of(&*elector).await.unwrap_or(None).into())
    }
}

/// It can't be said who leads.
struct Unknown;

async fn leader_of(elector: &dyn Elector) -> Result<Option<Leader>, Unknown> {
    elector.leader().await.map_err(|error| {
        tracing::debug!(%error, "it can't be said who leads");
        Unknown
    })
}

impl From<Option<Leader>> for NotLeading {
    fn from(leader: Option<Leader>) -> Self {
        Self {
            leader: leader.map(|Leader { address, .. }| address),
        }
    }
}

#[cfg(test)]
mod tests;
