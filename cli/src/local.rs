//! A grid in this process: a coordinator and workers that speak gRPC over loopback.
//!
//! The same code as in separate processes. The run's folder is the coordinator's data folder, so
//! that the log lies where readers look for it; workers keep their spools below it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use coordinator::config::Layout;
use domain::{Region, WorkerId};

use crate::args::TlsArgs;
use crate::client::Client;
use crate::commands::{coordinator as leading, worker as serving};
use crate::error::Error;

/// Cases that one worker executes at a time.
pub(crate) const SLOTS: u32 = 4;

/// What the grid is made of.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The run's own folder.
    pub(crate) folder: PathBuf,
    pub(crate) regions: Vec<Region>,
    /// In each region.
    pub(crate) workers: u32,
    pub(crate) slots: u32,
    /// Where its coordinator listens, if anywhere in particular.
    pub(crate) listen: Option<SocketAddr>,
}

/// A grid that runs.
#[derive(Debug)]
pub(crate) struct LocalGrid {
    coordinator: coordinator::Running,
    /// It ended although nobody asked it to.
    is_gone: bool,
    workers: Vec<worker::Running>,
}

impl LocalGrid {
    /// Starts coordinator and workers on free loopback ports.
    pub(crate) async fn start(config: &Config) -> Result<Self, Error> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = config.listen.unwrap_or(anywhere);
        let mut settings = coordinator::Config::new(listen, &config.folder);
        settings.layout = Layout::SingleRun;
        settings.accounting.one_process = true;
        let coordinator = coordinator::start(settings)
            .await
            .map_err(leading::refused)?;
        let address = coordinator.address().to_string();
        let mut workers = Vec::new();
        for region in &config.regions {
            for number in 1..=config.workers {
                let name = WorkerId::from(format!("{region}-{number}"));
                let spool = config.folder.join("workers").join(name.as_str());
                let mut settings = worker::Config::new(name, region.clone(), &address, spool);
                settings.slots = config.slots;
                let running = worker::start(settings).await;
                workers.push(running.map_err(serving::refused)?);
            }
        }
        Ok(Self {
            coordinator,
            is_gone: false,
            workers,
        })
    }

    /// `HOST:PORT` of its coordinator.
    pub(crate) fn address(&self) -> String {
        self.coordinator.address().to_string()
    }

    pub(crate) async fn client(&self) -> Result<Client, Error> {
        Client::connect(&self.address(), &TlsArgs::default()).await
    }

    /// Waits until the coordinator ends although nobody asked it to, and says why. Cancel safe.
    pub(crate) async fn gone(&mut self) -> String {
        let ended = self.coordinator.wait().await;
        self.is_gone = true;
        match ended {
            Ok(()) => "it stopped".to_owned(),
            Err(why) => why.to_string(),
        }
    }

    /// Ends workers first, then the coordinator; what they say at the end is only logged.
    pub(crate) async fn stop(self) {
        for worker in &self.workers {
            worker.stop_token().cancel();
        }
        if self.is_gone {
            // Nobody takes what they still hold; dropped, they end by themselves.
            return;
        }
        for worker in self.workers {
            if let Err(error) = worker.stop().await {
                tracing::warn!(%error, "a worker did not end well");
            }
        }
        if let Err(error) = self.coordinator.stop().await {
            tracing::warn!(%error, "the coordinator did not end well");
        }
    }
}
