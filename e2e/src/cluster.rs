//! Several coordinators of one grid over a real etcd and a store, and workers that know them all.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use coordination::conformance::etcd_server::EtcdServer;
use proto::v1::LeaderRequest;
use proto::v1::control_service_client::ControlServiceClient;
use tempfile::TempDir;

use crate::binaries;
use crate::grid::{REGIONS, free_address};
use crate::process::Process;

/// Longer than an election takes.
const TRIES: usize = 600;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub struct Cluster {
    coordinators: Vec<(String, Process)>,
    workers: Vec<(String, Process)>,
    pub etcd: EtcdServer,
    dir: TempDir,
}

impl Cluster {
    /// Two coordinators, and this many workers in each of the three regions.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(workers_per_region: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let etcd = EtcdServer::start(&dir.path().join("etcd"))?;
        let mut cluster = Self {
            coordinators: Vec::new(),
            workers: Vec::new(),
            etcd,
            dir,
        };
        for _ in 0..2 {
            cluster.start_coordinator(&free_address()?)?;
        }
        for region in REGIONS {
            for number in 1..=workers_per_region {
                cluster.start_worker(&format!("{region}-{number}"), region)?;
            }
        }
        Ok(cluster)
    }

    /// Every coordinator, as `--grid` takes them.
    pub fn addresses(&self) -> String {
        let addresses: Vec<&str> = self
            .coordinators
            .iter()
            .map(|(address, _)| address.as_str())
            .collect();
        addresses.join(",")
    }

    fn start_coordinator(&mut self, address: &str) -> Result<()> {
        let number = self.coordinators.len() + 1;
        let name = format!("coordinator-{number}");
        let data = self.dir.path().join(&name);
        let store = format!("file://{}", self.dir.path().join("store").display());
        let process = Process::start(
            &name,
            Command::new(binaries::path("muster")?)
                .args(["coordinator", "--listen", address])
                .args(["--etcd", &self.etcd.url(), "--store", &store])
                .arg("--data")
                .arg(data),
        )?;
        process.wait_for(|line| line.contains(address).then_some(()))?;
        self.coordinators.push((address.to_owned(), process));
        Ok(())
    }

    fn start_worker(&mut self, name: &str, region: &str) -> Result<()> {
        let process = Process::start(
            name,
            Command::new(binaries::path("muster")?)
                .args(["worker", "--grid", &self.addresses()])
                .args(["--region", region, "--name", name])
                .arg("--data")
                .arg(self.dir.path().join(name)),
        )?;
        self.workers.push((name.to_owned(), process));
        Ok(())
    }

    /// The address of the one that says that it leads; waited for.
    ///
    /// # Errors
    /// When none does in time.
    pub async fn leader(&self) -> Result<String> {
        let mut pace = tokio::time::interval(BETWEEN_TRIES);
        for _ in 0..TRIES {
            for (address, _) in &self.coordinators {
                if says_that_it_leads(address).await.unwrap_or(false) {
                    return Ok(address.clone());
                }
            }
            pace.tick().await;
        }
        bail!("nobody leads\n{}", self.output())
    }

    /// SIGKILL to the coordinator at this address.
    ///
    /// # Errors
    /// When there is none.
    pub fn kill(&mut self, address: &str) -> Result<()> {
        let mut all = self.coordinators.iter_mut();
        let found = all.find(|(one, _)| one == address);
        let (_, process) = found.context("no coordinator has this address")?;
        process.kill();
        Ok(())
    }

    /// What coordinators and workers printed, for messages of failed assertions.
    pub fn output(&self) -> String {
        let all = self.coordinators.iter().chain(&self.workers);
        all.map(|(name, process)| format!("--- {name}\n{}\n", process.output()))
            .collect()
    }
}

async fn says_that_it_leads(address: &str) -> Result<bool> {
    let mut client = ControlServiceClient::connect(format!("http://{address}")).await?;
    let said = client.leader(LeaderRequest {}).await?;
    Ok(said.into_inner().is_here)
}
