//! Runs that a standby has read before anybody asked, decoded: whoever is elected over a long log
//! has to read only what came since.
//!
//! What lies here went through the same reader and the same checks as what is read later. It is
//! taken once, by the leader that this process becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::event::{RunEvent, Segment};
use domain::{Digest, Plan, RunId};
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
}

/// A run as far as it was read.
#[derive(Debug)]
pub(crate) struct ReadRun {
    id: RunId,
    plan_digest: Digest,
    plan: Plan,
    tail: Box<dyn Tail>,
    segments: Vec<Segment<RunEvent>>,
    n_events: usize,
}

impl ReadRun {
    fn begin(archive: &Archive, id: &RunId, plan: &Digest) -> Result<Self, ReadError> {
        Ok(Self {
            plan: archive.plan(id, plan)?,
            id: id.clone(),
            plan_digest: plan.clone(),
            tail: archive.tail(id),
            segments: Vec::new(),
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
            self.segments.push(segment);
        }
        Ok(())
    }

    /// All of the run up to now.
    pub(crate) fn whole(mut self) -> Result<(Plan, Vec<Segment<RunEvent>>), ReadError> {
        self.read_on()?;
        Ok((self.plan, self.segments))
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
        if held.beyond.contains(id) {
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
        self.take(id).filter(|read| read.plan_digest == *plan)
    }
}

#[cfg(test)]
mod tests;
