//! The coordinator as a machine: it leads the logs, leases cases, counts results, ends runs.
//!
//! `step` takes one input and answers with outputs; it never waits, reads no clock and never
//! fails. Reading order: `input`, `output`, `commit` (decisions and what waits for them), then by subject: `takeover` (how a term begins; `deferred`, `appended`, `unheard`),
//! `clients`, `hello` (and its `door`), `workers` (silence), `grant` (which run gets a worker), `gang` (cases of several legs), `lease`, `caps`,
//! `ingest` (and `judge`, `credit`), `loss`, `probing`, `closing` (regions, gates, stops) and `finish`. `log`, `hold`, `lead`, `attendance` and `grid` are the parts.

mod appended;
mod attendance;
mod caps;
mod clients;
mod closing;
mod commit;
pub mod config;
mod credit;
mod deferred;
mod door;
mod finish;
mod folded;
mod gang;
mod grant;
mod grid;
mod hello;
mod hold;
mod ingest;
pub mod input;
mod judge;
mod lead;
mod lease;
mod log;
mod loss;
pub mod output;
mod probing;
mod takeover;
mod unheard;
mod workers;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::event::GridEvent;
use domain::run::Run;
use domain::{AttemptId, Digest, Instant, RunId, Term, WorkerId};

pub use config::Config;
pub use folded::Folded;
pub use input::{AppendError, Blob, ClientId, Input, LogId, Request, StreamId};
pub use output::{Answer, Events, Exit, Mark, Output, QueueLook, RunLine};

use attendance::Attendance;
use clients::PendingSubmit;
use commit::Urgency;
use door::Door;
use grid::Grid;
use hold::Held;
use lead::Lead;
use log::Writer;

/// Looks at all workers are so far apart, for each of them: some six times what one costs.
const LOOK_PER_WORKER: Duration = Duration::from_micros(20);
/// With fewer workers than this takes, every look is taken at once.
const SHORTEST_PACE: Duration = Duration::from_millis(2);

/// How far this process is on its way to leading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Standby,
    /// Reading the grid log.
    Reading,
    /// TermStarted is on its way into the grid log.
    Starting,
    /// The grid log is led; the logs of open runs follow.
    GridLed,
    /// Deposed, failed or retired: nothing more is said.
    Gone,
}

#[derive(Debug)]
pub struct Coordinator {
    config: Config,
    phase: Phase,
    term: Term,
    now: Instant,
    grid: Grid,
    grid_log: Writer<GridEvent>,
    /// Admitted runs whose log is being read for the first time: do they block the rest?
    opening: BTreeMap<RunId, bool>,
    runs: BTreeMap<RunId, Lead>,
    /// Admitted runs whose log or plan can't be read: why, and since when.
    unreadable: BTreeMap<RunId, (String, Instant)>,
    /// Closed runs still remembered, oldest first.
    remembered: VecDeque<RunId>,
    workers: BTreeMap<WorkerId, Attendance>,
    streams: BTreeMap<StreamId, WorkerId>,
    door: Door,
    n_stamps: u64,
    /// The greatest session given, by us or, for an attempt, by an earlier leader.
    n_sessions: u64,
    /// Where the grid log says into how many parts an environment's caps are divided.
    caps_marks: BTreeMap<String, Mark>,
    /// Leases and probes given so far: by these, runs take turns.
    n_turns: u64,
    submits: BTreeMap<String, PendingSubmit>,
    /// Stops asked for by clients, until the run's log is led and takes the decision.
    stops_wanted: BTreeMap<RunId, (String, Vec<ClientId>)>,
    /// Attempts whose next result waits for this blob.
    blobs: BTreeMap<Digest, Vec<(RunId, AttemptId)>>,
    deferred: VecDeque<Input>,
    held: Held,
    out: Vec<Output>,
    /// Something changed that may call for a decision.
    is_dirty: bool,
    /// When all workers were last looked at, and when they may be again.
    looked_at: Instant,
    look_due: Option<Instant>,
    /// No worker can have gone silent or got stuck before this.
    watch_due: Option<Instant>,
    /// A stamp has waited for a proof since a while.
    tick_due: Option<Instant>,
    woken_for: Option<Instant>,
}

impl Coordinator {
    pub fn new(config: Config) -> Self {
        let grid_log = Writer::at(0, &config);
        Self {
            config,
            phase: Phase::Standby,
            term: Term::default(),
            now: Instant::ZERO,
            grid: Grid::default(),
            grid_log,
            opening: BTreeMap::new(),
            runs: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            remembered: VecDeque::new(),
            workers: BTreeMap::new(),
            streams: BTreeMap::new(),
            door: Door::default(),
            n_stamps: 0,
            n_sessions: 0,
            caps_marks: BTreeMap::new(),
            n_turns: 0,
            submits: BTreeMap::new(),
            stops_wanted: BTreeMap::new(),
            blobs: BTreeMap::new(),
            deferred: VecDeque::new(),
            held: Held::default(),
            out: Vec::new(),
            is_dirty: false,
            looked_at: Instant::ZERO,
            look_due: None,
            watch_due: None,
            tick_due: None,
            woken_for: None,
        }
    }

