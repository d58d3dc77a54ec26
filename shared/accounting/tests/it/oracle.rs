//! Sees every host and every durable byte, and says when a promise is broken.
//!
//! It keeps its own sets, so that a mistake in the fold is seen too.

use std::collections::{BTreeMap, BTreeSet};

use accounting::coordinator::{Events, LogId};
use domain::event::{GridEvent, RunEvent};
use domain::message::ToWorkerBody;
use domain::record::CaseResult;
use domain::run::Run;
use domain::{AttemptId, CaseId, Plan, RunId, Term};

use crate::planned;
use crate::store::{Append, Store};

/// A broken promise, in a sentence.
pub(crate) type Broken = String;

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) fold: Option<Run>,
    outcomes: BTreeMap<CaseId, String>,
    /// Open attempts and the cases they hold.
    open: BTreeMap<AttemptId, BTreeSet<CaseId>>,
    leased: BTreeSet<AttemptId>,
    acked: BTreeMap<AttemptId, u64>,
    term: Term,
}

#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) runs: BTreeMap<RunId, Seen>,
    pub(crate) closed: BTreeSet<RunId>,
    grid_term: Term,
    produced: BTreeMap<(RunId, AttemptId, CaseId), CaseResult>,
    /// The latest attempt that touched the target for a case.
    touched: BTreeMap<(RunId, CaseId), AttemptId>,
}

impl Oracle {
    pub(crate) fn planned(&mut self, plan: Plan) {
        let seen = self.runs.entry(plan.run.clone()).or_default();
        seen.fold = Some(Run::new(plan));
    }

    pub(crate) fn produced(&mut self, run: &RunId, attempt: AttemptId, result: &CaseResult) {
        let key = (run.clone(), attempt, result.case.clone());
        self.produced.insert(key, result.clone());
    }

    /// A worker exchanged something with the target for a case.
    pub(crate) fn touched(
        &mut self,
        run: &RunId,
        case: &CaseId,
        attempt: AttemptId,
    ) -> Result<(), Broken> {
        let latest = self
            .touched
            .entry((run.clone(), case.clone()))
            .or_insert(attempt);
        match attempt >= *latest {
            true => {
                *latest = attempt;
                Ok(())
            }
            false => Err(format!(
                "attempt {attempt} touched the target for {case} after attempt {latest} had"
            )),
        }
    }

    /// A segment became durable.
    pub(crate) fn landed(&mut self, append: &Append, store: &Store) -> Result<(), Broken> {
        match (&append.log, &append.events) {
            (LogId::Grid, Events::Grid(events)) => self.grid_landed(append.term, events),
            (LogId::Run(run), Events::Run(events)) => self.run_landed(run, append, events, store),
            _ => Err("events of one kind stand in a log of the other".to_owned()),
        }
    }

    fn grid_landed(&mut self, term: Term, events: &[GridEvent]) -> Result<(), Broken> {
        for event in events {
            match event {
                GridEvent::TermStarted { term, .. } => self.grid_term = *term,
                GridEvent::RunClosed { run } => {
                    if self
                        .runs
                        .get(run)
                        .and_then(|seen| seen.fold.as_ref())
                        .is_none_or(|run| !run.is_ended())
                    {
                        return Err(format!("run {run} is closed without a verdict"));
                    }
                    self.closed.insert(run.clone());
                }
                _ => {}
            }
        }
        match self.grid_term == term {
            true => Ok(()),
            false => Err(format!(
                "a grid segment of term {term} under term {}",
                self.grid_term
            )),
        }
    }

    fn run_landed(
        &mut self,
        id: &RunId,
        append: &Append,
        events: &[RunEvent],
        store: &Store,
    ) -> Result<(), Broken> {
        let Some(seen) = self.runs.get_mut(id) else {
            return Err(format!("run {id} was never submitted"));
        };
        for event in events {
            seen.note(id, event, &self.produced, store)?;
            let fold = seen.fold.as_mut().ok_or("no plan")?;
            fold.apply(event).map_err(|illegal| {
                format!("run {id}: the log holds what must not be: {illegal}")
            })?;
        }
        match seen.term == append.term {
            true => seen.is_conserved(),
            false => Err(format!(
                "a segment of term {} under term {}",
                append.term, seen.term
            )),
        }
    }

    /// A message leaves a coordinator: is it covered by what is durable?
    pub(crate) fn leaves(&self, body: &ToWorkerBody) -> Result<(), Broken> {
        match body {
            ToWorkerBody::Ack {
                run,
                attempt,
                through,
            } => {
                let acked = self.runs.get(run).and_then(|seen| seen.acked.get(attempt));
                match acked.is_some_and(|acked| acked >= through) {
                    true => Ok(()),
                    false => Err(format!(
                        "result {through} of attempt {attempt} is acknowledged and not durable"
                    )),
                }
            }
            ToWorkerBody::Lease { run, attempt, .. } => {
                match self
                    .runs
                    .get(run)
                    .is_some_and(|seen| seen.leased.contains(attempt))
                {
                    true => Ok(()),
                    false => Err(format!("attempt {attempt} is granted and not durable")),
                }
            }
            _ => Ok(()),
        }
    }

