//! Leases: how a worker is told of its cases, and until when. Who gets which is `grant`.
//!
//! A stamp is echoed only after an append that began after its arrival has succeeded: that proves
//! that no successor had started its term by then. So the worker always gives up first.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{GridEvent, RunEvent};
use domain::message::{ToWorker, ToWorkerBody};
use domain::{AttemptId, CaseId, Instant, RunId, SessionId, WorkerId};

use crate::coordinator::input::{LogId, StreamId};
use crate::coordinator::output::Output;
use crate::coordinator::{Coordinator, Urgency};

impl Coordinator {
    pub(super) fn beat(&mut self, worker: &WorkerId, stamp: Instant) {
        self.n_stamps += 1;
        let (n_stamps, now) = (self.n_stamps, self.now);
        if let Some(known) = self.workers.get_mut(worker) {
            known.stamp(n_stamps, stamp, now);
        }
        self.tick_due.get_or_insert(now + self.config.tick);
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::RenewalWithoutProof) {
            self.prove(&LogId::Grid, n_stamps);
        }
    }

    /// An append to `log` succeeded that began when `n_stamps` had arrived: renews what it proves.
    pub(super) fn prove(&mut self, log: &LogId, n_stamps: u64) {
        for known in self.workers.values_mut() {
            known.prove(log, n_stamps);
        }
        let runs: Vec<RunId> = match log {
            LogId::Grid => self.runs.keys().cloned().collect(),
            LogId::Run(run) => vec![run.clone()],
        };
        for run in runs {
            self.renew(&run);
        }
    }

    /// Renewals leave at once, not in line behind outputs that still wait.
    fn renew(&mut self, run: &RunId) {
        let Some(lead) = self.runs.get(run).filter(|lead| lead.renews()) else {
            return;
        };
        // Most have sent nothing since their last renewal.
        let due = self
            .workers
            .iter()
            .filter(|(_, known)| known.is_renewal_due(run));
        let due: BTreeSet<WorkerId> = due.map(|(worker, _)| worker.clone()).collect();
        if due.is_empty() {
            return;
        }
        let mut by_worker = BTreeMap::<&WorkerId, Vec<AttemptId>>::new();
        let open = lead.run.open_attempts();
        let open = open.filter(|attempt| due.contains(&attempt.worker));
        for attempt in open.filter(|attempt| lead.granted.contains(&attempt.id)) {
            by_worker
                .entry(&attempt.worker)
                .or_default()
                .push(attempt.id);
        }
        for (worker, attempts) in by_worker {
            let Some(known) = self.workers.get_mut(worker) else {
                continue;
            };
            let (Some(stream), Some((order, stamp))) = (known.stream, known.proven_for(run)) else {
                continue;
            };
            known.renewed.insert(run.clone(), order);
            let body = ToWorkerBody::Renew {
                stamp,
                ttl: self.config.worker_ttl,
                attempts: attempts
                    .iter()
                    .map(|&attempt| (run.clone(), attempt))
                    .collect(),
            };
            let message = ToWorker {
                term: self.term,
                body,
            };
            let after = Vec::new();
            self.out.push(Output::Send {
                stream,
                message,
                after,
            });
        }
    }

    /// When stamps have waited for a proof and no segment brought one, the grid log gets a Tick. A
    /// deposed leader whose workers hold nothing learns of it in this way too.
    pub(super) fn tick(&mut self) {
        if self.tick_due.is_none_or(|due| due > self.now) {
            return;
        }
        self.tick_due = None;
        let is_unproven = |worker: &WorkerId, run: &RunId| {
            let known = self.workers.get(worker);
            known.is_some_and(|known| known.newest() > known.proven_for(run))
        };
        let held_is_unproven = self.runs.values().any(|lead| {
            let mut open = lead.run.open_attempts();
            lead.renews() && open.any(|attempt| is_unproven(&attempt.worker, &lead.id))
        });
        let any_is_unproven = self
            .workers
            .values()
            .any(|known| known.newest() > known.proven());
        if (held_is_unproven || any_is_unproven) && self.grid_log.is_quiet() {
            self.decide_grid(GridEvent::Tick);
        }
    }

    pub(super) fn lease(
        &mut self,
        id: &RunId,
        worker: &WorkerId,
        cases: Vec<CaseId>,
        is_first: bool,
    ) -> bool {
        let (Some(lead), Some(known)) = (self.runs.get(id), self.workers.get(worker)) else {
            return false;
        };
        if known.stream.is_none() {
            return false;
        }
        let (attempt, session) = (lead.run.next_attempt(), known.session);
        let event = RunEvent::ShardLeased {
            attempt,
            worker: worker.clone(),
            session,
            region: known.region.clone(),
            cases: cases.clone(),
        };
        if !self.decide(id, event, Urgency::Awaited) {
            return false;
        }
        self.tell_lease(id, worker, (attempt, session), cases, is_first);
        self.take_turn(id);
        true
    }

    /// Sends what is leased to its worker, once that is durable.
    pub(super) fn tell_lease(
        &mut self,
        id: &RunId,
        worker: &WorkerId,
        (attempt, session): (AttemptId, SessionId),
        cases: Vec<CaseId>,
        is_first: bool,
    ) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let (plan, bundle) = (lead.plan.clone(), lead.bundle.clone());
        let sharers = lead.run.sharers().unwrap_or_default();
        if is_first {
            self.progressed(worker);
        }
        self.watch_from(self.now + self.config.stall_slack.min(self.config.silence()));
        let body = ToWorkerBody::Lease {
            run: id.clone(),
            attempt,
            session,
            plan,
            bundle,
            cases,
            sharers,
            stamp: Instant::ZERO,
            ttl: self.config.worker_ttl,
        };
        let after = self.work_mark(id);
        self.send_to(worker, body, after);
    }

    /// The run was given something just now: others come before it.
    pub(super) fn take_turn(&mut self, id: &RunId) {
        self.n_turns += 1;
        if let Some(lead) = self.runs.get_mut(id) {
            lead.turn = self.n_turns;
        }
    }

    /// The last touch before an output leaves: a lease gets the newest stamp that is proven by
    /// now, and from here on the attempt is renewed.
    pub(super) fn stamped(&mut self, mut output: Output) -> Output {
        let Output::Send {
            stream, message, ..
        } = &mut output
        else {
            return output;
        };
        self.gives_credit_back(*stream, &message.body);
        match &mut message.body {
            ToWorkerBody::Lease {
                run,
                attempt,
                stamp,
                ..
            } => {
                let (run, attempt) = (run.clone(), *attempt);
                *stamp = self.proven_on(*stream, &run);
                self.granted(&run, attempt);
            }
            ToWorkerBody::Expect { run, attempt, .. } => {
                let (run, attempt) = (run.clone(), *attempt);
                self.granted(&run, attempt);
            }
            _ => {}
        }
        output
    }

    fn proven_on(&self, stream: StreamId, run: &RunId) -> Instant {
        let worker = self.streams.get(&stream);
        let known = worker.and_then(|worker| self.workers.get(worker));
        // What leaves for a stuck worker has run out already.
        let known = known.filter(|known| known.stuck.is_none());
        let proven = known.and_then(|known| known.proven_for(run));
        proven.map_or(Instant::ZERO, |(_, stamp)| stamp)
    }

    fn granted(&mut self, run: &RunId, attempt: AttemptId) {
        if let Some(lead) = self.runs.get_mut(run) {
            lead.granted.insert(attempt);
        }
    }
}
