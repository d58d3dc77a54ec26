//! Reading along while another leads, so that a takeover finds in memory what it has to read.
//!
//! Nothing is folded, decided or said here, and nothing depends on it: what a leader needs it reads
//! and checks by itself, from the same store, which remembers what was read through it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use domain::RunId;
use domain::event::GridEvent;
use run_log::{LogId, ObjectStore, Position, Store as _, Tail};

use crate::archive::ReadError;

/// Between two looks at the logs: what came since is all that a takeover has to fetch.
const EACH: Duration = Duration::from_secs(1);
/// A log that is damaged is read from its start again: not at once.
const AFTER_TROUBLE: Duration = Duration::from_secs(30);

/// Reads along for ever.
pub(super) async fn keep(mut store: ObjectStore) -> Infallible {
    let mut reading = Reading::new(&store);
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let read = reading.read_on(&store);
            (store, reading, read)
        });
        // The thread ends with an answer, unless the process is ending.
        let Ok((given_back, so_far, read)) = read.await else {
            return std::future::pending().await;
        };
        (store, reading) = (given_back, so_far);
        let mut wait = EACH;
        if let Err(error) = read {
            tracing::debug!(%error, "can't read along; beginning again later");
            reading = Reading::new(&store);
            wait = AFTER_TROUBLE;
        }
        tokio::time::sleep(wait).await;
    }
}

/// How far the logs were read.
#[derive(Debug)]
struct Reading {
    grid: Box<dyn Tail>,
    /// Of runs that a leader would have to read.
    open: BTreeMap<RunId, Box<dyn Tail>>,
}

impl Reading {
    fn new(store: &ObjectStore) -> Self {
        Self {
            grid: store.tail(&LogId::Grid),
            open: BTreeMap::new(),
        }
    }

    fn read_on(&mut self, store: &ObjectStore) -> Result<(), ReadError> {
        for stored in self.grid.next(Position::MAX)? {
            let segment = wire::segment::decode_grid_segment(&stored.segment);
            let segment = segment.map_err(|why| ReadError::Event {
                log: LogId::Grid,
                why,
            })?;
            for event in segment.events {
                self.see(store, event);
            }
        }
        for tail in self.open.values_mut() {
            tail.next(Position::MAX)?;
        }
        Ok(())
    }

    fn see(&mut self, store: &ObjectStore, event: GridEvent) {
        match event {
            GridEvent::RunAdmitted { run, .. } => {
                let tail = store.tail(&LogId::Run(run.clone()));
                self.open.insert(run, tail);
            }
            GridEvent::RunClosed { run } => {
                self.open.remove(&run);
            }
            _ => {}
        }
    }
}
