//! Reading along while another leads, so that a takeover finds in memory what it has to read.
//!
//! Nothing is decided or said here, and nothing depends on it: what was not read along is
//! read when it is needed, through the same checks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::event::GridEvent;
use domain::{Digest, RunId};
use run_log::{FileStore, LogId, ObjectStore, Position, Store as _, Tail};

use crate::app::StartError;
use crate::archive::ahead::Ahead;
use crate::archive::{Archive, ReadError};
use crate::config::Config;

/// Between two looks at the logs: what came since is all that a takeover has to fetch.
const EACH: Duration = Duration::from_secs(1);
/// A log that is damaged is read from its start again: not at once.
const AFTER_TROUBLE: Duration = Duration::from_secs(30);

/// Reads along for ever.
pub(super) async fn keep(mut along: Along) -> Infallible {
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let read = along.read_on();
            (along, read)
        });
        // The thread ends with an answer, unless the process is ending.
        let Ok((given_back, read)) = read.await else {
            return std::future::pending().await;
        };
        along = given_back;
        let mut wait = EACH;
        if let Err(error) = read {
            tracing::debug!(%error, "can't read along; beginning again later");
            along.begin_again();
            wait = AFTER_TROUBLE;
        }
        tokio::time::sleep(wait).await;
    }
}

/// How far the logs were read.
#[derive(Debug)]
pub(super) struct Along {
    archive: Archive,
    ahead: Ahead,
    grid: Box<dyn Tail>,
    /// The plans of runs that were submitted and are not closed.
    plans: BTreeMap<RunId, Digest>,
    /// Runs that a leader would have to read, with their plans.
    open: BTreeMap<RunId, Digest>,
}

impl Along {
    pub(super) fn new(
        store: &ObjectStore,
        config: &Config,
        ahead: Ahead,
    ) -> Result<Self, StartError> {
        let files = FileStore::new(&config.data, config.layout);
        let blobs = store.blobs()?.reader();
        Ok(Self {
            archive: Archive::new(Arc::new(store.clone()), blobs, files),
            ahead,
            grid: store.tail(&LogId::Grid),
            plans: BTreeMap::new(),
            open: BTreeMap::new(),
        })
    }

    fn begin_again(&mut self) {
        self.grid = self.archive.store().tail(&LogId::Grid);
        self.plans.clear();
        for run in std::mem::take(&mut self.open).into_keys() {
            self.ahead.forget(&run);
        }
    }

    fn read_on(&mut self) -> Result<(), ReadError> {
        for stored in self.grid.next(Position::MAX)? {
            let segment = wire::segment::decode_grid_segment(&stored.segment);
            let segment = segment.map_err(|why| ReadError::Event {
                log: LogId::Grid,
                why,
            })?;
            for event in segment.events {
                self.see(event);
            }
        }
        for (run, plan) in &self.open {
            self.ahead.read_on(&self.archive, run, plan)?;
        }
        Ok(())
    }

    fn see(&mut self, event: GridEvent) {
        match event {
            GridEvent::RunSubmitted { run, plan, .. } => {
                self.plans.insert(run, plan);
            }
            GridEvent::RunAdmitted { run, .. } => {
                if let Some(plan) = self.plans.remove(&run) {
                    self.open.insert(run, plan);
                }
            }
            GridEvent::RunClosed { run } => {
                self.open.remove(&run);
                self.ahead.forget(&run);
            }
            _ => {}
        }
    }
}
