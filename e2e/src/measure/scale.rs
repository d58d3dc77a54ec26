//! What one coordinator costs with so many workers, and how many results it takes in.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use run_log::{FileStore, Layout};

use super::{REGION, cost, until};
use crate::binaries;
use crate::far_store::FarStore;
use crate::grid::free_address;
use crate::history::{History, Shape};
use crate::light::{Crew, Settings};
use crate::process::Process;
use coordination::conformance::etcd_server::EtcdServer;

/// Everything connects, and every slot is busy, within this.
const READY: Duration = Duration::from_secs(120);
/// Cases of the plan: as many as a grid takes.
const CASES: usize = 100_000;

/// Where the logs lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// Files of the coordinator, each append synced.
    Files,
    /// An object store, and etcd.
    Objects { put_latency: Duration },
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub workers: usize,
    pub slots: u32,
    pub case_takes: Duration,
    pub record_bytes: usize,
    pub logs: Logs,
    /// How long it settles, and then how long it is measured.
    pub settles: Duration,
    pub lasts: Duration,
}

/// What it came to.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// CPU of the coordinator for a second of the clock, in milliseconds.
    pub cpu_ms_per_s: f64,
    pub memory_mib: f64,
    /// Results that were durable in a second of the clock.
    pub results_per_s: f64,
    /// CPU of the coordinator for a result, in milliseconds.
    pub cpu_ms_per_result: f64,
    /// Cores that all programs of the machine kept busy.
    pub busy_cores: f64,
}

/// # Errors
/// When a part does not come up, or the workers don't get their work.
pub async fn measure(setup: Setup) -> Result<Cost> {
    let dir = tempfile::tempdir()?;
    let shape = Shape {
        cases: CASES,
        settled: 0,
        events: 0,
        all_leased: false,
        workers: 1,
        per_segment: 1_000,
    };
    let history = History::of("scale", REGION, shape)?;
    let site = Site::start(setup.logs, dir.path(), &history).await?;
    let settings = Settings {
        slots: setup.slots,
        case_takes: setup.case_takes,
        record_bytes: setup.record_bytes,
        ..Settings::new(vec![site.address.clone()], REGION)
    };
    let crew = Crew::start(setup.workers, &settings);
    let all = setup.workers as u64;
    until(&crew, READY, "every worker's first result", |look| {
        look.welcomes >= all && look.acked >= all
    })
    .await
    .with_context(|| site.coordinator.output())?;
    tokio::time::sleep(setup.settles).await;
    let id = site.coordinator.id();
    let before = (cost::cpu_ms(id)?, cost::machine_ms()?, crew.seen().look());
    let began = Instant::now();
    tokio::time::sleep(setup.lasts).await;
    let after = (cost::cpu_ms(id)?, cost::machine_ms()?, crew.seen().look());
    let seconds = began.elapsed().as_secs_f64();
    let n_results = after.2.acked.saturating_sub(before.2.acked) as f64;
    Ok(Cost {
        cpu_ms_per_s: (after.0 - before.0) / seconds,
        memory_mib: cost::memory_mib(id)?,
        results_per_s: n_results / seconds,
        cpu_ms_per_result: (after.0 - before.0) / n_results,
        busy_cores: (after.1 - before.1) / seconds / 1_000.0,
    })
}

/// A coordinator with its logs.
struct Site {
    address: String,
    coordinator: Process,
    _outside: Option<(EtcdServer, FarStore)>,
}

impl Site {
    async fn start(logs: Logs, dir: &Path, history: &History) -> Result<Self> {
        let address = free_address()?;
        let data = dir.join("data");
        let mut command = Command::new(binaries::path("muster")?);
        command.args(["coordinator", "--listen", &address, "--data"]);
        command.arg(&data);
        let outside = match logs {
            Logs::Files => {
                history.write(&FileStore::new(&data, Layout::Grid))?;
                None
            }
            Logs::Objects { put_latency } => {
                let far = FarStore::start().await?;
                let store = far.open("scale")?;
                tokio::task::block_in_place(|| history.write(&store))?;
                far.set_put_latency(put_latency);
                let etcd = EtcdServer::start(&dir.join("etcd"))?;
                command.args(["--etcd", &etcd.url(), "--store", &far.address("scale")]);
                command.envs(far.variables());
                Some((etcd, far))
            }
        };
        let coordinator = Process::start("coordinator", &mut command)?;
        coordinator.wait_for(|line| line.contains(&address).then_some(()))?;
        Ok(Self {
            address,
            coordinator,
            _outside: outside,
        })
    }
}
