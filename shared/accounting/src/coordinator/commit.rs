//! Decisions go into the logs; what follows from them leaves once they are durable.

use std::time::Duration;

use domain::event::{GridEvent, RunEvent};
use domain::message::{ToWorker, ToWorkerBody};
use domain::{Outcome, RunId, WorkerId};

use crate::coordinator::input::{ClientId, LogId, StreamId};
use crate::coordinator::lead::Lead;
use crate::coordinator::output::{Answer, Events, Mark, Output};
use crate::coordinator::{Coordinator, Phase, log};

/// How long a decision may wait for company on its way into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for it: work is granted, or a client answered.
    Awaited,
    /// It can be gathered with others.
    Gathered,
}

impl Coordinator {
    /// Folds a decision into a run that is led and queues it for the log; an illegal one is not
    /// appended.
    pub(super) fn decide(&mut self, run: &RunId, event: RunEvent, urgency: Urgency) -> bool {
        let due = log::due(self.now, self.config.gather, urgency == Urgency::Awaited);
        // A log that is not led yet may hold more than was read of it.
        let Some(lead) = self.runs.get_mut(run).filter(|lead| lead.is_ready) else {
            return false;
        };
        #[cfg(feature = "planted")]
        let event = match (self.config.planted, event) {
            (Some(crate::planted::Planted::FoldDiffersFromLog), event) => {
                return lead.decide_two_ways(event, due);
            }
            (_, event) => event,
        };
        match lead.run.apply(&event) {
            Ok(()) => {
                lead.is_survey_due |= calls_for_survey(&event);
                lead.writer.push(event, due);
                self.is_dirty = true;
                true
            }
            Err(illegal) => {
                self.note(format!("run {run}: a decision was illegal: {illegal}"));
                false
            }
        }
    }

    pub(super) fn decide_grid(&mut self, event: GridEvent) {
        match self.grid.apply(&event) {
            Ok(()) => self.grid_log.push(event, self.now),
            Err(illegal) => self.note(format!("grid: a decision was illegal: {illegal}")),
        }
    }

    pub(super) fn grid_mark(&self) -> Vec<Mark> {
        vec![Mark {
            log: LogId::Grid,
            to: self.grid_log.mark(),
        }]
    }

    pub(super) fn run_mark(&self, run: &RunId) -> Vec<Mark> {
        self.runs.get(run).map(Lead::mark).unwrap_or_default()
    }

    pub(super) fn send(&mut self, stream: StreamId, body: ToWorkerBody, after: Vec<Mark>) {
        let message = ToWorker {
            term: self.term,
            body,
        };
        let send = Output::Send {
            stream,
            message,
            after: after.clone(),
        };
        self.held.push(after, send);
    }

    /// Sends to wherever the worker is connected now, if it is.
    pub(super) fn send_to(&mut self, worker: &WorkerId, body: ToWorkerBody, after: Vec<Mark>) {
        if let Some(stream) = self.workers.get(worker).and_then(|worker| worker.stream) {
            self.send(stream, body, after);
        }
    }

    pub(super) fn reply(&mut self, client: ClientId, answer: Answer, after: Vec<Mark>) {
        let reply = Output::Reply {
            client,
            answer,
            after: after.clone(),
        };
        self.held.push(after, reply);
    }

    pub(super) fn flush(&mut self) {
        if self.phase == Phase::Gone {
            return;
        }
        let (now, n_stamps, term) = (self.now, self.n_stamps, self.term);
        if let Some((at, events)) = self.grid_log.begin(now, n_stamps) {
            self.out.push(Output::Append {
                log: LogId::Grid,
                at,
                term,
                elapsed: Duration::ZERO,
                events: Events::Grid(events),
            });
        }
        for lead in self.runs.values_mut() {
            if let Some((at, events)) = lead.writer.begin(now, n_stamps) {
                self.out.push(Output::Append {
                    log: LogId::Run(lead.id.clone()),
                    at,
                    term,
                    elapsed: lead.elapsed(now),
                    events: Events::Run(events),
                });
            }
        }
    }

    /// Lets go of every output whose marks are durable.
    pub(super) fn release(&mut self) {
        let (grid, runs) = (self.grid_log.durable(), &self.runs);
        #[cfg(feature = "planted")]
        let is_early = self.config.planted == Some(crate::planted::Planted::SendBeforeDurable);
        #[cfg(not(feature = "planted"))]
        let is_early = false;
        let leaving = self.held.release(|log| match log {
            _ if is_early => u64::MAX,
            LogId::Grid => grid,
            LogId::Run(run) => runs.get(run).map_or(u64::MAX, |lead| lead.writer.durable()),
        });
        for output in leaving {
            let output = self.stamped(output);
            self.out.push(output);
        }
    }
}

/// Regions, tiers or waiting cases are other than before.
fn calls_for_survey(event: &RunEvent) -> bool {
    match event {
        RunEvent::CaseSettled { result, .. } | RunEvent::LegSettled { result, .. } => {
            result.outcome == Outcome::Failed
        }
        RunEvent::RegionProbed { .. }
        | RunEvent::WorkerJoined { .. }
        | RunEvent::WorkerLeft { .. }
        | RunEvent::AttemptEnded { .. }
        | RunEvent::AttemptLost { .. } => true,
        _ => false,
    }
}
