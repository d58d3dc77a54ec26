//! Several coordinators of one grid over a real etcd and a store, and workers that know them all.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use coordination::conformance::etcd_server::EtcdServer;
use proto::v1::control_service_client::ControlServiceClient;
use proto::v1::{LeaderRequest, ListRequest};
use tempfile::TempDir;

use crate::binaries;
use crate::fleet;
use crate::grid::{REGIONS, free_address};
use crate::process::{Manner, Process};
use crate::s3::S3Server;

/// Longer than an election takes.
const TRIES: usize = 600;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// Longer than workers and coordinators take to end when they are asked to.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// A coordinator that does not answer so long is asked later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// Who can't live is not started more often than this.
const BETWEEN_STARTS: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Cluster {
    coordinators: Vec<Member>,
    workers: Vec<Member>,
    pub etcd: EtcdServer,
    /// A folder that all coordinators see when `None`.
    pub s3: Option<S3Server>,
    manner: Manner,
    dir: TempDir,
}

/// A coordinator or a worker.
#[derive(Debug)]
pub struct Member {
    pub name: String,
    pub place: Place,
    process: Process,
    started: Instant,
}

/// Where it is reached, or where it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Of a coordinator, `HOST:PORT`.
    Address(String),
    /// Of a worker.
    Region(&'static str),
}

/// A member that ended and was started again.
#[derive(Debug)]
pub struct Revived {
    pub name: String,
    pub ended: ExitStatus,
    pub id: u32,
}

impl Cluster {
    /// Two coordinators over a folder, and this many workers in each of the three regions.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(workers_per_region: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let etcd = EtcdServer::start(&dir.path().join("etcd"))?;
        let parts = (etcd, None, Manner::WithTest, dir);
        Self::of(parts, workers_per_region)
    }

    /// The same over a server of S3; all of it below `dir`, logs too, and ended by its owner alone.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start_apart(dir: TempDir, workers_per_region: usize) -> Result<Self> {
        let manner = Manner::Apart(dir.path().to_owned());
        let etcd = EtcdServer::start_apart(&dir.path().join("etcd"))?;
        let s3 = S3Server::start(&manner)?;
        Self::of((etcd, Some(s3), manner, dir), workers_per_region)
    }

    fn of(
        (etcd, s3, manner, dir): (EtcdServer, Option<S3Server>, Manner, TempDir),
        workers_per_region: usize,
    ) -> Result<Self> {
        let mut cluster = Self {
            coordinators: Vec::new(),
            workers: Vec::new(),
            etcd,
            s3,
            manner,
            dir,
        };
        for number in 1..=2 {
            let address = free_address()?;
            let member =
                cluster.begin(&format!("coordinator-{number}"), Place::Address(address))?;
            cluster.coordinators.push(member);
        }
        for region in REGIONS {
            for number in 1..=workers_per_region {
                let member = cluster.begin(&format!("{region}-{number}"), Place::Region(region))?;
                cluster.workers.push(member);
            }
        }
        Ok(cluster)
    }

    /// Every coordinator, as `--grid` takes them.
    pub fn addresses(&self) -> String {
        let addresses: Vec<&str> = self
            .coordinators
            .iter()
            .filter_map(Member::address)
            .collect();
        addresses.join(",")
    }

    /// Coordinators, then workers.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.coordinators.iter().chain(&self.workers)
    }

    fn begin(&self, name: &str, place: Place) -> Result<Member> {
        let process = self.manner.start(name, &mut self.command(name, &place)?)?;
        if let Place::Address(address) = &place {
            process.wait_for(|line| line.contains(address).then_some(()))?;
        }
        Ok(Member::new(name, place, process, &self.manner))
    }

    fn command(&self, name: &str, place: &Place) -> Result<Command> {
        let mut command = Command::new(binaries::path("muster")?);
        match place {
            Place::Address(address) => {
                command.args(["coordinator", "--listen", address]);
                command.args(["--etcd", &self.etcd.url(), "--store", &self.store()]);
                if let Some(s3) = &self.s3 {
                    command.envs(s3.variables());
                }
            }
            Place::Region(region) => {
                command.args(["worker", "--grid", &self.addresses()]);
                command.args(["--region", region, "--name", name]);
            }
        }
        command.arg("--data").arg(self.dir.path().join(name));
        command.env("NO_COLOR", "1");
        Ok(command)
    }

    fn store(&self) -> String {
        let folder = || format!("file://{}", self.dir.path().join("store").display());
        self.s3.as_ref().map_or_else(folder, |_| S3Server::store())
    }

    /// The address of the one that says that it leads; waited for.
    ///
    /// # Errors
    /// When none does in time.
    pub async fn leader(&self) -> Result<String> {
        let mut pace = tokio::time::interval(BETWEEN_TRIES);
        for _ in 0..TRIES {
            if let Some(member) = self.leads_now().await {
                return Ok(member.address().unwrap_or_default().to_owned());
            }
            pace.tick().await;
        }
        bail!("nobody leads\n{}", self.output())
    }

    /// The coordinator that says that it leads, if one does.
    pub async fn leads_now(&self) -> Option<&Member> {
        for member in &self.coordinators {
            let asked = says_that_it_leads(member.address()?);
            let said = tokio::time::timeout(ANSWERS_WITHIN, asked).await;
            if let Ok(Ok(true)) = said {
                return Some(member);
            }
        }
        None
    }

    /// Waits until each worker is connected to the leader.
    ///
    /// # Errors
    /// When one is not in time.
    pub async fn all_connected(&self) -> Result<()> {
        let mut pace = tokio::time::interval(BETWEEN_TRIES);
        for _ in 0..TRIES {
            let leader = self.leader().await?;
            if n_workers(&leader).await.unwrap_or(0) == self.workers.len() {
                return Ok(());
            }
            pace.tick().await;
        }
        bail!("not every worker found the leader\n{}", self.output())
    }

    /// SIGKILL to the coordinator at this address.
    ///
    /// # Errors
    /// When there is none.
    pub fn kill(&mut self, address: &str) -> Result<()> {
        self.coordinator(address)?.process.kill();
        Ok(())
    }

    /// A signal, such as `STOP`, to the coordinator at this address.
    ///
    /// # Errors
    /// When there is none.
    pub fn signal(&mut self, name: &str, address: &str) -> Result<()> {
        let id = self.coordinator(address)?.id();
        fleet::signal(name, &[id])
    }

    /// Waits until the coordinator at this address has ended by itself.
    ///
    /// # Errors
    /// When there is none, or it has not ended in `within`.
    pub fn ended(&mut self, address: &str, within: Duration) -> Result<ExitStatus> {
        self.coordinator(address)?.process.ended(within)
    }

    fn coordinator(&mut self, address: &str) -> Result<&mut Member> {
        let mut all = self.coordinators.iter_mut();
        let found = all.find(|one| one.address() == Some(address));
        found.context("no coordinator has this address")
    }

    /// Starts again who has ended, as a service manager does; nobody is waited for.
    ///
    /// # Errors
    /// When one can't be started.
    pub fn revive(&mut self) -> Result<Vec<Revived>> {
        let mut dead = Vec::new();
        for member in self.coordinators.iter_mut().chain(&mut self.workers) {
            if let Some(ended) = member.process.has_ended()?
                && member.started.elapsed() >= BETWEEN_STARTS
            {
                dead.push((member.name.clone(), member.place.clone(), ended));
            }
        }
        let mut revived = Vec::new();
        for (name, place, ended) in dead {
            let mut command = self.command(&name, &place)?;
            let process = self.manner.start(&name, &mut command)?;
            let id = process.id();
            let new = Member::new(&name, place, process, &self.manner);
            let mut all = self.coordinators.iter_mut().chain(&mut self.workers);
            if let Some(member) = all.find(|one| one.name == name) {
                *member = new;
            }
            revived.push(Revived { name, ended, id });
        }
        Ok(revived)
    }

    /// Asks the workers to end, then the coordinators, and waits for them.
    ///
    /// # Errors
    /// When one does not end in time; whoever is left is killed.
    pub async fn end(mut self) -> Result<()> {
        ended(&mut self.workers).await?;
        ended(&mut self.coordinators).await
    }

    /// Where all of it lies.
    pub fn folder(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// What coordinators and workers printed, for messages of failed assertions.
    pub fn output(&self) -> String {
        self.members()
            .map(|one| format!("--- {}\n{}\n", one.name, one.process.output()))
            .collect()
    }
}

