//! How long a coordinator with its own files needs from the start of its process to its first
//! lease, when every case of a large run was leased at its death.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use run_log::{FileStore, Layout};

use super::{REGION, cost, until};
use crate::binaries;
use crate::grid::free_address;
use crate::history::{History, Shape};
use crate::light::{Crew, Settings};
use crate::process::Process;

/// How long is waited for a lease.
const AT_MOST: Duration = Duration::from_secs(120);

/// What is found at the start, made once.
#[derive(Debug)]
pub struct Wreck {
    dir: tempfile::TempDir,
    n_workers: usize,
    pub n_events: usize,
}

impl Wreck {
    /// So many cases, each of them leased to one of so many workers.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn of(cases: usize, n_workers: usize) -> Result<Self> {
        let shape = Shape {
            cases,
            settled: 0,
            events: 0,
            all_leased: true,
            workers: n_workers,
            per_segment: 100,
        };
        let history = History::of("restart", REGION, shape)?;
        let dir = tempfile::tempdir()?;
        history.write(&FileStore::new(dir.path(), Layout::Grid))?;
        Ok(Self {
            dir,
            n_workers,
            n_events: history.n_events(),
        })
    }

    /// Coordinator and workers are started again, as after a crash of their machine: how long it
    /// takes, and the coordinator's CPU up to then, in milliseconds.
    ///
    /// # Errors
    /// When no lease comes.
    pub async fn all_start_again(&self) -> Result<(Duration, f64)> {
        let dir = tempfile::tempdir()?;
        copy(self.dir.path(), dir.path())?;
        let address = free_address()?;
        let began = Instant::now();
        let process = Process::start(
            "coordinator",
            Command::new(binaries::path("muster")?)
                .args(["coordinator", "--listen", &address, "--data"])
                .arg(dir.path()),
        )?;
        process.wait_for(|line| line.contains(&address).then_some(()))?;
        let first = self.first_lease(address).await;
        let first = first.with_context(|| process.output())?;
        Ok((first.since(began), cost::cpu_ms(process.id())?))
    }

    /// Workers that live in the coordinator's process, as those of a laptop's run do: from the
    /// coordinator's start in this process.
    ///
    /// # Errors
    /// When no lease comes.
    pub async fn of_one_process(&self) -> Result<Duration> {
        let dir = tempfile::tempdir()?;
        copy(self.dir.path(), dir.path())?;
        let mut config = coordinator::Config::new(free_address()?.parse()?, dir.path());
        config.accounting.one_process = true;
        let began = Instant::now();
        let running = coordinator::start(config).await?;
        let first = self.first_lease(running.address().to_string()).await;
        running.stop().await?;
        Ok(first?.since(began))
    }

    async fn first_lease(&self, address: String) -> Result<First> {
        let settings = Settings {
            incarnation: 2,
            slots: 8,
            ..Settings::new(vec![address], REGION)
        };
        let crew = Crew::start(self.n_workers, &settings);
        let leased = |_| crew.seen().newest_term().is_some();
        until(&crew, AT_MOST, "a lease", leased).await?;
        let (_, at) = crew.seen().newest_term().context("a term that leased")?;
        Ok(First(at))
    }
}

/// When the first lease came.
struct First(Instant);

impl First {
    fn since(&self, began: Instant) -> Duration {
        self.0.saturating_duration_since(began)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
