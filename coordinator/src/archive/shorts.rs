//! Runs in short, read no further than is new: a list of runs must not cost their whole history.
//!
//! Nothing changes a closed run, nor one that waits; an active run's fold is kept, and goes on from
//! where its log was read to. All of it is a cache in memory: a new leader reads again what it is
//! asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::run::Run;
use domain::{Digest, RunId, Totals};
use run_log::{LogId, Position, Tail};

use super::{Archive, ReadError};

/// Runs that are remembered; those with the lowest ids, which begin with their time, go first.
const MOST_CLOSED: usize = 10_000;
const MOST_OPEN: usize = 200;

/// A run in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Short {
    pub totals: Totals,
    pub verdict: Option<String>,
}

/// How far a run is, as the grid log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not admitted: it has no log.
    Waiting,
    Active,
    Closed,
}

#[derive(Debug, Default)]
struct Kept {
    waiting: BTreeMap<RunId, Short>,
    active: BTreeMap<RunId, Active>,
    closed: BTreeMap<RunId, Short>,
}

/// An open log, folded as far as it was read.
#[derive(Debug)]
struct Active {
    tail: Box<dyn Tail>,
    fold: Run,
}

/// What was read of runs; shared by all who read.
#[derive(Clone, Debug, Default)]
pub(super) struct Shorts(Arc<Mutex<Kept>>);

impl Archive {
    /// A run in short, with all that is durable of it.
    pub fn short(&self, run: &RunId, plan: &Digest, stage: Stage) -> Result<Short, ReadError> {
        // Whoever panicked did not leave half a fold: it is put back whole or not at all.
        let mut kept = self.shorts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stage != Stage::Waiting {
            kept.waiting.remove(run);
        }
        let known = match stage {
            Stage::Waiting => kept.waiting.get(run),
            Stage::Active => None,
            Stage::Closed => kept.closed.get(run),
        };
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let mut active = match kept.active.remove(run) {
            Some(active) => active,
            None => Active {
                tail: self.tail(run),
                fold: Run::new(self.plan(run, plan)?),
            },
        };
        if stage != Stage::Waiting {
            active.read_on(run)?;
        }
        let short = active.short();
        match stage {
            Stage::Waiting => keep(&mut kept.waiting, run, short.clone(), MOST_OPEN),
            Stage::Active => keep(&mut kept.active, run, active, MOST_OPEN),
            Stage::Closed => keep(&mut kept.closed, run, short.clone(), MOST_CLOSED),
        }
        Ok(short)
    }
}

fn keep<T>(kept: &mut BTreeMap<RunId, T>, run: &RunId, what: T, most: usize) {
    kept.insert(run.clone(), what);
    if kept.len() > most {
        kept.pop_first();
    }
}

impl Active {
    fn read_on(&mut self, run: &RunId) -> Result<(), ReadError> {
        for stored in self.tail.next(Position::MAX)? {
            let segment = wire::segment::decode_run_segment(&stored.segment);
            let segment = segment.map_err(|why| ReadError::Event {
                log: LogId::Run(run.clone()),
                why,
            })?;
            let folded = self.fold.apply_segment(&segment);
            folded.map_err(|illegal| ReadError::Fold {
                run: run.clone(),
                why: illegal.to_string(),
            })?;
        }
        Ok(())
    }

    fn short(&self) -> Short {
        Short {
            totals: self.fold.totals(),
            verdict: self.fold.verdict().map(|verdict| verdict.word.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
