//! Segments as they become durable: the chain, the terms, and what each event may say.

use std::collections::BTreeSet;

use accounting::coordinator::{Events, LogId};
use domain::event::{GridEvent, RunEvent};
use domain::record::CaseResult;
use domain::{AttemptId, CaseId, Outcome, RunId, Term};
use prost::Message;

use crate::node::Put;
use crate::oracle::fates::Fates;
use crate::oracle::{Broken, Chain, Invariant, Oracle, Seen};
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

impl Seen {
    fn note(
        &mut self,
        id: &RunId,
        event: &RunEvent,
        fates: &mut Fates,
        store: &Store,
    ) -> Result<Option<&'static str>, Broken> {
        match event {
            RunEvent::TermStarted { term, .. } => {
                if *term <= self.term {
                    let what = format!("term {term} starts after term {}", self.term);
                    return Err(Invariant::TermsRise.broken(what));
                }
                self.term = *term;
            }
            RunEvent::ShardLeased { attempt, cases, .. } => self.leased(*attempt, cases)?,
            RunEvent::LegsLeased { case, legs } => self.legs_leased(case, legs)?,
            RunEvent::CaseSettled {
                attempt,
                seq,
                result,
            }
            | RunEvent::LegSettled {
                attempt,
                seq,
                result,
            } => {
                self.advance(*attempt, *seq)?;
                fates.counted(id, *attempt, result, store)?;
                self.fails(result);
                let is_leg = matches!(event, RunEvent::LegSettled { .. });
                return self.settled(*attempt, result, is_leg);
            }
            RunEvent::CaseClosed { case, outcome, .. } => {
                self.legs.remove(case);
                self.ended(case, *outcome, Vec::new())?;
            }
            RunEvent::AttemptEnded { attempt, .. } => {
                self.closes(*attempt)?;
                return self.leg_ends(*attempt);
            }
            RunEvent::AttemptLost { attempt, .. } => {
                self.closes(*attempt)?;
                self.lost.insert(*attempt);
                return self.leg_ends(*attempt);
            }
            RunEvent::ResultKept {
                attempt,
                seq,
                result,
                ..
            } => {
                self.advance(*attempt, *seq)?;
                self.fails(result);
                fates.logged(id, *attempt, result, "kept")?;
            }
            RunEvent::ResultLate {
                attempt,
                seq,
                result,
            } => {
                self.advance(*attempt, *seq)?;
                fates.logged(id, *attempt, result, "late")?;
            }
            RunEvent::ResultRejected { result, why, .. } => {
                let what = format!("a true result of {} is rejected: {why}", result.case);
                return Err(Invariant::NoPhantom.broken(what));
            }
            _ => {}
        }
        Ok(None)
    }

    fn settled(
        &mut self,
        attempt: AttemptId,
        result: &CaseResult,
        is_leg: bool,
    ) -> Result<Option<&'static str>, Broken> {
        if is_leg {
            return self.leg_settled(attempt, result);
        }
        self.sums += result.evidence;
        self.ended(&result.case, result.outcome, vec![attempt])?;
        Ok(None)
    }

    fn fails(&mut self, result: &CaseResult) {
        self.n_failures += u64::from(result.outcome == Outcome::Failed);
    }

    pub(super) fn leased(&mut self, attempt: AttemptId, cases: &[CaseId]) -> Result<(), Broken> {
        let broken = |what: String| Err(Invariant::OneHolder.broken(what));
        if self.last_attempt.is_some_and(|last| attempt <= last) {
            return broken(format!("attempt {attempt} is given a second time"));
        }
        for case in cases {
            if let Some(holder) = self.holder.get(case) {
                return broken(format!(
                    "case {case} is leased while attempt {holder} holds it"
                ));
            }
            if self.outcomes.contains_key(case) {
                let what = format!("case {case} is leased and has an outcome");
                return Err(Invariant::FirstIsFinal.broken(what));
            }
            self.holder.insert(case.clone(), attempt);
        }
        self.last_attempt = Some(attempt);
        self.open.insert(attempt, cases.iter().cloned().collect());
        Ok(())
    }

    fn closes(&mut self, attempt: AttemptId) -> Result<(), Broken> {
        match self.open.remove(&attempt) {
            Some(cases) => {
                // A case of several legs is free when the last of them is over.
                for case in cases.iter().filter(|case| !self.legs.contains_key(*case)) {
                    self.holder.remove(case);
                }
                Ok(())
            }
            None => {
                let what = format!("attempt {attempt} ends and was not open");
                Err(Invariant::FirstIsFinal.broken(what))
            }
        }
    }

    fn advance(&mut self, attempt: AttemptId, seq: u64) -> Result<(), Broken> {
        let acked = self.acked.entry(attempt).or_default();
        if seq != *acked + 1 {
            let what = format!("result {seq} of attempt {attempt} follows result {acked}");
            return Err(Invariant::FirstIsFinal.broken(what));
        }
        *acked = seq;
        Ok(())
    }

    pub(super) fn ended(
        &mut self,
        case: &CaseId,
        outcome: Outcome,
        by: Vec<AttemptId>,
    ) -> Result<(), Broken> {
        if let Some(holder) = self.holder.remove(case)
            && let Some(open) = self.open.get_mut(&holder)
        {
            open.remove(case);
        }
        let is_planned = self
            .fold
            .as_ref()
            .is_some_and(|run| run.case(case).is_some());
        if !is_planned {
            let what = format!("case {case} is not of the plan and is counted");
            return Err(Invariant::OneOutcomeEach.broken(what));
        }
        match self.outcomes.insert(case.clone(), (outcome, by)) {
            None => Ok(()),
            Some((before, _)) => Err(Invariant::FirstIsFinal.broken(format!(
                "case {case} is counted as {before} and again as {outcome}"
            ))),
        }
    }

    fn is_conserved(&self) -> Result<(), Broken> {
        let Some(run) = &self.fold else {
            return Ok(());
        };
        let totals = run.totals();
        match totals.planned == totals.settled() + run.n_open() as u64
            && totals.settled() == self.outcomes.len() as u64
        {
            true => Ok(()),
            false => Err(Invariant::Conserved.broken(format!(
                "the totals do not add up: {totals:?}, {} open",
                run.n_open()
            ))),
        }
    }

    /// No plain case of a higher tier waits that the same worker could have taken.
    fn tiers_in_order(&self, leased: &[CaseId], region: &domain::Region) -> Result<(), Broken> {
        let Some(run) = &self.fold else {
            return Ok(());
        };
        let leased: BTreeSet<&CaseId> = leased.iter().collect();
        let tiers = leased.iter().filter_map(|case| run.planned(case));
        let Some(lowest) = tiers.map(|case| case.tier).max() else {
            return Ok(());
        };
        let overtaken = run.cases().find(|(case, facts)| {
            case.tier < lowest
                && facts.state == domain::run::CaseState::Waiting
                && !case.exclusive
                && !case.is_gang()
                && facts.n_blamed() < domain::schedule::LOSSES_BEFORE_ALONE
                && case.region.admits(region)
        });
        match overtaken {
            None => Ok(()),
            Some((case, _)) => Err(Invariant::EndsInTime.broken(format!(
                "case {} of tier {} waits while tier {lowest} is leased",
                case.id, case.tier
            ))),
        }
    }
}
