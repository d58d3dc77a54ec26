//! One coordinator with a log that answers at once, for tests of single rules.
//!
//! Time passes only when told to. Workers are streams that say what the test lets them say.

mod plans;
mod talk;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use accounting::coordinator::{Answer, Config, Coordinator, Exit, Folded, Input, LogId, Output};
use domain::event::{GridEvent, RunEvent};
use domain::message::ToWorkerBody;
use domain::queue::Priority;
use domain::run::Run;
use domain::{AttemptId, CaseId, Digest, Instant, Plan, RunId, SessionId, Term};

use crate::store::{Append, Store};

pub(crate) use plans::{plan, result};

/// When the rig's world begins.
const BOOT: Instant = Instant(1_000_000_000_000);

#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) machine: Coordinator,
    pub(crate) now: Instant,
    pub(crate) store: Store,
    plans: BTreeMap<RunId, Plan>,
    sent: BTreeMap<u64, Vec<ToWorkerBody>>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) exit: Option<Exit>,
    pub(crate) closed_streams: Vec<u64>,
    wake: Option<Instant>,
    /// Appends that wait while the log is slow.
    slow: Option<Vec<Append>>,
    only_runs_are_slow: bool,
    /// Blobs that wait while the blob store is slow.
    slow_blobs: Option<Vec<Digest>>,
    /// What the second routine says instead of the truth.
    pub(crate) forged_hash: Option<Digest>,
    pub(crate) forged_marks: Option<BTreeSet<String>>,
    n_clients: u64,
    /// The priority of what is submitted next, and whether it is exclusive.
    pub(crate) wish: (Priority, bool),
    /// A run whose log can't be read.
    pub(crate) unreadable: Option<RunId>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::of(|_| {})
    }

    /// With other limits or durations.
    pub(crate) fn of(adjust: impl Fn(&mut Config)) -> Self {
        let mut config = Config::new("first");
        adjust(&mut config);
        Self::with(config, (Store::default(), BTreeMap::new()), None, BOOT).elected(1)
    }

    fn with(
        config: Config,
        (store, plans): (Store, BTreeMap<RunId, Plan>),
        unreadable: Option<RunId>,
        now: Instant,
    ) -> Self {
        Self {
            machine: Coordinator::new(config),
            now,
            store,
            plans,
            sent: BTreeMap::new(),
            answers: Vec::new(),
            exit: None,
            closed_streams: Vec::new(),
            wake: None,
            slow: None,
            only_runs_are_slow: false,
            slow_blobs: None,
            forged_hash: None,
            forged_marks: None,
            n_clients: 0,
            wish: (Priority::NORMAL, false),
            unreadable,
        }
    }

    fn elected(mut self, term: u64) -> Self {
        self.step(Input::Elected { term: Term(term) });
        self
    }

    /// The coordinator's process dies; another, of the next term, reads the same logs.
    pub(crate) fn takeover(self, adjust: impl Fn(&mut Config)) -> Self {
        self.led_next(2, adjust)
    }

    /// As `takeover`, under this term.
    pub(crate) fn led_next(self, term: u64, adjust: impl Fn(&mut Config)) -> Self {
        let mut config = Config::new("next");
        adjust(&mut config);
        self.next(config).elected(term)
    }

    /// As `takeover`; appends to run logs wait from the start.
    pub(crate) fn slow_takeover(self) -> Self {
        let mut rig = self.next(Config::new("next"));
        rig.slow_appends_of_runs();
        rig.elected(2)
    }

    fn next(self, config: Config) -> Self {
        let logs = (self.store, self.plans);
        Self::with(config, logs, self.unreadable, self.now)
    }

    pub(crate) fn step(&mut self, input: Input) {
        let outputs = self.machine.step(self.now, input);
        for output in outputs {
            self.obey(output);
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::ReadGrid { from } => {
                let segments = self.store.grid.segments[from as usize..].to_vec();
                self.step(Input::GridTail { segments });
            }
            Output::ReadRun { run, from, .. } => self.read(run, from),
            Output::Append {
                log,
                at,
                term,
                elapsed,
                events,
            } => {
                let wall_ms = self.now.0 / 1_000_000;
                let append = Append {
                    log,
                    at,
                    term,
                    elapsed,
                    wall_ms,
                    events,
                };
                let is_slow = !self.only_runs_are_slow || append.log != LogId::Grid;
                match &mut self.slow {
                    Some(waiting) if is_slow => waiting.push(append),
                    _ => self.land(append),
                }
            }
            Output::Send {
                stream, message, ..
            } => {
                self.sent.entry(stream.0).or_default().push(message.body);
            }
            Output::Close { stream } => self.closed_streams.push(stream.0),
            Output::Reply { answer, .. } => self.answers.push(answer),
            Output::PutBlob { digest, .. } => match &mut self.slow_blobs {
                Some(waiting) => waiting.push(digest),
                None => self.blob_lands(digest),
            },
            Output::Recheck { run, up_to, .. } => self.recheck(run, up_to),
            Output::WakeAt(at) => self.wake = Some(at),
            Output::Exit(exit) => self.exit = Some(exit),
            Output::Note(text) => assert!(!text.contains("illegal"), "{text}"),
            Output::Published { .. } | Output::Forgotten { .. } | Output::Resign => {}
        }
    }

    fn read(&mut self, run: RunId, from: u64) {
        if self.unreadable.as_ref() == Some(&run) {
            let why = "its file is gone".to_owned();
            return self.step(Input::RunUnreadable { run, why });
        }
        let log = self.store.runs.get(&LogId::Run(run.clone()));
        let segments = log.map(|log| log.segments[from as usize..].to_vec());
        let segments = segments.unwrap_or_default();
        let wall_ms = self.now.0 / 1_000_000;
        if from > 0 {
            return self.step(Input::RunTail {
                run,
                segments,
                wall_ms,
            });
        }
        let mut folded = Folded::new(self.plans[&run].clone());
        let read = segments.iter().try_for_each(|one| folded.fold(one));
        self.step(match read {
            Ok(()) => Input::RunFolded {
                run,
                folded: Box::new(folded),
                wall_ms,
            },
            Err(why) => Input::RunUnreadable { run, why },
        });
    }

    fn land(&mut self, append: Append) {
        let to = self.store.append(&append).expect("one writer");
        let log = append.log;
        self.step(Input::Durable { log, to });
    }

    pub(crate) fn slow_log(&mut self) {
        self.slow = Some(Vec::new());
    }

    /// Appends to run logs wait for `land_one`; the grid log answers at once.
    pub(crate) fn slow_appends_of_runs(&mut self) {
        self.only_runs_are_slow = true;
        self.slow_log();
    }

    /// The oldest waiting append becomes durable.
    pub(crate) fn land_one(&mut self) {
        let waiting = self.slow.as_mut().expect("the log is slow");
        let append = waiting.remove(0);
        self.land(append);
    }

    /// Appends to run logs become durable, those to the grid log never do.
    pub(crate) fn land_those_of_runs(&mut self) {
        let waiting = self.slow.as_mut().map(std::mem::take);
        for append in waiting.into_iter().flatten() {
            if append.log != LogId::Grid {
                self.land(append);
            }
        }
    }

    pub(crate) fn log_catches_up(&mut self) {
        for append in self.slow.take().unwrap_or_default() {
            self.land(append);
        }
    }

    pub(crate) fn slow_blobs(&mut self) {
        self.slow_blobs = Some(Vec::new());
    }

    pub(crate) fn blobs_catch_up(&mut self) {
        for digest in self.slow_blobs.take().unwrap_or_default() {
            self.blob_lands(digest);
        }
    }

    fn blob_lands(&mut self, digest: Digest) {
        self.store.blobs.insert(digest.clone());
        self.step(Input::BlobStored { digest });
    }

    fn recheck(&mut self, run: RunId, up_to: u64) {
        let plan = wire::plan::encode(&self.plans[&run]);
        let log = &self.store.runs[&LogId::Run(run.clone())];
        let again = recheck::recheck(&plan, &log.encoded, Some(up_to));
        let hash = self
            .forged_hash
            .clone()
            .unwrap_or_else(|| Digest::from(again.hash));
        self.step(Input::Rechecked {
            run,
            hash,
            marks: self.forged_marks.clone().unwrap_or(again.marks),
            problems: again.problems,
        });
    }

    /// Time passes in small steps; these streams beat each second.
    pub(crate) fn pass(&mut self, seconds: u64, beating: &[u64]) {
        for _ in 0..seconds * 4 {
            self.now = self.now + Duration::from_millis(250);
            if self.wake.is_some_and(|wake| wake <= self.now) {
                self.wake = None;
                self.step(Input::Wake);
            }
            if self.now.0.is_multiple_of(1_000_000_000) {
                for &stream in beating {
                    self.beat(stream);
                }
            }
        }
    }

    /// What a stream was sent and nobody has looked at.
    pub(crate) fn seen(&self, stream: u64) -> &[ToWorkerBody] {
        self.sent
            .get(&stream)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(crate) fn sent(&mut self, stream: u64) -> Vec<ToWorkerBody> {
        self.sent
            .get_mut(&stream)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// What the durable grid log holds.
    pub(crate) fn grid_events(&self) -> Vec<GridEvent> {
        let segments = self.store.grid.segments.iter();
        segments
            .flat_map(|segment| segment.events.clone())
            .collect()
    }

    /// Runs that the grid log says are admitted and not closed.
    pub(crate) fn active(&self) -> Vec<String> {
        let mut active = Vec::new();
        for event in self.grid_events() {
            match event {
                GridEvent::RunAdmitted { run, .. } => active.push(run.to_string()),
                GridEvent::RunClosed { run } => active.retain(|held| *held != run.to_string()),
                _ => {}
            }
        }
        active
    }

    /// The fold of what is durable.
    pub(crate) fn run(&self, plan: &Plan) -> Run {
        let mut run = Run::new(plan.clone());
        let log = self.store.runs.get(&LogId::Run(plan.run.clone()));
        for segment in log.map(|log| log.segments.as_slice()).unwrap_or_default() {
            run.apply_segment(segment).expect("the log is legal");
        }
        run
    }

    pub(crate) fn events(&self, plan: &Plan) -> Vec<RunEvent> {
        let log = &self.store.runs[&LogId::Run(plan.run.clone())];
        log.segments
            .iter()
            .flat_map(|segment| segment.events.clone())
            .collect()
    }

    /// Attempts that are open in the durable log: number, worker, cases still open.
    pub(crate) fn open(&self, plan: &Plan) -> Vec<(u64, String, Vec<CaseId>)> {
        let run = self.run(plan);
        let open = run.open_attempts();
        open.map(|attempt| {
            let cases = attempt.open.iter().cloned().collect();
            (attempt.id.0, attempt.worker.to_string(), cases)
        })
        .collect()
    }

    pub(crate) fn session(&self, plan: &Plan, attempt: u64) -> SessionId {
        let run = self.run(plan);
        run.attempt(AttemptId(attempt))
            .expect("the attempt")
            .session
    }
}