    /// Takes one input in and says what is to be done, in order. `now` must not fall.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Output> {
        self.now = self.now.max(now);
        if self.phase == Phase::Gone {
            return Vec::new();
        }
        self.take(input);
        self.replay_deferred();
        self.decide_all();
        self.flush();
        self.ask_rechecks();
        self.release();
        self.set_wake();
        std::mem::take(&mut self.out)
    }

    /// Leads the grid and every run that was open when the term began.
    pub fn is_leading(&self) -> bool {
        self.phase == Phase::GridLed
            && !self.opening.values().any(|&blocks| blocks)
            && !self.runs.values().any(|lead| lead.blocks && !lead.is_ready)
    }

    /// The fold of a run, with what is decided and not durable yet: for tests and for looking,
    /// never for answering anybody.
    pub fn run(&self, run: &RunId) -> Option<&Run> {
        self.runs.get(run).map(|lead| &lead.run)
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Elected { term } => self.elected(term),
            Input::GridTail { segments } => self.grid_tail(&segments),
            Input::RunFolded {
                run,
                folded,
                wall_ms,
            } => self.run_folded(&run, *folded, wall_ms),
            Input::RunTail {
                run,
                segments,
                wall_ms,
            } => self.run_tail(&run, &segments, wall_ms),
            Input::Durable { log, to } => self.durable(&log, to),
            Input::AppendFailed { log, why } => self.append_failed(&log, &why),
            Input::RunUnreadable { run, why } => self.set_aside(&run, why),
            Input::StoreFailed { why } => self.exit(Exit::Store(why)),
            Input::BlobStored { digest } => self.blob_stored(&digest),
            Input::Rechecked {
                run,
                hash,
                marks,
                problems,
            } => self.rechecked(&run, &hash, &marks, problems),
            Input::Wake => {
                // It may have come early: then the same time is asked for again.
                self.woken_for = None;
                self.survey_all();
            }
            Input::Retire => {
                self.out.push(Output::Resign);
                self.exit(Exit::Retired);
            }
            input if self.is_leading() && self.deferred.is_empty() => self.take_from_outside(input),
            input => self.defer(input),
        }
    }

    /// Workers and clients are heard only by a leader.
    fn take_from_outside(&mut self, input: Input) {
        match input {
            Input::FromWorker { stream, message } => self.hear_worker(stream, message),
            Input::Disconnected { stream } => self.disconnected(stream),
            Input::FromClient { client, request } => self.hear_client(client, request),
            _ => {}
        }
    }

    fn replay_deferred(&mut self) {
        while self.is_leading() {
            match self.deferred.pop_front() {
                Some(input) => self.take_from_outside(input),
                None => break,
            }
        }
    }

    /// Nothing is decided before every run is led: whoever holds something in one that is not led yet
    /// could not be heard till then, and would be given up unheard.
    fn decide_all(&mut self) {
        if !self.is_leading() || !self.is_dirty || !self.may_look() {
            return;
        }
        self.is_dirty = false;
        self.watch_workers();
        self.tick();
        self.admit();
        let runs: Vec<RunId> = self.runs.keys().cloned().collect();
        for run in runs {
            self.advance(&run);
        }
        self.grant_all();
    }

    /// Deciding looks at every worker. Where there are very many, what happens meanwhile is looked
    /// at together, so that looking never takes more than a part of a core.
    fn may_look(&mut self) -> bool {
        let pace = LOOK_PER_WORKER * u32::try_from(self.workers.len()).unwrap_or(u32::MAX);
        let due = self.looked_at + pace;
        let may = pace < SHORTEST_PACE || due <= self.now;
        self.look_due = (!may).then_some(due);
        if may {
            self.looked_at = self.now;
        }
        may
    }

    fn note(&mut self, text: String) {
        self.out.push(Output::Note(text));
    }

    /// Drops everything that is held; nobody is told anything.
    fn exit(&mut self, why: Exit) {
        self.phase = Phase::Gone;
        self.held.clear();
        self.out.push(Output::Exit(why));
    }

    fn set_wake(&mut self) {
        let Some(due) = self.next_due() else {
            return;
        };
        if self.phase != Phase::Gone && self.woken_for != Some(due) {
            self.woken_for = Some(due);
            self.out.push(Output::WakeAt(due));
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let logs = self.runs.values().filter_map(|lead| lead.writer.due());
        let logs = logs.chain(self.grid_log.due()).min();
        // Whatever else is due is seen when all workers are looked at.
        let due = logs.into_iter().chain(match self.look_due {
            Some(look) => Some(look),
            None => self.decision_due(),
        });
        // A time that has passed is due at once, and only once: the next wake looks again.
        due.min().map(|due| due.max(self.now))
    }

    /// When there is something to decide although nothing is heard.
    fn decision_due(&self) -> Option<Instant> {
        if !self.is_leading() {
            return None;
        }
        let runs = self.runs.values().filter_map(|lead| self.run_due(lead));
        let doubts = self.unreadable.values();
        let doubts = doubts.map(|(_, since)| self.clear_after(*since));
        let doubts = doubts.filter(|&at| at > self.now);
        let own = [self.watch_due, self.tick_due];
        runs.chain(doubts).chain(own.into_iter().flatten()).min()
    }

    #[cfg(feature = "planted")]
    fn has_planted(&self, bug: crate::planted::Planted) -> bool {
        self.config.planted == Some(bug)
    }
}
