//! How a term begins: read the grid log, start the term in it, then the same for each open run.
//!
//! Nothing is decided, answered or granted before our own TermStarted is durable in the log in
//! question. A conflict while starting means: read on and try again. Later it means: deposed.

use std::time::Duration;

use domain::event::{GridEvent, RunEvent, Segment};
use domain::{AttemptId, RunId, Term, WorkerId};

use crate::coordinator::attendance::Attendance;
use crate::coordinator::config::FORMAT;
use crate::coordinator::folded::{Folded, newer};
use crate::coordinator::lead::Lead;
use crate::coordinator::log::Writer;
use crate::coordinator::output::{Exit, Output};
use crate::coordinator::{Coordinator, Phase, Urgency};

impl Coordinator {
    pub(super) fn elected(&mut self, term: Term) {
        if self.phase != Phase::Standby {
            return;
        }
        self.term = term;
        self.phase = Phase::Reading;
        self.out.push(Output::ReadGrid { from: 0 });
    }

    /// A run that can't be read is named and left as it is; the others go on.
    pub(super) fn set_aside(&mut self, id: &RunId, why: String) {
        let is_ready = self.runs.get(id).is_some_and(|lead| lead.is_ready);
        if is_ready {
            return self.exit(Exit::Unreadable(format!("run {id}: {why}")));
        }
        self.note(format!("run {id} can't be read and is set aside: {why}"));
        self.opening.remove(id);
        self.runs.remove(id);
        self.unreadable.insert(id.clone(), (why, self.now));
        self.is_dirty = true;
        if self.is_leading() {
            self.count_unheard();
        }
    }

