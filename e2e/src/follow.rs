//! A run watched from outside: which worker holds which open cases, by the log's own events.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use proto::v1::control_service_client::ControlServiceClient;
use proto::v1::{FollowRequest, ListRequest, RunEvent, run_event::Event};
use tokio_stream::StreamExt;
use tonic::transport::Channel;

/// Attempts that are open, and how many of their cases have no outcome yet.
#[derive(Debug, Default)]
pub struct Holders {
    open: BTreeMap<u64, (String, usize)>,
    pub leased: usize,
    pub settled: usize,
}

impl Holders {
    fn see(&mut self, event: &Event) {
        match event {
            Event::ShardLeased(shard) => {
                self.leased += 1;
                self.open
                    .insert(shard.attempt, (shard.worker.clone(), shard.cases.len()));
            }
            Event::CaseSettled(settled) => {
                self.settled += 1;
                if let Some((_, cases)) = self.open.get_mut(&settled.attempt) {
                    *cases = cases.saturating_sub(1);
                }
            }
            Event::AttemptEnded(ended) => {
                self.open.remove(&ended.attempt);
            }
            Event::AttemptLost(lost) => {
                self.open.remove(&lost.attempt);
            }
            _ => {}
        }
    }

    /// Whether this worker holds a case without an outcome.
    pub fn holds(&self, worker: &str) -> bool {
        let mut open = self.open.values();
        open.any(|(holder, cases)| holder == worker && *cases > 0)
    }

    /// A worker that holds a case without an outcome, the newest attempt first.
    pub fn holder(&self) -> Option<&str> {
        let newest = self.open.values().rev().find(|(_, cases)| *cases > 0)?;
        Some(&newest.0)
    }
}

/// Follows the newest open run of a coordinator until `enough` says so.
///
/// # Errors
/// When the coordinator can't be reached, or the run ends before.
pub async fn until(address: &str, enough: impl Fn(&Holders) -> bool) -> Result<Holders> {
    let mut client = ControlServiceClient::connect(format!("http://{address}")).await?;
    let run = open_run(&mut client).await?;
    let request = FollowRequest { run, from: 0 };
    let mut events = client.follow(request).await?.into_inner();
    let mut holders = Holders::default();
    while let Some(reply) = events.next().await {
        for bytes in &reply?.events {
            let event: RunEvent = prost::Message::decode(bytes.as_slice())?;
            holders.see(&event.event.context("an event of a known kind")?);
            if enough(&holders) {
                return Ok(holders);
            }
        }
    }
    bail!("the run ended before: {holders:?}")
}

/// Waits for a run that is open, and gives its id.
///
/// # Errors
/// When the coordinator can't be reached, or none is submitted in time.
pub async fn open_run(client: &mut ControlServiceClient<Channel>) -> Result<String> {
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(20));
    for _ in 0..1_500 {
        let runs = client.list(ListRequest::default()).await?.into_inner().runs;
        if let Some(run) = runs.into_iter().find(|run| run.is_open) {
            return Ok(run.run);
        }
        pace.tick().await;
    }
    bail!("no run was submitted in 30 s")
}
