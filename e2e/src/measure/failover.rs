//! How long a grid goes without new leases when its leader dies, or is asked to end: two
//! coordinators over a real etcd and a store that takes its time, and a run with a long log.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use coordination::conformance::etcd_server::EtcdServer;
use tempfile::TempDir;

use super::{EACH, REGION, cost, until};
use crate::binaries;
use crate::far_store::FarStore;
use crate::grid::free_address;
use crate::history::{History, Shape};
use crate::light::{Crew, Settings};
use crate::process::Process;

const PREFIX: &str = "failover";
/// How long is waited for anything.
const AT_MOST: Duration = Duration::from_secs(180);
/// So long all is well before the leader ends, and after the new one has begun.
const CALM: Duration = Duration::from_secs(2);
/// The part of the slots that were busy before that is busy again.
const REGAINED: f64 = 0.9;

/// The grid that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub cases: usize,
    pub settled: usize,
    pub events: usize,
    pub workers: usize,
    pub slots: u32,
    pub case_takes: Duration,
    pub put_latency: Duration,
}

/// How a leader ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// SIGKILL.
    Killed,
    /// SIGTERM.
    Asked,
}

/// What one end came to.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// From the signal to the first lease of the next leader, in seconds.
    pub to_first_lease: f64,
    /// From the signal until nine of ten slots that were busy before are busy for good.
    pub to_regained: f64,
    /// The work that was not done meanwhile: seconds of the whole crew.
    pub work_lost: f64,
    /// Cores that all programs of the machine kept busy.
    pub busy_cores: f64,
}

/// Two coordinators and a crew.
#[derive(Debug)]
pub struct Pair {
    setup: Setup,
    coordinators: Vec<Member>,
    crew: Crew,
    etcd: EtcdServer,
    store: FarStore,
    pub n_events: usize,
    pub n_segments: usize,
    dir: TempDir,
}

#[derive(Debug)]
struct Member {
    address: String,
    data: PathBuf,
    process: Process,
}

impl Pair {
    /// # Errors
    /// When a part does not come up.
    pub async fn start(setup: Setup) -> Result<Self> {
        let shape = Shape {
            cases: setup.cases,
            settled: setup.settled,
            events: setup.events,
            all_leased: false,
            workers: setup.workers,
            per_segment: 25,
        };
        let history = History::of("failover", REGION, shape)?;
        let store = FarStore::start().await?;
        let opened = store.open(PREFIX)?;
        tokio::task::block_in_place(|| history.write(&opened))?;
        store.set_put_latency(setup.put_latency);
        let dir = tempfile::tempdir()?;
        let etcd = EtcdServer::start(&dir.path().join("etcd"))?;
        let mut coordinators = Vec::new();
        for number in 1..=2 {
            let address = free_address()?;
            let data = dir.path().join(format!("coordinator-{number}"));
            let process = coordinator(&address, &data, &etcd, &store)?;
            coordinators.push(Member {
                address,
                data,
                process,
            });
        }
        let addresses = coordinators.iter().map(|one| one.address.clone());
        let settings = Settings {
            slots: setup.slots,
            case_takes: setup.case_takes,
            // The log knows of workers that died with the history.
            incarnation: 2,
            ..Settings::new(addresses.collect(), REGION)
        };
        let crew = Crew::start(setup.workers, &settings);
        Ok(Self {
            setup,
            coordinators,
            crew,
            etcd,
            n_events: history.n_events(),
            n_segments: store.count(PREFIX, "/runs/failover/segments/"),
            store,
            dir,
        })
    }

    /// Ends the leader once all is well, and starts another in its place afterwards.
    ///
    /// # Errors
    /// When the grid does not come back to work.
    pub async fn end_leader(&mut self, end: End) -> Result<Gap> {
        let gap = self.gap(end).await;
        gap.with_context(|| self.output())
    }

