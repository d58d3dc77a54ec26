//! Finding the coordinator that leads, among those that were named.
//!
//! One that does not lead says where the leader is. While nobody leads it is waited for: another is
//! elected within seconds.

use std::time::Duration;

use lifecycle::clock;
use proto::v1;
use proto::v1::control_service_client::ControlServiceClient;
use tonic::Code;
use tonic::transport::Channel;

use super::{broke, innermost};
use crate::args::TlsArgs;
use crate::error::Error;

/// Longer than an election takes.
const PATIENCE: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(250);
/// Coordinators in a row that may each point to another.
const HOPS: usize = 3;

/// Who was named, and how they are reached.
#[derive(Clone, Debug)]
pub(super) struct Coordinators {
    named: Vec<String>,
    tls: TlsArgs,
}

/// The one that leads.
pub(super) struct Found {
    pub(super) address: String,
    pub(super) channel: Channel,
}

/// Why one of them is not it.
enum Not {
    /// Nobody answers there.
    Away(Error),
    /// It answers, and nobody leads yet.
    Leaderless(Error),
    /// It will not get better.
    Ever(Error),
}

impl Coordinators {
    pub(super) fn named(grid: &str, tls: &TlsArgs) -> Self {
        let named = grid.split(',').map(|one| one.trim().to_owned());
        Self {
            named: named.collect(),
            tls: tls.clone(),
        }
    }

    pub(super) fn are_several(&self) -> bool {
        self.named.len() > 1
    }

    /// Finds the leader; while there may soon be one, it is waited for.
    pub(super) async fn find(&self) -> Result<Found, Error> {
        let begun = clock::now();
        loop {
            let not = match self.once().await {
                Ok(found) => return Ok(found),
                Err(not) => not,
            };
            let is_late = clock::now().since(begun) > PATIENCE;
            match not {
                Not::Leaderless(_) if !is_late => {}
                Not::Away(_) if self.are_several() && !is_late => {}
                Not::Away(error) | Not::Leaderless(error) | Not::Ever(error) => {
                    return Err(error);
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// As `find`, without waiting.
    pub(super) async fn look(&self) -> Result<Found, Error> {
        self.once().await.map_err(|not| match not {
            Not::Away(error) | Not::Leaderless(error) | Not::Ever(error) => error,
        })
    }

    async fn once(&self) -> Result<Found, Not> {
        let mut last = None;
        for address in &self.named {
            match self.from(address).await {
                Err(not @ (Not::Away(_) | Not::Leaderless(_))) => last = Some(not),
                other => return other,
            }
        }
        Err(last.unwrap_or_else(|| Not::Ever(Error::Usage("no coordinator is named".to_owned()))))
    }

    /// Begins at one of them, and goes where it is sent.
    async fn from(&self, address: &str) -> Result<Found, Not> {
        let mut address = address.to_owned();
        for _ in 0..HOPS {
            let channel = self.dial(&address).await?;
            let asked = ControlServiceClient::new(channel.clone())
                .leader(v1::LeaderRequest {})
                .await;
            let said = match asked {
                Ok(said) => said.into_inner(),
                // One of an earlier version always leads.
                Err(status) if status.code() == Code::Unimplemented => {
                    return Ok(Found { address, channel });
                }
                Err(status) => return Err(Not::Away(broke(&address, &status))),
            };
            if said.is_here {
                return Ok(Found { address, channel });
            }
            if said.address.is_empty() || said.address == address {
                return Err(leaderless(&address));
            }
            address = said.address;
        }
        Err(leaderless(&address))
    }

    async fn dial(&self, address: &str) -> Result<Channel, Not> {
        let files = self.tls.for_dialling();
        let endpoint = dial::to(address, files.as_ref())
            .await
            .map_err(|error| Not::Ever(error.into()))?;
        endpoint.connect().await.map_err(|error| {
            Not::Away(Error::NothingRan(format!(
                "no coordinator answers at {address} ({}); start one with `muster coordinator` or \
                 look at the address",
                innermost(&error)
            )))
        })
    }
}

fn leaderless(address: &str) -> Not {
    Not::Leaderless(Error::NothingRan(format!(
        "the coordinator at {address} does not lead, and knows of nobody who does; is etcd well, \
         and does another coordinator answer?"
    )))
}
