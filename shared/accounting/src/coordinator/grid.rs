//! The fold of the grid log: the queue of runs, in the order they were submitted, the locks they
//! hold, and into how many parts the caps of each environment are divided.

use std::collections::BTreeMap;

use domain::event::{GridEvent, Segment};
use domain::queue::{self, Ask, Entry, Lock, Look};
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
    /// Parts of the caps of environments on which runs are active.
    parts: BTreeMap<String, u32>,
    /// Of a planted bug: runs of an earlier term that hold no lock any more.
    #[cfg(feature = "planted")]
    forgotten: std::collections::BTreeSet<RunId>,
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
    #[error("run {run} is given the lock {name}, which run {holder} holds")]
    LockHeld {
        run: RunId,
        name: String,
        holder: RunId,
    },
    #[error("the caps of {0} are divided already, or into nothing")]
    CapsShared(String),
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

    /// The planted bug: what is admitted now keeps no other run out.
    #[cfg(feature = "planted")]
    pub(crate) fn forget_locks(&mut self) {
        let active = self.active().map(|line| line.run.clone());
        self.forgotten = active.collect();
    }

    #[cfg(feature = "planted")]
    fn is_forgotten(&self, run: &RunId) -> bool {
        self.forgotten.contains(run)
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "only a planted bug forgets")]
    fn is_forgotten(&self, _run: &RunId) -> bool {
        false
    }

    /// Runs that hold what they were admitted with.
    fn active(&self) -> impl Iterator<Item = &RunLine> {
        let open = self.queue.iter();
        open.filter(|line| line.is_admitted && !line.is_closed)
    }

    /// Runs that are active on an environment, but for those that are only ended.
    pub(crate) fn active_on(&self, environment: &str) -> impl Iterator<Item = &RunLine> {
        self.active()
            .filter(move |line| line.ask.environment == environment && line.stop.is_none())
    }

    pub(crate) fn parts(&self, environment: &str) -> Option<u32> {
        self.parts.get(environment).copied()
    }

    /// Who is to be admitted, and what the others wait for. Runs in `aside` take no place, and keep
    /// what they hold.
    pub(crate) fn look(&self, max_active: usize, is_aside: impl Fn(&RunId) -> bool) -> Look {
        let open = self.queue.iter().filter(|line| !line.is_closed);
        let open = open.filter(|line| !self.is_forgotten(&line.run));
        let entries: Vec<Entry<'_>> = open
            .map(|line| Entry {
                run: &line.run,
                ask: &line.ask,
                locks: line.is_admitted.then_some(line.locks.as_slice()),
                takes_place: line.stop.is_none() && !is_aside(&line.run),
            })
            .collect();
        queue::look(&entries, &self.parts, max_active)
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
                ask,
            } => self.submit(client_request_id, run, (plan, bundle), ask),
            GridEvent::RunAdmitted { run, locks, stop } => self.admit(run, locks, stop.as_deref()),
            GridEvent::CapsShared {
                environment,
                sharers,
            } => self.share_caps(environment, *sharers),
            GridEvent::RunClosed { run } => self.close(run),
            GridEvent::Tick => Ok(()),
        }
    }

    fn submit(
        &mut self,
        client_request_id: &str,
        run: &RunId,
        (plan, bundle): (&Digest, &Digest),
        ask: &Ask,
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
            ask: ask.clone(),
            locks: Vec::new(),
            stop: None,
            is_admitted: false,
            is_closed: false,
        });
        Ok(())
    }

    fn admit(&mut self, run: &RunId, locks: &[Lock], stop: Option<&str>) -> Result<(), Illegal> {
        for wanted in locks {
            let mut active = self.active().filter(|line| !self.is_forgotten(&line.run));
            let held = |line: &&RunLine| line.locks.iter().any(|held| queue::clash(wanted, held));
            if let Some(holder) = active.find(held) {
                return Err(Illegal::LockHeld {
                    run: run.clone(),
                    name: wanted.name.clone(),
                    holder: holder.run.clone(),
                });
            }
        }
        let line = self.line(run)?;
        if line.is_admitted {
            return Err(Illegal::OutOfOrder(run.clone()));
        }
        line.is_admitted = true;
        line.locks = locks.to_vec();
        line.stop = stop.map(str::to_owned);
        Ok(())
    }

    fn share_caps(&mut self, environment: &str, sharers: u32) -> Result<(), Illegal> {
        let is_new = !self.parts.contains_key(environment);
        if sharers == 0 || !is_new || self.active_on(environment).next().is_none() {
            return Err(Illegal::CapsShared(environment.to_owned()));
        }
        self.parts.insert(environment.to_owned(), sharers);
        Ok(())
    }

    /// What the run held is free, and the caps are divided anew once nobody is there.
    fn close(&mut self, run: &RunId) -> Result<(), Illegal> {
        let line = self.line(run)?;
        if !line.is_admitted || line.is_closed {
            return Err(Illegal::OutOfOrder(run.clone()));
        }
        line.is_closed = true;
        let environment = line.ask.environment.clone();
        if self.active_on(&environment).next().is_none() {
            self.parts.remove(&environment);
        }
        Ok(())
    }

    fn line(&mut self, run: &RunId) -> Result<&mut RunLine, Illegal> {
        let place = self.places.get(run).copied();
        place
            .and_then(|place| self.queue.get_mut(place))
            .ok_or_else(|| Illegal::Unknown(run.clone()))
    }
}
