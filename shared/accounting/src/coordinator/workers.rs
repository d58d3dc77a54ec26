//! Workers come, go, fall silent and get stuck.
//!
//! A disconnect alone loses nothing. A later incarnation proves its predecessor dead; otherwise
//! ttl and guard have to pass without a stamp.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::event::RunEvent;
use domain::message::{FromWorker, Hello, OpenAttempt, PROTOCOL, ToWorkerBody};
use domain::run::{Attempt, Run};
use domain::{AttemptId, Instant, Region, RunId, SessionId, WorkerId};

use crate::coordinator::attendance::Attendance;
use crate::coordinator::input::StreamId;
use crate::coordinator::output::Output;
use crate::coordinator::{Coordinator, Urgency};

/// Losses this close together, of all workers of a region, are the platform's doing.
const REGION_WIDE: Duration = Duration::from_secs(5);

impl Coordinator {
    pub(super) fn hear_worker(&mut self, stream: StreamId, message: FromWorker) {
        if let FromWorker::Hello(hello) = message {
            return self.hello(stream, &hello);
        }
        let Some(worker) = self.streams.get(&stream).cloned() else {
            return;
        };
        match message {
            FromWorker::Hello(_) => {}
            FromWorker::Beat { stamp, .. } => self.beat(&worker, stamp),
            FromWorker::Result {
                run,
                attempt,
                session,
                seq,
                result,
                record,
            } => self.result(&worker, (run, attempt, session, seq), *result, record),
            FromWorker::AttemptEnd {
                run,
                attempt,
                session,
                last_seq,
                released,
            } => self.attempt_end(&worker, (run, attempt, session), last_seq, released),
            FromWorker::Probed {
                run,
                region,
                preflight,
            } => self.probed(&worker, &run, region, preflight),
            FromWorker::Leaving { .. } => {
                if let Some(attendance) = self.workers.get_mut(&worker) {
                    attendance.is_leaving = true;
                }
                self.is_dirty = true;
            }
            FromWorker::Goodbye { why } => self.goodbye(stream, &worker, &why),
        }
    }

    fn hello(&mut self, stream: StreamId, hello: &Hello) {
        if self.streams.contains_key(&stream) {
            return self.note(format!(
                "worker {} said hello twice on one stream",
                hello.worker
            ));
        }
        if let Some(why) = self.refusal_of(hello) {
            self.send(stream, ToWorkerBody::Refused { why }, Vec::new());
            return self.held.push(Vec::new(), Output::Close { stream });
        }
        let worker = &hello.worker;
        let was_leaving = self
            .workers
            .get(worker)
            .is_some_and(|known| known.is_leaving);
        self.replace_stream(worker, stream);
        self.n_sessions += 1;
        // Sessions of a later term are greater than all of an earlier one.
        let session = SessionId((self.term.0 << 32) + self.n_sessions);
        let mut attendance = Attendance::arrived(hello, stream, session, self.now);
        self.n_stamps += 1;
        attendance.stamp(self.n_stamps, hello.stamp, self.now);
        self.workers.insert(worker.clone(), attendance);
        self.watch_from(self.now + self.config.silence());
        self.tick_due.get_or_insert(self.now + self.config.tick);
        self.streams.insert(stream, worker.clone());
        let runs: Vec<RunId> = self.runs.keys().cloned().collect();
        for run in &runs {
            self.settle_predecessors(run, hello, was_leaving);
            self.join(run, worker);
            self.take_up(run, hello, session);
        }
        let after = runs.iter().flat_map(|run| self.run_mark(run)).collect();
        self.send(stream, ToWorkerBody::Welcome { session }, after);
        for open in &hello.open {
            self.answer_open(stream, worker, open);
        }
        self.is_dirty = true;
    }

    fn refusal_of(&self, hello: &Hello) -> Option<String> {
        if hello.protocol != PROTOCOL {
            return Some(format!(
                "protocol {} is not spoken here, only {PROTOCOL}: use the same version of muster",
                hello.protocol
            ));
        }
        if hello.slots == 0 {
            return Some("a worker needs at least one slot".to_owned());
        }
        let known = self.workers.get(&hello.worker)?;
        (known.incarnation > hello.incarnation).then(|| {
            format!(
                "a later incarnation of {} is here: give each worker its own name",
                hello.worker
            )
        })
    }

    /// The worker speaks on another stream from now on.
    fn replace_stream(&mut self, worker: &WorkerId, stream: StreamId) {
        let old = self.workers.get(worker).and_then(|known| known.stream);
        if let Some(old) = old.filter(|&old| old != stream) {
            self.streams.remove(&old);
            self.held.forget(old);
            self.out.push(Output::Close { stream: old });
        }
    }

    /// A later incarnation holds the worker's spool, so the earlier one is dead.
    fn settle_predecessors(&mut self, run: &RunId, hello: &Hello, was_leaving: bool) {
        let dead = self.open_of(run, &hello.worker, |attempt| {
            attempt.incarnation < hello.incarnation
        });
        for attempt in dead {
            self.lose(run, attempt, "its worker was started again", !was_leaving);
        }
    }