    pub(super) fn grid_tail(&mut self, segments: &[Segment<GridEvent>]) {
        if self.phase != Phase::Reading {
            return;
        }
        for segment in segments {
            let starts = segment.events.iter().find_map(|event| match event {
                GridEvent::TermStarted { format, .. } => Some(*format),
                _ => None,
            });
            if let Some(format) = starts.filter(|&format| format > FORMAT) {
                return self.exit(Exit::Unreadable(newer(format)));
            }
            if let Err(illegal) = self.grid.fold(segment) {
                return self.exit(Exit::Unreadable(illegal.to_string()));
            }
        }
        if let Some(term) = self.grid.term().filter(|&term| term >= self.term) {
            return self.exit(Exit::Deposed(format!("term {term}")));
        }
        self.grid_log = Writer::at(self.grid.tail(), &self.config);
        self.phase = Phase::Starting;
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::NoTermStarted) {
            return self.grid_started();
        }
        self.grid_log.push(self.grid_term(), self.now);
    }

    fn grid_term(&self) -> GridEvent {
        GridEvent::TermStarted {
            term: self.term,
            leader: self.config.leader.clone(),
            format: FORMAT,
        }
    }

    pub(super) fn grid_started(&mut self) {
        if let Err(illegal) = self.grid.apply(&self.grid_term()) {
            return self.exit(Exit::Unreadable(illegal.to_string()));
        }
        self.phase = Phase::GridLed;
        self.is_dirty = true;
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::LockFreedAtFailover) {
            self.grid.forget_locks();
        }
        let open = self.grid.runs().iter();
        let open: Vec<_> = open
            .filter(|run| run.is_admitted && !run.is_closed)
            .cloned()
            .collect();
        for line in open {
            self.open_run(line.run, true);
        }
    }

    /// Asks for a run's log and plan; `blocks` holds workers and clients back until it is led.
    pub(super) fn open_run(&mut self, run: RunId, blocks: bool) {
        let Some(line) = self.grid.run(&run) else {
            return;
        };
        let plan = line.plan.clone();
        self.opening.insert(run.clone(), blocks);
        self.out.push(Output::ReadRun { run, plan, from: 0 });
    }

    /// A run's log was read from its start: by then it may have been read before, and have grown.
    pub(super) fn run_folded(&mut self, id: &RunId, folded: Folded, wall_ms: u64) {
        if let (Some(blocks), Some(line)) = (self.opening.remove(id), self.grid.run(id)) {
            let digests = (line.plan.clone(), line.bundle.clone());
            let lead = Lead::new(id.clone(), digests, blocks, folded, &self.config);
            self.runs.insert(id.clone(), lead);
        } else if let Some(lead) = self.runs.get_mut(id).filter(|lead| !lead.is_ready) {
            (lead.run, lead.order, lead.log_end) = (folded.run, folded.order, folded.log_end);
        }
        self.run_read(id, wall_ms);
    }

    /// What others wrote since the run's log was read.
    pub(super) fn run_tail(&mut self, id: &RunId, segments: &[Segment<RunEvent>], wall_ms: u64) {
        let Some(lead) = self.runs.get_mut(id).filter(|lead| !lead.is_ready) else {
            return;
        };
        let mut folded = segments
            .iter()
            .map(|segment| lead.log_end.fold(&mut lead.run, segment));
        if let Some(why) = folded.find_map(Result::err) {
            return self.set_aside(id, why);
        }
        self.run_read(id, wall_ms);
    }

    /// Starts our term behind what was read.
    fn run_read(&mut self, id: &RunId, wall_ms: u64) {
        let (now, term) = (self.now, self.term);
        let max_downtime = self.config.max_downtime;
        let Some(lead) = self.runs.get_mut(id).filter(|lead| !lead.is_ready) else {
            return;
        };
        lead.order.prune(&lead.run);
        if let Some(held) = lead.run.term().filter(|&held| held >= term) {
            return self.exit(Exit::Deposed(format!("term {held}")));
        }
        let elapsed = lead.log_end.times.map(|(elapsed, ended_ms)| {
            let downtime = Duration::from_millis(wall_ms.saturating_sub(ended_ms));
            elapsed + downtime.min(max_downtime)
        });
        lead.set_elapsed(elapsed.unwrap_or_default(), now);
        lead.writer = Writer::at(lead.log_end.tail, &self.config);
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::NoTermStarted) {
            return self.run_started(id);
        }
        for event in self.run_term(id) {
            if let Some(lead) = self.runs.get_mut(id) {
                lead.writer.push(event, now);
            }
        }
    }

    fn run_term(&self, id: &RunId) -> Vec<RunEvent> {
        let Some(lead) = self.runs.get(id) else {
            return Vec::new();
        };
        let opened = RunEvent::RunOpened {
            run: id.clone(),
            plan: lead.plan.clone(),
            bundle: lead.bundle.clone(),
        };
        let term = RunEvent::TermStarted {
            term: self.term,
            leader: self.config.leader.clone(),
            format: FORMAT,
        };
        match lead.run.is_opened() {
            true => vec![term],
            false => vec![opened, term],
        }
    }

    pub(super) fn run_started(&mut self, id: &RunId) {
        let events = self.run_term(id);
        let Some(lead) = self.runs.get_mut(id).filter(|lead| !lead.is_ready) else {
            return;
        };
        for event in &events {
            if let Err(illegal) = lead.run.apply(event) {
                let why = illegal.to_string();
                return self.set_aside(id, why);
            }
        }
        lead.is_ready = true;
        let sessions = lead
            .run
            .attempts()
            .values()
            .map(|attempt| attempt.session.0);
        let greatest = sessions.max().unwrap_or_default();
        self.n_sessions = self.n_sessions.max(greatest);
        if lead.run.is_ended() {
            lead.ended_at = Some(self.now);
        }
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::WatermarkNotRestored) {
            self.forget_watermarks(id);
        }
        self.is_dirty = true;
        self.expect_holders(id);
        self.expect_probes(id);
        self.restore_parts(id);
        if self.is_leading() {
            self.count_unheard();
        }
        self.begin(id);
    }

    /// Workers that hold leases of an earlier term have ttl and guard from now on to come back, or
    /// what is left of it; those that were one process with their coordinator are dead already.
    fn expect_holders(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let open: Vec<(AttemptId, WorkerId)> = lead
            .run
            .open_attempts()
            .map(|attempt| (attempt.id, attempt.worker.clone()))
            .collect();
        for (attempt, worker) in open {
            if self.config.one_process {
                self.lose(id, attempt, "the process of its worker ended", false);
            } else {
                self.expect_worker(id, worker);
            }
        }
    }

    fn expect_worker(&mut self, id: &RunId, worker: WorkerId) {
        let seen = self
            .runs
            .get(id)
            .and_then(|lead| lead.run.workers().get(&worker));
        if let Some(seen) = seen {
            let (region, slots, incarnation) = (seen.region.clone(), seen.slots, seen.incarnation);
            let now = self.now;
            let known = self
                .workers
                .entry(worker)
                .or_insert_with(|| Attendance::expected(region, slots, incarnation, now));
            // Until now an earlier leader may have renewed what it holds in this run.
            if known.stream.is_none() {
                known.heard = now;
            }
        }
        self.watch_from(self.now + self.config.silence());
    }

    #[cfg(feature = "planted")]
    fn forget_watermarks(&mut self, id: &RunId) {
        if let Some(lead) = self.runs.get_mut(id) {
            lead.forgets_watermarks = true;
        }
    }
}

impl Coordinator {
    /// What is decided without any worker, once per run and again after a takeover: outcomes
    /// carried over, and declared skips.
    fn begin(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let has_carried = !lead.run.plan().carried.is_empty();
        let waiting: Vec<_> = lead
            .run
            .cases()
            .filter(|(_, facts)| facts.state == domain::run::CaseState::Waiting)
            .filter(|(case, facts)| {
                let is_declared = case.declared_skip.is_some();
                is_declared || has_carried || !facts.losses.is_empty()
            })
            .map(|(case, _)| (case.id.clone(), case.declared_skip))
            .collect();
        if lead.run.is_ended() {
            return;
        }
        for (case, skip) in waiting {
            let is_carried = self
                .runs
                .get(id)
                .is_some_and(|lead| lead.run.carried_result(&case).is_some());
            if is_carried
                && self.decide(
                    id,
                    RunEvent::CaseCarried { case: case.clone() },
                    Urgency::Gathered,
                )
            {
                continue;
            }
            if let Some(skip) = skip {
                self.close(id, &case, domain::Outcome::Skipped, skip.word());
            } else {
                self.judge_losses(id, &case);
            }
        }
        let connected: Vec<WorkerId> = self.connected().cloned().collect();
        for worker in connected {
            self.join(id, &worker);
        }
    }
}