    /// What must hold once everything is over.
    pub(crate) fn at_the_end(&self, store: &Store) -> Result<(), Broken> {
        for (id, seen) in &self.runs {
            let Some(run) = &seen.fold else {
                continue;
            };
            let verdict = run
                .verdict()
                .ok_or_else(|| format!("run {id} did not end"))?;
            let planned: BTreeSet<_> = run.plan().cases.iter().map(|case| &case.id).collect();
            if planned != seen.outcomes.keys().collect() {
                return Err(format!(
                    "run {id}: the cases with an outcome are not the plan's"
                ));
            }
            let plan = wire::plan::encode(run.plan());
            let log = store.runs.get(&LogId::Run(id.clone()));
            let encoded = log.map(|log| log.encoded.as_slice()).unwrap_or_default();
            let again = recheck::recheck(&plan, encoded, None);
            if let Some(problem) = again.problems.first() {
                return Err(format!("run {id}: the second routine disagrees: {problem}"));
            }
            // What came after the second routine was asked is in neither of its readings.
            if again.marks != domain::run::marks(run) {
                return Err(format!("run {id}: the second routine reads other marks"));
            }
            let outcomes: BTreeMap<_, _> = seen
                .outcomes
                .iter()
                .map(|(case, word)| (case.to_string(), word.clone()))
                .collect();
            if again.table != outcomes || again.hash != verdict.table_hash.as_str() {
                return Err(format!("run {id}: the second routine reads another table"));
            }
            if verdict
                .reasons
                .iter()
                .any(|reason| reason.contains("second routine"))
            {
                return Err(format!("run {id}: {:?}", verdict.reasons));
            }
        }
        Ok(())
    }
}

impl Seen {
    fn note(
        &mut self,
        id: &RunId,
        event: &RunEvent,
        produced: &BTreeMap<(RunId, AttemptId, CaseId), CaseResult>,
        store: &Store,
    ) -> Result<(), Broken> {
        match event {
            RunEvent::TermStarted { term, .. } => {
                if *term <= self.term {
                    return Err(format!("term {term} starts after term {}", self.term));
                }
                self.term = *term;
            }
            RunEvent::ShardLeased { attempt, cases, .. } => {
                let held: BTreeSet<_> = self.open.values().flatten().collect();
                if let Some(case) = cases.iter().find(|case| held.contains(case)) {
                    return Err(format!("case {case} is leased twice at once"));
                }
                self.leased.insert(*attempt);
                self.open.insert(*attempt, cases.iter().cloned().collect());
            }
            RunEvent::CaseSettled {
                attempt,
                seq,
                result,
            } => {
                self.acked.insert(*attempt, *seq);
                if let Some(open) = self.open.get_mut(attempt) {
                    open.remove(&result.case);
                }
                check_result(id, *attempt, result, produced, store)?;
                return self.ended(&result.case, result.outcome.word());
            }
            RunEvent::CaseClosed { case, outcome, .. } => {
                for open in self.open.values_mut() {
                    open.remove(case);
                }
                return self.ended(case, outcome.word());
            }
            RunEvent::AttemptEnded { attempt, .. } | RunEvent::AttemptLost { attempt, .. } => {
                self.open.remove(attempt);
            }
            RunEvent::ResultKept { attempt, seq, .. }
            | RunEvent::ResultRejected { attempt, seq, .. }
            | RunEvent::ResultLate { attempt, seq, .. } => {
                self.acked.insert(*attempt, *seq);
            }
            _ => {}
        }
        if let RunEvent::ResultRejected { result, why, .. } = event {
            return Err(format!(
                "a true result of {} is rejected: {why}",
                result.case
            ));
        }
        Ok(())
    }

    fn ended(&mut self, case: &CaseId, word: &str) -> Result<(), Broken> {
        match self.outcomes.insert(case.clone(), word.to_owned()) {
            None => Ok(()),
            Some(before) => Err(format!(
                "case {case} is counted as {before} and again as {word}"
            )),
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
            false => Err(format!(
                "the totals do not add up: {totals:?}, {} open",
                run.n_open()
            )),
        }
    }
}

/// No phantoms: what is counted was produced by that attempt, and its record is stored.
fn check_result(
    id: &RunId,
    attempt: AttemptId,
    result: &CaseResult,
    produced: &BTreeMap<(RunId, AttemptId, CaseId), CaseResult>,
    store: &Store,
) -> Result<(), Broken> {
    let case = &result.case;
    let Some(true_result) = produced.get(&(id.clone(), attempt, case.clone())) else {
        return Err(format!(
            "case {case} is counted in attempt {attempt}, which never produced it"
        ));
    };
    if true_result.duration != result.duration || result.outcome != planned::truth(case) {
        return Err(format!(
            "case {case} is counted as {}, which is not what happened",
            result.outcome
        ));
    }
    match &result.record {
        Some(digest) if !store.blobs.contains(digest) => {
            Err(format!("the record of case {case} is named and not stored"))
        }
        _ => Ok(()),
    }
}
