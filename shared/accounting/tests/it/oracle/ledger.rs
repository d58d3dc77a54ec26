//! Segments as they become durable: the chain, the terms, and what each event may say.

use accounting::coordinator::{Events, LogId};
use domain::event::{GridEvent, RunEvent};
use domain::{RunId, Term};
use prost::Message;

use crate::node::Put;
use crate::oracle::{Broken, Chain, Invariant, Oracle};
use crate::planned;
use crate::store::{self, Store};

impl Oracle {
    /// A segment becomes durable.
    pub(crate) fn landed(&mut self, put: &Put, store: &Store, now: u64) -> Result<(), Broken> {
        let append = &put.append;
        if store::n_events(&append.events) > self.batch_events {
            return Err(Invariant::Bounded.broken("a segment holds more events than one may"));
        }
        if holds_canary(&put.bytes) {
            return Err(Invariant::RecordsStayInBlobs.broken("a segment holds recorded bytes"));
        }
        match (&append.log, &append.events) {
            (LogId::Grid, Events::Grid(events)) => {
                self.grid_chain.join("grid", &put.bytes)?;
                self.grid_landed(append.term, events)
            }
            (LogId::Run(run), Events::Run(events)) => {
                let seen = self.runs.get_mut(run);
                let seen = seen.ok_or_else(|| {
                    Invariant::OnlyWhatWasGranted.broken(format!("run {run} was never submitted"))
                })?;
                seen.chain.join(run.as_str(), &put.bytes)?;
                if seen.chain.n_segments == 1 {
                    seen.opened_at = now;
                }
                self.run_landed(run, append.term, events, store, now)
            }
            _ => {
                Err(Invariant::ChainIntact.broken("events of one kind stand in a log of the other"))
            }
        }
    }

    fn grid_landed(&mut self, term: Term, events: &[GridEvent]) -> Result<(), Broken> {
        for event in events {
            match event {
                GridEvent::TermStarted { term, .. } => self.grid_term = *term,
                GridEvent::RunSubmitted { run, .. } => {
                    if !self.submitted.insert(run.clone()) {
                        return Err(
                            Invariant::FirstIsFinal.broken(format!("run {run} is submitted twice"))
                        );
                    }
                    self.queued(run);
                }
                GridEvent::RunAdmitted { run, stop, .. } => {
                    self.run_admitted(run, stop.is_some())?
                }
                GridEvent::RunClosed { run } => self.run_closed(run)?,
                GridEvent::CapsShared { .. } | GridEvent::Tick => {}
            }
        }
        is_own_term("the grid log", self.grid_term, term)
    }

    fn run_closed(&mut self, run: &RunId) -> Result<(), Broken> {
        let fold = self.runs.get(run).and_then(|seen| seen.fold.as_ref());
        if fold.is_none_or(|run| !run.is_ended()) {
            let what = format!("run {run} is closed without a verdict");
            return Err(Invariant::Conserved.broken(what));
        }
        self.leasing.remove(run);
        self.closed.insert(run.clone());
        Ok(())
    }

    fn run_landed(
        &mut self,
        id: &RunId,
        term: Term,
        events: &[RunEvent],
        store: &Store,
        now: u64,
    ) -> Result<(), Broken> {
        for event in events {
            if let RunEvent::ShardLeased { .. } | RunEvent::LegsLeased { .. } = event {
                self.leases(id)?;
            }
            let Some(seen) = self.runs.get_mut(id) else {
                continue;
            };
            self.noted
                .extend(seen.note(id, event, &mut self.fates, store)?);
            let fold = seen.fold.as_mut();
            let fold = fold.ok_or_else(|| Invariant::Conserved.broken("a run without a plan"))?;
            fold.apply(event).map_err(|illegal| {
                let what = format!("run {id}: the log holds what must not be: {illegal}");
                Invariant::FirstIsFinal.broken(what)
            })?;
            match event {
                RunEvent::ShardLeased { cases, region, .. } => {
                    seen.tiers_in_order(cases, region)?;
                }
                RunEvent::LegsLeased { case, legs } => {
                    for leg in legs {
                        seen.tiers_in_order(std::slice::from_ref(case), &leg.region)?;
                    }
                }
                RunEvent::CapsShared { sharers } => self.caps_divided(id, *sharers)?,
                RunEvent::RunEnded { verdict, .. } => {
                    self.run_ended(id, verdict, now)?;
                }
                _ => {}
            }
        }
        let Some(seen) = self.runs.get(id) else {
            return Ok(());
        };
        is_own_term(id.as_str(), seen.term, term)?;
        seen.is_conserved()
    }

    /// No run that excludes it, or that it excludes, holds leases on its environment, or may still.
    fn leases(&mut self, id: &RunId) -> Result<(), Broken> {
        let of = |run: &RunId| {
            let seen = self.runs.get(run)?;
            let fold = seen.fold.as_ref()?;
            Some((&fold.plan().environment, seen.is_exclusive))
        };
        let own = of(id);
        let excludes = |other: &&RunId| {
            let (Some(own), Some(other)) = (own, of(other)) else {
                return false;
            };
            own.0 == other.0 && (own.1 || other.1)
        };
        let mut others = self.leasing.iter().filter(|other| *other != id);
        if let Some(other) = others.find(excludes) {
            let what = format!("run {id} leases while {other} is open, and one wants to be alone");
            return Err(Invariant::OneHolder.broken(what));
        }
        self.leasing.insert(id.clone());
        self.note_company();
        Ok(())
    }
}

fn is_own_term(log: &str, led: Term, written: Term) -> Result<(), Broken> {
    match led == written {
        true => Ok(()),
        false => Err(Invariant::TermsRise.broken(format!(
            "{log}: a segment of term {written} stands under term {led}"
        ))),
    }
}

pub(super) fn holds_canary(bytes: &[u8]) -> bool {
    let length = planned::CANARY.len();
    bytes
        .windows(length)
        .any(|window| window == planned::CANARY)
}

impl Chain {
    fn join(&mut self, log: &str, bytes: &[u8]) -> Result<(), Broken> {
        let chain = |what: &str| {
            let what = format!("{log}, segment {}: {what}", self.n_segments);
            Err(Invariant::ChainIntact.broken(what))
        };
        let Ok(segment) = proto::v1::Segment::decode(bytes) else {
            return chain("its bytes are no segment");
        };
        if segment.log != log {
            return chain("it belongs to another log");
        }
        if segment.number < self.n_segments {
            return chain(&format!("number {} is written again", segment.number));
        }
        if segment.number > self.n_segments {
            return chain(&format!("{} stands behind a hole", segment.number));
        }
        if segment.previous != self.previous {
            return chain("it names another predecessor");
        }
        if segment.position != self.n_events {
            return chain("it miscounts the events before it");
        }
        if segment.term < self.term {
            return Err(Invariant::TermsRise.broken(format!("{log}: the term falls")));
        }
        self.n_segments += 1;
        self.n_events += segment.events.len() as u64;
        self.term = segment.term;
        self.previous = store::digest(bytes);
        Ok(())
    }
}