    async fn gap(&mut self, end: End) -> Result<Gap> {
        let all = self.setup.workers as u64 * u64::from(self.setup.slots);
        let enough = (all as f64 * REGAINED).ceil() as u64;
        self.calm(enough).await?;
        let before = self.crew.seen().look();
        let (term, _) = self.crew.seen().newest_term().context("somebody leads")?;
        let leader = self.leader().await?;
        let (began, machine) = (Instant::now(), cost::machine_ms()?);
        let member = self.coordinators.get_mut(leader).context("the leader")?;
        match end {
            End::Killed => member.process.kill(),
            End::Asked => member.process.ask_to_end()?,
        }
        let watched = self.watch(began, term, (enough, all)).await?;
        let seconds = began.elapsed().as_secs_f64();
        let busy_cores = (cost::machine_ms()? - machine) / seconds / 1_000.0;
        ensure!(
            self.crew.seen().look().acked > before.acked,
            "no result was durable since"
        );
        self.replace(leader)?;
        Ok(Gap {
            busy_cores,
            ..watched
        })
    }

    /// Looks at the crew until a higher term has leased and its slots have been busy for a while.
    async fn watch(&self, began: Instant, term: u64, (enough, all): (u64, u64)) -> Result<Gap> {
        let mut pace = tokio::time::interval(EACH);
        let (mut is_well_since, mut last, mut idle) = (began, began, 0.0);
        loop {
            pace.tick().await;
            let (look, now) = (self.crew.seen().look(), Instant::now());
            let n_idle = all.saturating_sub(look.busy) as f64;
            idle += now.duration_since(last).as_secs_f64() * n_idle / all as f64;
            last = now;
            if look.busy < enough {
                is_well_since = now;
            }
            let next = self.crew.seen().newest_term();
            let next = next.filter(|(newest, _)| *newest > term);
            let is_calm = now.duration_since(is_well_since) >= CALM;
            if let Some((_, first)) = next
                && is_calm
                && now.duration_since(first) >= CALM
            {
                return Ok(Gap {
                    to_first_lease: first.duration_since(began).as_secs_f64(),
                    to_regained: is_well_since.duration_since(began).as_secs_f64(),
                    work_lost: idle,
                    busy_cores: 0.0,
                });
            }
            if now.duration_since(began) > AT_MOST {
                bail!("not back at work after {AT_MOST:?}: {look:?}, new term: {next:?}");
            }
        }
    }

    /// Waits until the slots have been busy for a while.
    async fn calm(&self, enough: u64) -> Result<()> {
        let mut since = Instant::now();
        let is_calm = |look: crate::light::Look| {
            if look.busy < enough {
                since = Instant::now();
            }
            since.elapsed() >= CALM
        };
        until(&self.crew, AT_MOST, "busy slots", is_calm).await?;
        Ok(())
    }

    async fn leader(&self) -> Result<usize> {
        for (place, member) in self.coordinators.iter().enumerate() {
            if crate::cluster::says_that_it_leads(&member.address).await? {
                return Ok(place);
            }
        }
        bail!("nobody says that it leads")
    }

    /// The next process at the same address, which stands by.
    fn replace(&mut self, place: usize) -> Result<()> {
        let (etcd, store) = (&self.etcd, &self.store);
        let member = self.coordinators.get_mut(place).context("the one before")?;
        member.process.ended(AT_MOST)?;
        member.process = coordinator(&member.address, &member.data, etcd, store)?;
        Ok(())
    }

    fn output(&self) -> String {
        let all = self.coordinators.iter();
        let all = all.map(|one| format!("--- {}\n{}\n", one.address, one.process.output()));
        format!(
            "in {}\n{}",
            self.dir.path().display(),
            all.collect::<String>()
        )
    }
}

fn coordinator(
    address: &str,
    data: &std::path::Path,
    etcd: &EtcdServer,
    store: &FarStore,
) -> Result<Process> {
    let process = Process::start(
        "coordinator",
        Command::new(binaries::path("muster")?)
            .args(["coordinator", "--listen", address])
            .args(["--etcd", &etcd.url(), "--store", &store.address(PREFIX)])
            .arg("--data")
            .arg(data)
            .envs(store.variables()),
    )?;
    process.wait_for(|line| line.contains(address).then_some(()))?;
    Ok(process)
}