impl Member {
    fn new(name: &str, place: Place, mut process: Process, manner: &Manner) -> Self {
        if *manner != Manner::WithTest {
            process.heard_enough();
        }
        Self {
            name: name.to_owned(),
            place,
            process,
            started: Instant::now(),
        }
    }

    /// Of a coordinator.
    pub fn address(&self) -> Option<&str> {
        match &self.place {
            Place::Address(address) => Some(address),
            Place::Region(_) => None,
        }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

async fn ended(members: &mut [Member]) -> Result<()> {
    for member in members.iter_mut() {
        member.process.ask_to_end()?;
    }
    let all = async {
        let mut pace = tokio::time::interval(BETWEEN_TRIES);
        for member in members.iter_mut() {
            while member.process.has_ended()?.is_none() {
                pace.tick().await;
            }
        }
        Ok(())
    };
    let ended = tokio::time::timeout(ENDS_WITHIN, all).await;
    ended.context("not everybody ended in time, and was killed")?
}

pub(crate) async fn says_that_it_leads(address: &str) -> Result<bool> {
    let mut client = ControlServiceClient::connect(format!("http://{address}")).await?;
    let said = client.leader(LeaderRequest {}).await?;
    Ok(said.into_inner().is_here)
}

async fn n_workers(address: &str) -> Result<usize> {
    let mut client = ControlServiceClient::connect(format!("http://{address}")).await?;
    let listed = client.list(ListRequest::default()).await?;
    Ok(listed.into_inner().workers.len())
}
