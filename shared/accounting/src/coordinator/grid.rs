//! The fold of the grid log: the queue of runs, in the order they were submitted.

use std::collections::BTreeMap;

use domain::event::{GridEvent, Segment};
use domain::{Digest, RunId, Term};

use crate::coordinator::output::RunLine;

#[derive(Clone, Debug, Default)]
pub(crate) struct Grid {
    term: Option<Term>,
    /// Position of the next segment.
    tail: u64,
    queue: Vec<RunLine>,
    places: BTreeMap<RunId, usize>,
    requests: BTreeMap<String, RunId>,
}

/// Why a grid event must not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Illegal {
    #[error("grid segment {expected} is missing, {got} stands in its place")]
    Hole { expected: u64, got: u64 },
    #[error("grid term {to} does not follow term {from}")]
    TermFalls { from: Term, to: Term },
    #[error("a grid segment of term {0} stands under another term")]
    ForeignTerm(Term),
    #[error("run {0} is submitted twice")]
    SubmittedTwice(RunId),
    #[error("run {0} was never submitted")]
    Unknown(RunId),
    #[error("run {0} is closed, or was not admitted")]
    OutOfOrder(RunId),
}

impl Grid {
    pub(crate) fn term(&self) -> Option<Term> {
        self.term
    }

    pub(crate) fn tail(&self) -> u64 {
        self.tail
    }

    pub(crate) fn runs(&self) -> &[RunLine] {
        &self.queue
    }

    pub(crate) fn run(&self, run: &RunId) -> Option<&RunLine> {
        self.places
            .get(run)
            .and_then(|&place| self.queue.get(place))
    }

    pub(crate) fn requested(&self, client_request_id: &str) -> Option<&RunId> {
        self.requests.get(client_request_id)
    }

    pub(crate) fn n_active(&self) -> usize {
        let active = self.queue.iter();
        active
            .filter(|run| run.is_admitted && !run.is_closed)
            .count()
    }

    /// Runs that were not admitted yet.
    pub(crate) fn n_waiting(&self) -> usize {
        self.queue.iter().filter(|run| !run.is_admitted).count()
    }

    pub(crate) fn fold(&mut self, segment: &Segment<GridEvent>) -> Result<(), Illegal> {
        if segment.position != self.tail {
            let (expected, got) = (self.tail, segment.position);
            return Err(Illegal::Hole { expected, got });
        }
        for event in &segment.events {
            self.apply(event)?;
        }
        self.tail += 1;
        match self.term == Some(segment.term) {
            true => Ok(()),
            false => Err(Illegal::ForeignTerm(segment.term)),
        }
    }

    pub(crate) fn apply(&mut self, event: &GridEvent) -> Result<(), Illegal> {
        match event {
            GridEvent::TermStarted { term, .. } => match self.term {
                Some(from) if *term <= from => Err(Illegal::TermFalls { from, to: *term }),
                _ => {
                    self.term = Some(*term);
                    Ok(())
                }
            },
            GridEvent::RunSubmitted {
                client_request_id,
                run,
                plan,
                bundle,
            } => self.submit(client_request_id, run, plan, bundle),
            GridEvent::RunAdmitted { run } => {
                let line = self.line(run)?;
                match line.is_admitted {
                    true => Err(Illegal::OutOfOrder(run.clone())),
                    false => {
                        line.is_admitted = true;
                        Ok(())
                    }
                }
            }
            GridEvent::RunClosed { run } => {
                let line = self.line(run)?;
                match line.is_admitted && !line.is_closed {
                    true => {
                        line.is_closed = true;
                        Ok(())
                    }
                    false => Err(Illegal::OutOfOrder(run.clone())),
                }
            }
            GridEvent::Tick => Ok(()),
        }
    }

    fn submit(
        &mut self,
        client_request_id: &str,
        run: &RunId,
        plan: &Digest,
        bundle: &Digest,
    ) -> Result<(), Illegal> {
        let is_known =
            self.places.contains_key(run) || self.requests.contains_key(client_request_id);
        if is_known {
            return Err(Illegal::SubmittedTwice(run.clone()));
        }
        self.places.insert(run.clone(), self.queue.len());
        self.requests
            .insert(client_request_id.to_owned(), run.clone());
        self.queue.push(RunLine {
            run: run.clone(),
            plan: plan.clone(),
            bundle: bundle.clone(),
            is_admitted: false,
            is_closed: false,
        });
        Ok(())
    }

    fn line(&mut self, run: &RunId) -> Result<&mut RunLine, Illegal> {
        let place = self.places.get(run).copied();
        place
            .and_then(|place| self.queue.get_mut(place))
            .ok_or_else(|| Illegal::Unknown(run.clone()))
    }
}
