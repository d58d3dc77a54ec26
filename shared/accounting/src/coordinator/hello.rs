//! A worker says hello: who it is, what it still holds, and what has become of that.
//!
//! A later incarnation of the same folder proves its predecessor dead; the same incarnation goes on
//! with what it still knows. A process of another folder proves nothing, so it waits until the one that
//! has the name is gone. The welcome waits for the log.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::event::{GridEvent, RunEvent};
use domain::message::{Hello, OpenAttempt, PROTOCOL, ToWorkerBody};
use domain::run::Attempt;
use domain::{AttemptId, Incarnation, RunId, SessionId, WorkerId};

use crate::coordinator::attendance::Attendance;
use crate::coordinator::input::StreamId;
use crate::coordinator::output::Output;
use crate::coordinator::{Coordinator, Urgency};

/// How long a worker whose name is taken stays away before it asks again: it may be free any time.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl Coordinator {
    pub(super) fn hello(&mut self, stream: StreamId, hello: &Hello) {
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
        if let Some(after) = self.door.ask(self.now, self.config.hellos_per_second) {
            return self.not_now(stream, after, String::new());
        }
        if let Some((after, why)) = self.is_taken(hello) {
            return self.not_now(stream, after, why);
        }
        let worker = &hello.worker;
        let was_leaving = self
            .workers
            .get(worker)
            .is_some_and(|known| known.is_leaving);
        self.replace_stream(worker, stream);
        self.n_sessions += 1;
        let session = SessionId(self.n_sessions);
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
        self.survey_all();
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
        known.incarnation.supersedes(hello.incarnation).then(|| {
            format!(
                "a later incarnation of {} is here: give each worker its own name",
                hello.worker
            )
        })
    }

    fn not_now(&mut self, stream: StreamId, after: Duration, why: String) {
        self.send(stream, ToWorkerBody::Later { after, why }, Vec::new());
        self.held.push(Vec::new(), Output::Close { stream });
    }

    /// A worker of another folder has the name: it is connected, or may still work under a lease. It
    /// has the name until it says goodbye or was silent for ttl and guard.
    fn is_taken(&mut self, hello: &Hello) -> Option<(Duration, String)> {
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::NamesakeTakesOver) {
            return None;
        }
        let worker = &hello.worker;
        let known = self.workers.get(worker)?;
        let is_elsewhere = |other: Incarnation| other.home != hello.incarnation.home;
        let lives_elsewhere = known.stream.is_some() && is_elsewhere(known.incarnation);
        let mut runs = self.runs.keys();
        let holds = |run| {
            let held = self.open_of(run, worker, |held| is_elsewhere(held.incarnation));
            !held.is_empty()
        };
        if !lives_elsewhere && !runs.any(holds) {
            return None;
        }
        let rest = known.expires(self.config.silence()).since(self.now);
        let why = format!(
            "another worker named {worker} is here and was heard {:.0} s ago: give each worker its own name, or \
             wait until it is gone",
            self.now.since(known.heard).as_secs_f64()
        );
        self.note(format!(
            "a worker named {worker} with another spool folder has to wait for the one that is here"
        ));
        Some((rest.clamp(SHORTEST_WAIT, LONGEST_WAIT), why))
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
            hello.incarnation.supersedes(attempt.incarnation)
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
            if known.contains(&attempt) {
                let event = RunEvent::AttemptReattached { attempt, session };
                self.decide(run, event, Urgency::Awaited);
                continue;
            }
            let released = self.open_cases(run, attempt);
            let cases = released.clone();
            let event = RunEvent::AttemptEnded { attempt, released };
            self.decide(run, event, Urgency::Awaited);
            self.given_back(run, &cases);
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
        let cases: Vec<_> = held.open.iter().cloned().collect();
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
        let expect = ToWorkerBody::Expect {
            run: run.clone(),
            attempt,
            seq,
        };
        self.send(stream, expect, after);
        for case in cases {
            self.end_other_legs(&run, &case);
        }
    }

    /// Nothing is known of the attempt: its run is closed for long, or it is of no grid we lead.
    pub(super) fn forget_attempt(&mut self, stream: StreamId, run: RunId, attempt: AttemptId) {
        if self.unreadable.contains_key(&run) {
            return self.note(format!(
                "attempt {attempt} is of run {run}, which can't be read; its worker keeps it"
            ));
        }
        self.note(format!(
            "attempt {attempt} of run {run} is not known here; its worker forgets it"
        ));
        // A deposed leader does not know its successor's attempts either. The append that this waits
        // for begins now, so its success proves that there was no successor.
        if !self.grid_log.has_pending() {
            self.decide_grid(GridEvent::Tick);
        }
        let after = self.grid_mark();
        self.send(stream, ToWorkerBody::AttemptOver { run, attempt }, after);
    }
}