    /// Open attempts of a worker in a run.
    pub(super) fn open_of(
        &self,
        run: &RunId,
        worker: &WorkerId,
        filter: impl Fn(&Attempt) -> bool,
    ) -> Vec<AttemptId> {
        let Some(lead) = self.runs.get(run) else {
            return Vec::new();
        };
        let open = lead.run.open_attempts();
        open.filter(|attempt| attempt.worker == *worker && filter(attempt))
            .map(|attempt| attempt.id)
            .collect()
    }

    /// Names the worker in the run's log, if it is not there as it is now.
    pub(super) fn join(&mut self, run: &RunId, worker: &WorkerId) {
        let (Some(known), Some(lead)) = (self.workers.get(worker), self.runs.get(run)) else {
            return;
        };
        let is_there = lead.run.workers().get(worker).is_some_and(|seen| {
            seen.left.is_none()
                && seen.incarnation == known.incarnation
                && seen.slots == known.slots
                && seen.region == known.region
        });
        if !is_there && lead.is_ready && !lead.run.is_ended() {
            let event = RunEvent::WorkerJoined {
                worker: worker.clone(),
                region: known.region.clone(),
                slots: known.slots,
                incarnation: known.incarnation,
            };
            self.decide(run, event, Urgency::Awaited);
        }
    }

    /// Attempts that the worker still knows go on under the new session; one that it does not
    /// know never reached it, or its end was not heard.
    fn take_up(&mut self, run: &RunId, hello: &Hello, session: SessionId) {
        let known: BTreeSet<AttemptId> = hello
            .open
            .iter()
            .filter(|open| open.run == *run)
            .map(|open| open.attempt)
            .collect();
        for attempt in self.open_of(run, &hello.worker, |_| true) {
            let event = match known.contains(&attempt) {
                true => RunEvent::AttemptReattached { attempt, session },
                false => RunEvent::AttemptEnded {
                    attempt,
                    released: self.open_cases(run, attempt),
                },
            };
            self.decide(run, event, Urgency::Awaited);
        }
    }

    fn open_cases(&self, run: &RunId, attempt: AttemptId) -> Vec<domain::CaseId> {
        let attempt = self
            .runs
            .get(run)
            .and_then(|lead| lead.run.attempt(attempt));
        attempt.map_or_else(Vec::new, |attempt| attempt.open.iter().cloned().collect())
    }

    /// Tells the worker what became of an attempt that it still holds.
    fn answer_open(&mut self, stream: StreamId, worker: &WorkerId, open: &OpenAttempt) {
        let (run, attempt) = (open.run.clone(), open.attempt);
        let lead = self.runs.get(&run);
        let held = lead.and_then(|lead| lead.run.attempt(attempt));
        let Some(held) = held.filter(|held| held.worker == *worker) else {
            return self.forget_attempt(stream, run, attempt);
        };
        let (is_open, seq) = (held.is_open(), held.acked + 1);
        let is_ended = lead.is_some_and(|lead| lead.run.is_ended());
        let after = self.run_mark(&run);
        if !is_open || is_ended {
            let fenced = ToWorkerBody::Fenced {
                run: run.clone(),
                attempt,
                why: "the attempt is over".to_owned(),
            };
            self.send(stream, fenced, after.clone());
        }
        self.send(stream, ToWorkerBody::Expect { run, attempt, seq }, after);
    }

    /// Nothing is known of the attempt: its run is closed for long, or it is of no grid we lead.
    pub(super) fn forget_attempt(&mut self, stream: StreamId, run: RunId, attempt: AttemptId) {
        self.note(format!(
            "attempt {attempt} of run {run} is not known here; its worker forgets it"
        ));
        self.send(
            stream,
            ToWorkerBody::AttemptOver { run, attempt },
            Vec::new(),
        );
    }

