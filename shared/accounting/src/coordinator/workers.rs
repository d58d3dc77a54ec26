//! Workers come, go, fall silent and get stuck.
//!
//! A disconnect alone loses nothing. A later incarnation proves its predecessor dead; otherwise
//! ttl and guard have to pass without a stamp.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::event::RunEvent;
use domain::message::FromWorker;
use domain::run::Run;
use domain::{Instant, Region, RunId, WorkerId};

use crate::coordinator::attendance::Attendance;
use crate::coordinator::input::StreamId;
use crate::coordinator::judge::short;
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
                self.survey_all();
            }
            FromWorker::Goodbye { why } => self.goodbye(stream, &worker, &why),
        }
    }

    pub(super) fn disconnected(&mut self, stream: StreamId) {
        self.held.forget(stream);
        let Some(worker) = self.streams.remove(&stream) else {
            return;
        };
        if let Some(known) = self.workers.get_mut(&worker) {
            known.stream = None;
        }
        self.survey_all();
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::LossAtDisconnect) {
            self.lose_all(&worker, "it disconnected", true);
        }
    }

    fn goodbye(&mut self, stream: StreamId, worker: &WorkerId, why: &str) {
        let why = &short(why);
        self.lose_all(worker, &format!("it left: {why}"), false);
        self.leave(worker, why);
        self.workers.remove(worker);
        self.streams.remove(&stream);
        self.held.push(Vec::new(), Output::Close { stream });
        self.survey_all();
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
        let holders = self.holders_longest();
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
        for (worker, &longest) in &holders {
            if !silent.contains(worker) {
                self.watch_progress(worker, longest);
            }
        }
        let expiries = self.workers.values().map(|known| known.expires(silence));
        let holders = self.holders_longest();
        let stalls = holders
            .iter()
            .filter_map(|(worker, &longest)| self.stalled_at(worker, longest));
        self.watch_due = expiries.chain(stalls).min();
    }

    /// Workers that hold attempts, and how long the longest of their cases may take with its
    /// retries; `None` where no case is open any more.
    fn holders_longest(&self) -> BTreeMap<WorkerId, Option<Duration>> {
        let mut holders = BTreeMap::new();
        for lead in self.runs.values() {
            for attempt in lead.run.open_attempts() {
                let planned = attempt
                    .open
                    .iter()
                    .filter_map(|case| lead.run.planned(case));
                let longest = planned.map(|case| case.timeout * (case.retries + 1)).max();
                let held: &mut Option<Duration> =
                    holders.entry(attempt.worker.clone()).or_default();
                *held = longest.max(*held);
            }
        }
        holders
    }

    /// A stuck worker may still touch the target under the leases it was told of, so these are not
    /// renewed, and lost only once the last of them has run out.
    fn watch_progress(&mut self, worker: &WorkerId, longest: Option<Duration>) {
        if self
            .stalled_at(worker, longest)
            .is_none_or(|at| at > self.now)
        {
            return;
        }
        let now = self.now;
        let Some(known) = self.workers.get_mut(worker) else {
            return;
        };
        if known.stuck.is_none() {
            known.stuck = Some(now);
            return self.note(format!(
                "worker {worker} gives no result for longer than its cases may take: its leases are not renewed"
            ));
        }
        let why = "it gave no result for longer than its cases may take";
        self.lose_all(worker, why, true);
        self.progressed(worker);
        self.survey_all();
    }

    /// When the worker next needs a look: it counts as stuck, or its last lease has run out since.
    /// It is stuck once its longest case, with retries, could have ended and slack has passed.
    fn stalled_at(&self, worker: &WorkerId, longest: Option<Duration>) -> Option<Instant> {
        let known = self.workers.get(worker)?;
        match known.stuck {
            Some(since) => Some(since + self.config.silence()),
            None => Some(known.progressed + longest? + self.config.stall_slack),
        }
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
        self.survey_all();
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

    pub(super) fn progressed(&mut self, worker: &WorkerId) {
        if let Some(known) = self.workers.get_mut(worker) {
            known.progressed = self.now;
            known.stuck = None;
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
