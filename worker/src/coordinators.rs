//! Which coordinator a worker dials: one of those that were named, or the leader that one of them
//! told of. How any of them is reached is `dial`, the crate.
//!
//! Nothing is sent here; what comes out is dialled by `session` and `executor`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dial::{DialError, endpoint, mutual, refuse_plaintext};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::config::Config;

/// The coordinators of the grid: those that were named, and where one of them said that the leader
/// is. Cheap to clone; all clones dial the same one.
#[derive(Clone, Debug)]
pub(crate) struct Coordinators(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// In the order in which they were named; at least one.
    named: Vec<String>,
    tls: Option<ClientTlsConfig>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    address: String,
    /// Connects when it is used.
    channel: Channel,
    /// Which of the named ones is tried after this one.
    next: usize,
}

impl Coordinators {
    /// Checks the addresses and the files once; dialling may then be repeated for ever.
    pub(crate) async fn of(config: &Config) -> Result<Self, DialError> {
        let named: Vec<String> = config.coordinator.split(',').map(trimmed).collect();
        let tls = config.tls.as_ref().map(mutual).transpose()?;
        let mut first = None;
        for address in &named {
            if tls.is_none() {
                refuse_plaintext(address).await?;
            }
            let channel = endpoint(address, tls.as_ref())?.connect_lazy();
            first.get_or_insert((address.clone(), channel));
        }
        let (address, channel) = first.ok_or_else(|| DialError::Address {
            address: config.coordinator.clone(),
            why: "it is empty".to_owned(),
        })?;
        Ok(Self(Arc::new(Shared {
            named,
            tls,
            current: Mutex::new(Current {
                address,
                channel,
                next: 1,
            }),
        })))
    }

    /// Another may lead when the one that is dialled does not.
    pub(crate) fn are_several(&self) -> bool {
        self.0.named.len() > 1
    }

    /// The one to dial now.
    pub(crate) fn current(&self) -> Result<(String, Endpoint), DialError> {
        let address = self.held().address.clone();
        let endpoint = endpoint(&address, self.0.tls.as_ref())?;
        Ok((address, endpoint))
    }

    /// A connection to it, for requests beside the session.
    pub(crate) fn channel(&self) -> Channel {
        self.held().channel.clone()
    }

    /// The coordinator at this address is gone: the next of those that were named is tried.
    pub(crate) fn lost(&self, address: &str) {
        let mut current = self.held();
        if current.address == address {
            let next = current.next % self.0.named.len();
            if let Some(named) = self.0.named.get(next) {
                self.turn(&mut current, named.clone());
            }
            current.next = next + 1;
        }
    }

    /// The coordinator at `from` says who leads; an address that may not be dialled is passed over.
    pub(crate) async fn redirected(&self, from: &str, leader: &str) {
        let is_allowed = match self.0.tls {
            Some(_) => true,
            None => refuse_plaintext(leader).await.is_ok(),
        };
        if leader.is_empty() || leader == from || !is_allowed {
            return self.lost(from);
        }
        self.turn(&mut self.held(), leader.to_owned());
    }

    fn turn(&self, current: &mut Current, address: String) {
        if current.address == address {
            return;
        }
        match endpoint(&address, self.0.tls.as_ref()) {
            Ok(endpoint) => {
                current.channel = endpoint.connect_lazy();
                current.address = address;
            }
            Err(error) => tracing::warn!(%error, "told of a leader that can't be dialled"),
        }
    }

    fn held(&self) -> MutexGuard<'_, Current> {
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(text: &str) -> Result<Coordinators, DialError> {
        let config = Config::new("w".into(), "here".into(), text, "spool");
        Coordinators::of(&config).await
    }

    fn address(of: &Coordinators) -> String {
        of.current().unwrap().0
    }

    #[tokio::test]
    async fn each_named_coordinator_is_tried_in_its_turn() {
        let all = of("127.0.0.1:1, 127.0.0.1:2").await.unwrap();
        assert_eq!(address(&all), "127.0.0.1:1");
        all.lost("127.0.0.1:1");
        assert_eq!(address(&all), "127.0.0.1:2");
        all.lost("127.0.0.1:1");
        assert_eq!(address(&all), "127.0.0.1:2", "an old piece of news");
        all.lost("127.0.0.1:2");
        assert_eq!(address(&all), "127.0.0.1:1");
    }

    #[tokio::test]
    async fn a_redirect_is_followed_until_the_leader_is_lost() {
        let all = of("127.0.0.1:1,127.0.0.1:2").await.unwrap();
        all.redirected("127.0.0.1:1", "127.0.0.1:9").await;
        assert_eq!(address(&all), "127.0.0.1:9");
        all.lost("127.0.0.1:9");
        assert_eq!(address(&all), "127.0.0.1:2");
        all.redirected("127.0.0.1:2", "").await;
        assert_eq!(address(&all), "127.0.0.1:1", "nobody leads: ask the next");
    }

    #[tokio::test]
    async fn nobody_is_dialled_in_plaintext_off_loopback_whoever_says_so() {
        assert!(of("127.0.0.1:1,192.0.2.1:1").await.is_err());
        let all = of("127.0.0.1:1,127.0.0.1:2").await.unwrap();
        all.redirected("127.0.0.1:1", "192.0.2.1:1").await;
        assert_eq!(address(&all), "127.0.0.1:2");
    }
}
