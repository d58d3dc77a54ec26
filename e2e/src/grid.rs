//! A coordinator and its workers, each a process, as docs/operations.md starts them.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::binaries;
use crate::process::Process;

/// The regions of the reference platform's environment file.
pub const REGIONS: [&str; 3] = ["us-central1", "europe-west1", "asia-east1"];

#[derive(Debug)]
pub struct Grid {
    /// `127.0.0.1:PORT`, the same before and after a restart.
    pub address: String,
    coordinator: Process,
    workers: Vec<(String, Process)>,
    dir: TempDir,
}

impl Grid {
    /// A coordinator and this many workers in each of the three regions.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(workers_per_region: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let address = free_address()?;
        let coordinator = start_coordinator(&dir, &address)?;
        let mut grid = Self {
            address,
            coordinator,
            workers: Vec::new(),
            dir,
        };
        for region in REGIONS {
            for number in 1..=workers_per_region {
                grid.start_worker(&format!("{region}-{number}"), region)?;
            }
        }
        Ok(grid)
    }

    /// # Errors
    /// When the worker does not come up.
    pub fn start_worker(&mut self, name: &str, region: &str) -> Result<()> {
        self.start_worker_over(name, region, name)
    }

    /// As `start_worker`, with its data in a folder of another name.
    ///
    /// # Errors
    /// When the worker does not come up.
    pub fn start_worker_over(&mut self, name: &str, region: &str, folder: &str) -> Result<()> {
        let data = self.dir.path().join(folder);
        let process = Process::start(
            name,
            Command::new(binaries::path("muster")?)
                .args([
                    "worker",
                    "--grid",
                    &self.address,
                    "--region",
                    region,
                    "--name",
                    name,
                ])
                .arg("--data")
                .arg(data),
        )?;
        self.workers.push((name.to_owned(), process));
        Ok(())
    }

    /// SIGKILL to a worker; false when there is none of that name.
    pub fn kill_worker(&mut self, name: &str) -> bool {
        let Some(at) = self.workers.iter().position(|(worker, _)| worker == name) else {
            return false;
        };
        let (_, mut process) = self.workers.swap_remove(at);
        process.kill();
        true
    }

    /// SIGKILL to a worker, and its next process with its name and over its spool.
    ///
    /// # Errors
    /// When there is none of that name, or the next one can't be started.
    pub fn restart_worker(&mut self, name: &str) -> Result<()> {
        let named = |region: &&str| name.starts_with(region);
        let region = REGIONS.into_iter().find(named);
        ensure!(self.kill_worker(name), "no worker {name}");
        self.start_worker(name, region.context("a worker of a region")?)
    }

    /// SIGKILL to the coordinator, and a new one over the same data at the same address.
    ///
    /// # Errors
    /// When the new one does not come up.
    pub fn restart_coordinator(&mut self) -> Result<()> {
        self.coordinator.kill();
        self.coordinator = start_coordinator(&self.dir, &self.address)?;
        Ok(())
    }

    /// Where the coordinator keeps its logs and blobs.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("coordinator")
    }

    pub fn coordinator_id(&self) -> u32 {
        self.coordinator.id()
    }

    pub fn worker_ids(&self) -> Vec<u32> {
        self.workers
            .iter()
            .map(|(_, process)| process.id())
            .collect()
    }

    /// What coordinator and workers printed, for messages of failed assertions.
    pub fn output(&self) -> String {
        let workers = self
            .workers
            .iter()
            .map(|(name, process)| (name.as_str(), process));
        std::iter::once(("coordinator", &self.coordinator))
            .chain(workers)
            .map(|(name, process)| format!("--- {name}\n{}\n", process.output()))
            .collect()
    }
}

fn start_coordinator(dir: &TempDir, address: &str) -> Result<Process> {
    let process = Process::start(
        "coordinator",
        Command::new(binaries::path("muster")?)
            .args(["coordinator", "--listen", address, "--data"])
            .arg(dir.path().join("coordinator")),
    )?;
    process.wait_for(|line| line.contains(address).then_some(()))?;
    Ok(process)
}

/// An address that was free a moment ago, so that a restart can have it again.
///
/// # Errors
/// When the machine has none.
pub fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr()?.to_string())
}
