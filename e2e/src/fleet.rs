//! A grid that is to be hurt: two coordinators over a real etcd and a store, whose places are taken
//! again, and workers that are killed and replaced one by one, or stopped and woken all at once.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use coordination::conformance::etcd_server::EtcdServer;
use proto::v1::LeaderRequest;
use proto::v1::control_service_client::ControlServiceClient;
use tempfile::TempDir;

use crate::binaries;
use crate::grid::{REGIONS, free_address};
use crate::process::Process;

/// Longer than an election takes, also with an etcd that has just come back.
const LEADS_WITHIN: Duration = Duration::from_secs(60);
/// A coordinator that does not answer so long is asked later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
const SLOTS: &str = "4";

/// What comes in the place of a killed worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// Its next process, with its name and over its spool: proves at once that it is dead.
    SameHost,
    /// Another worker; name, host and spool of the killed one are gone for good.
    OtherHost,
}

#[derive(Debug)]
struct Member {
    name: String,
    region: &'static str,
    process: Process,
}

#[derive(Debug)]
pub struct Fleet {
    coordinators: Vec<(String, Process)>,
    workers: Vec<Member>,
    n_started: usize,
    pub etcd: EtcdServer,
    dir: TempDir,
}

impl Fleet {
    /// Two coordinators, and this many workers, spread over the three regions.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(n_workers: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let etcd = EtcdServer::start(&dir.path().join("etcd"))?;
        let mut fleet = Self {
            coordinators: Vec::new(),
            workers: Vec::new(),
            n_started: 0,
            etcd,
            dir,
        };
        for number in 1..=2 {
            let address = free_address()?;
            let process = fleet.coordinator(number, &address)?;
            process.wait_for(|line| line.contains(&address).then_some(()))?;
            fleet.coordinators.push((address, process));
        }
        fleet.add_workers(n_workers)?;
        Ok(fleet)
    }

    /// More workers, spread over the three regions.
    ///
    /// # Errors
    /// When one of them can't be started.
    pub fn add_workers(&mut self, n_workers: usize) -> Result<()> {
        for region in REGIONS.into_iter().cycle().take(n_workers) {
            let name = self.next_name(region);
            let worker = self.worker(name, region)?;
            self.workers.push(worker);
        }
        Ok(())
    }

    /// Waits until a coordinator counts on each of them.
    ///
    /// # Errors
    /// When one of them ends, or is not let in.
    pub fn all_take_work(&self) -> Result<()> {
        let mut workers = self.workers.iter();
        workers.try_for_each(|member| {
            let takes_work = |line: &str| line.contains("takes work").then_some(());
            member.process.wait_for(takes_work)
        })
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

    pub fn workers(&self) -> Vec<String> {
        let names = self.workers.iter().map(|member| member.name.clone());
        names.collect()
    }

    pub fn worker_ids(&self) -> Vec<u32> {
        let ids = self.workers.iter().map(|member| member.process.id());
        ids.collect()
    }

    /// The address of the one that says now that it leads.
    pub async fn leads_now(&self) -> Option<String> {
        for (address, _) in &self.coordinators {
            if says_that_it_leads(address).await {
                return Some(address.clone());
            }
        }
        None
    }

    /// As `leads_now`, waited for.
    ///
    /// # Errors
    /// When nobody leads in time.
    pub async fn leader(&self) -> Result<String> {
        let wait = async {
            loop {
                if let Some(leader) = self.leads_now().await {
                    return leader;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(LEADS_WITHIN, wait).await {
            Ok(leader) => Ok(leader),
            Err(_) => bail!("nobody leads\n{}", self.output()),
        }
    }

    /// SIGKILL to the coordinator at this address; `keep_coordinators` starts its next process.
    ///
    /// # Errors
    /// When there is none there.
    pub fn kill_coordinator(&mut self, address: &str) -> Result<()> {
        let mut all = self.coordinators.iter_mut();
        let found = all.find(|(one, _)| one == address);
        let (_, process) = found.context("no coordinator has this address")?;
        process.kill();
        Ok(())
    }

    /// As a supervisor does: where a coordinator has ended, killed or because another leads, the next
    /// one is started.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn keep_coordinators(&mut self) -> Result<()> {
        for place in 0..self.coordinators.len() {
            let (address, process) = &mut self.coordinators[place];
            if process.has_ended()?.is_some() {
                let address = address.clone();
                self.coordinators[place].1 = self.coordinator(place + 1, &address)?;
            }
        }
        Ok(())
    }

    /// SIGKILL to a worker, and its successor.
    ///
    /// # Errors
    /// When there is none of that name, or the successor can't be started.
    pub fn kill_worker(&mut self, name: &str, successor: Successor) -> Result<()> {
        let place = self.workers.iter().position(|member| member.name == name);
        let place = place.with_context(|| format!("no worker {name}"))?;
        let killed = &mut self.workers[place];
        killed.process.kill();
        let (region, name) = (killed.region, killed.name.clone());
        let name = match successor {
            Successor::SameHost => name,
            Successor::OtherHost => {
                std::fs::remove_dir_all(self.dir.path().join(&name))?;
                self.next_name(region)
            }
        };
        self.workers[place] = self.worker(name, region)?;
        Ok(())
    }

    fn next_name(&mut self, region: &str) -> String {
        self.n_started += 1;
        format!("{region}-{}", self.n_started)
    }

    fn coordinator(&self, number: usize, address: &str) -> Result<Process> {
        let name = format!("coordinator-{number}");
        let store = format!("file://{}", self.dir.path().join("store").display());
        Process::start(
            &name,
            Command::new(binaries::path("muster")?)
                .args(["coordinator", "--listen", address])
                .args(["--etcd", &self.etcd.url(), "--store", &store])
                .arg("--data")
                .arg(self.dir.path().join(&name)),
        )
    }

    fn worker(&self, name: String, region: &'static str) -> Result<Member> {
        let process = Process::start(
            &name,
            Command::new(binaries::path("muster")?)
                .args(["worker", "--grid", &self.addresses()])
                .args(["--region", region, "--name", &name, "--slots", SLOTS])
                .arg("--data")
                .arg(self.dir.path().join(&name)),
        )?;
        Ok(Member {
            name,
            region,
            process,
        })
    }

    /// The last of what each printed, for messages of failed assertions.
    pub fn output(&self) -> String {
        let workers = self.workers.iter().map(|one| (&one.name, &one.process));
        let coordinators = self.coordinators.iter().map(|(name, one)| (name, one));
        let all = coordinators.chain(workers);
        all.map(|(name, process)| {
            let said = process.output();
            let lines: Vec<&str> = said.lines().rev().take(20).collect();
            let last: Vec<&str> = lines.into_iter().rev().collect();
            format!("--- {name}\n{}\n", last.join("\n"))
        })
        .collect()
    }
}

/// Sends a signal, such as `STOP`, to processes of one's own.
///
/// # Errors
/// When one of them is gone.
pub fn signal(name: &str, processes: &[u32]) -> Result<()> {
    let ids = processes.iter().map(u32::to_string);
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .args(ids)
        .status()
        .context("kill")?;
    ensure!(status.success(), "SIG{name} did not reach every process");
    Ok(())
}

async fn says_that_it_leads(address: &str) -> bool {
    let asked = async {
        let mut client = ControlServiceClient::connect(format!("http://{address}"))
            .await
            .ok()?;
        let said = client.leader(LeaderRequest {}).await.ok()?;
        Some(said.into_inner().is_here)
    };
    let said = tokio::time::timeout(ANSWERS_WITHIN, asked).await;
    said.ok().flatten().unwrap_or(false)
}
