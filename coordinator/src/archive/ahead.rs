//! Runs that a standby has read before anybody asked, folded: whoever is elected over a long log
//! has to read only what came since.
//!
//! What lies here went through the same reader and the same checks as what is read later. It is
//! taken once, by the leader that this process becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accounting::coordinator::Folded;
use domain::{Digest, RunId};
use run_log::{LogId, Position, Tail};

use crate::archive::{Archive, ReadError};

/// Events of all runs together that are kept here; a run beyond is read when it is asked for.
const MOST_EVENTS: usize = 500_000;

/// Cheap to clone; all clones hold the same runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ahead(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    runs: BTreeMap<RunId, ReadRun>,
    n_events: usize,
    /// Runs that would be too much.
    beyond: BTreeSet<RunId>,
    /// This process leads: runs are taken, and none is begun with again.
    is_closed: bool,
}

/// A run as far as it was read.
#[derive(Debug)]
pub(crate) struct ReadRun {
    id: RunId,
    plan: Digest,
    tail: Box<dyn Tail>,
    folded: Folded,
    n_events: usize,
}

impl ReadRun {
    pub(super) fn begin(archive: &Archive, id: &RunId, plan: &Digest) -> Result<Self, ReadError> {
        Ok(Self {
            folded: Folded::new(archive.plan(id, plan)?),
            id: id.clone(),
            plan: plan.clone(),
            tail: archive.tail(id),
            n_events: 0,
        })
    }

    fn read_on(&mut self) -> Result<(), ReadError> {
        for stored in self.tail.next(Position::MAX)? {
            let segment = wire::segment::decode_run_segment(&stored.segment);
            let segment = segment.map_err(|why| ReadError::Event {
                log: LogId::Run(self.id.clone()),
                why,
            })?;
            self.n_events += segment.events.len();
            let folded = self.folded.fold(&segment);
            folded.map_err(|why| ReadError::Fold {
                run: self.id.clone(),
                why,
            })?;
        }
        Ok(())
    }

    /// All of the run up to now.
    pub(super) fn whole(mut self) -> Result<Folded, ReadError> {
        self.read_on()?;
        Ok(self.folded)
    }
}

impl Ahead {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what came since, or begins with the run; it blocks, and so does who takes meanwhile.
    pub(crate) fn read_on(
        &self,
        archive: &Archive,
        id: &RunId,
        plan: &Digest,
    ) -> Result<(), ReadError> {
        let mut held = self.held();
        if held.is_closed || held.beyond.contains(id) {
            return Ok(());
        }
        let mut read = match held.runs.remove(id) {
            Some(read) => read,
            None => ReadRun::begin(archive, id, plan)?,
        };
        held.n_events -= read.n_events;
        read.read_on()?;
        if held.n_events + read.n_events > MOST_EVENTS {
            held.beyond.insert(id.clone());
            return Ok(());
        }
        held.n_events += read.n_events;
        held.runs.insert(id.clone(), read);
        Ok(())
    }

    /// Reading along is over: what is being read is finished, and nothing else begun.
    pub(crate) fn close(&self) {
        self.held().is_closed = true;
    }

    /// The run is over, or is to be read anew.
    pub(crate) fn forget(&self, id: &RunId) {
        drop(self.take(id));
        self.held().beyond.remove(id);
    }

    fn take(&self, id: &RunId) -> Option<ReadRun> {
        let mut held = self.held();
        let read = held.runs.remove(id)?;
        held.n_events -= read.n_events;
        Some(read)
    }

    /// The run, if it was read with this plan.
    pub(crate) fn take_with(&self, id: &RunId, plan: &Digest) -> Option<ReadRun> {
        self.take(id).filter(|read| read.plan == *plan)
    }
}

#[cfg(test)]
mod tests;