    pub(super) fn disconnected(&mut self, stream: StreamId) {
        self.held.forget(stream);
        let Some(worker) = self.streams.remove(&stream) else {
            return;
        };
        if let Some(known) = self.workers.get_mut(&worker) {
            known.stream = None;
        }
        self.is_dirty = true;
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::LossAtDisconnect) {
            self.lose_all(&worker, "it disconnected", true);
        }
    }

    fn goodbye(&mut self, stream: StreamId, worker: &WorkerId, why: &str) {
        self.lose_all(worker, &format!("it left: {why}"), false);
        self.leave(worker, why);
        self.workers.remove(worker);
        self.streams.remove(&stream);
        self.held.push(Vec::new(), Output::Close { stream });
        self.is_dirty = true;
    }

    pub(super) fn lose_all(&mut self, worker: &WorkerId, why: &str, blames: bool) {
        let runs: Vec<RunId> = self.runs.keys().cloned().collect();
        for run in runs {
            for attempt in self.open_of(&run, worker, |_| true) {
                self.lose(&run, attempt, why, blames);
            }
        }
    }

    fn leave(&mut self, worker: &WorkerId, why: &str) {
        let runs: Vec<RunId> = self.runs.keys().cloned().collect();
        for run in runs {
            let takes_part = |run: &Run| {
                let seen = run.workers().get(worker);
                seen.is_some_and(|seen| seen.left.is_none()) && !run.is_ended()
            };
            if self
                .runs
                .get(&run)
                .is_some_and(|lead| takes_part(&lead.run))
            {
                let (worker, why) = (worker.clone(), why.to_owned());
                self.decide(
                    &run,
                    RunEvent::WorkerLeft { worker, why },
                    Urgency::Gathered,
                );
            }
        }
    }

    /// Workers connected now, leaving or not.
    pub(super) fn connected(&self) -> impl Iterator<Item = &WorkerId> {
        let connected = self
            .workers
            .iter()
            .filter(|(_, known)| known.stream.is_some());
        connected.map(|(worker, _)| worker)
    }

    /// Nobody can be silent or stuck before `at`.
    pub(super) fn watch_from(&mut self, at: Instant) {
        self.watch_due = Some(self.watch_due.map_or(at, |due| due.min(at)));
    }

    /// Settles the fate of workers that were not heard for ttl and guard, or did nothing for
    /// longer than any of their cases may take; says when to look again.
    pub(super) fn watch_workers(&mut self) {
        if self.watch_due.is_none_or(|due| due > self.now) {
            return;
        }
        let silence = self.config.silence();
        let holders: BTreeSet<WorkerId> = self
            .runs
            .values()
            .flat_map(|lead| {
                lead.run
                    .open_attempts()
                    .map(|attempt| attempt.worker.clone())
            })
            .collect();
        let silent: Vec<WorkerId> = self
            .workers
            .iter()
            .filter(|(_, known)| known.expires(silence) <= self.now)
            .map(|(worker, _)| worker.clone())
            .collect();
        let explained: Vec<bool> = silent
            .iter()
            .map(|worker| self.is_region_wide(worker))
            .collect();
        for (worker, is_explained) in silent.iter().zip(explained) {
            self.expire(worker, !is_explained);
        }
        for worker in holders.iter().filter(|worker| !silent.contains(worker)) {
            if self.stuck_at(worker).is_some_and(|at| at <= self.now) {
                self.lose_all(
                    worker,
                    "it gave no result for longer than its cases may take",
                    true,
                );
                self.progressed(worker);
            }
        }
        let expiries = self.workers.values().map(|known| known.expires(silence));
        let stalls = holders.iter().filter_map(|worker| self.stuck_at(worker));
        self.watch_due = expiries.chain(stalls).min();
    }

    fn expire(&mut self, worker: &WorkerId, blames: bool) {
        let seconds = self.config.silence().as_secs_f64();
        let why = format!("no word from it for {seconds} s");
        self.lose_all(worker, &why, blames);
        self.leave(worker, &why);
        if let Some(stream) = self.workers.remove(worker).and_then(|known| known.stream) {
            self.streams.remove(&stream);
            self.held.forget(stream);
            self.out.push(Output::Close { stream });
        }
        self.is_dirty = true;
    }

    /// All workers of its region, and there are several, fell silent together.
    fn is_region_wide(&self, worker: &WorkerId) -> bool {
        let Some(lost) = self.workers.get(worker) else {
            return false;
        };
        let peers: Vec<_> = self
            .workers
            .values()
            .filter(|known| known.region == lost.region)
            .collect();
        let is_together = |peer: &&Attendance| {
            let apart = peer
                .heard
                .since(lost.heard)
                .max(lost.heard.since(peer.heard));
            apart <= REGION_WIDE && self.now.since(peer.heard) >= REGION_WIDE
        };
        peers.len() > 1 && peers.iter().all(is_together)
    }

    /// When the worker counts as stuck: its longest case, with retries, and slack on top.
    fn stuck_at(&self, worker: &WorkerId) -> Option<Instant> {
        let known = self.workers.get(worker)?;
        let longest = self.runs.values().flat_map(|lead| {
            let own = lead
                .run
                .open_attempts()
                .filter(|attempt| attempt.worker == *worker);
            let open = own.flat_map(|attempt| &attempt.open);
            open.filter_map(|case| lead.run.planned(case))
                .map(|case| case.timeout * (case.retries + 1))
        });
        let longest = longest.max()?;
        Some(known.progressed + longest + self.config.stall_slack)
    }

    pub(super) fn progressed(&mut self, worker: &WorkerId) {
        if let Some(known) = self.workers.get_mut(worker) {
            known.progressed = self.now;
        }
    }

    /// Regions with workers that take work, for the schedule.
    pub(super) fn field(&self) -> domain::schedule::Field {
        let mut field = domain::schedule::Field::new();
        for (worker, known) in self.workers.iter().filter(|(_, known)| known.takes_work()) {
            let region: Region = known.region.clone();
            field.entry(region).or_default().insert(worker.clone());
        }
        field
    }
}
