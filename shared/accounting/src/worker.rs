//! The worker as a machine: it holds leases, starts cases on its slots, keeps results until they
//! are acknowledged, and stops by itself when its lease is not renewed.
//!
//! `step` takes one input and answers with outputs; it reads no clock and never fails. Parts:
//! `input`, `output`, `attempt` (what is held), `hear` (what the coordinator says), `deliver`
//! (results and ends), `execute` (slots, gates, stopping).

mod attempt;
pub mod config;
mod deliver;
mod execute;
mod hear;
pub mod input;
pub mod output;

use std::collections::BTreeMap;

use domain::message::{FromWorker, Hello, PROTOCOL};
use domain::record::Preflight;
use domain::{AttemptId, Instant, RunId, SessionId, Term};

pub use config::Config;
pub use input::{CaseKey, Input, MadeOf, Recovered, RecoveredResult, StreamId};
pub use output::Output;

use attempt::Held;

type Key = (RunId, AttemptId);

#[derive(Debug)]
pub struct Worker {
    config: Config,
    now: Instant,
    /// The highest term heard; whoever speaks under a lower one is deposed.
    term: Term,
    stream: Option<StreamId>,
    /// The session of the current stream, once welcomed.
    session: Option<SessionId>,
    /// In the order they were leased.
    attempts: BTreeMap<Key, Held>,
    /// Preflights executed and not yet told.
    probed: Vec<(RunId, Preflight)>,
    beat_due: Option<Instant>,
    leaving: Option<String>,
    is_leaving_told: bool,
    is_done: bool,
    woken_for: Option<Instant>,
    out: Vec<Output>,
}

impl Worker {
    /// `recovered` is what the spool holds of earlier incarnations.
    pub fn new(config: Config, recovered: Vec<Recovered>) -> Self {
        let recovered = recovered.into_iter().map(Held::recovered);
        Self {
            config,
            now: Instant::ZERO,
            term: Term::default(),
            stream: None,
            session: None,
            attempts: recovered
                .map(|held| ((held.run.clone(), held.id), held))
                .collect(),
            probed: Vec::new(),
            beat_due: None,
            leaving: None,
            is_leaving_told: false,
            is_done: false,
            woken_for: None,
            out: Vec::new(),
        }
    }

    /// Takes one input in and says what is to be done, in order. `now` must not fall.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Output> {
        self.now = self.now.max(now);
        if self.is_done {
            return Vec::new();
        }
        // After a pause the clock is compared before anything else runs.
        self.expire();
        self.take(input);
        self.start_cases();
        self.deliver();
        self.beat();
        self.finish_leaving();
        self.set_wake();
        std::mem::take(&mut self.out)
    }

    /// Cases that run, those told to stop included.
    pub fn n_running(&self) -> usize {
        let held = self.attempts.values();
        held.map(|held| held.running.len() + held.aborting.len())
            .sum()
    }

    /// Results that no coordinator has acknowledged.
    pub fn n_unacked(&self) -> usize {
        self.attempts.values().map(|held| held.results.len()).sum()
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Connected { stream } => self.connected(stream),
            Input::Disconnected { stream } => {
                if self.stream == Some(stream) {
                    self.drop_stream();
                }
            }
            Input::FromCoordinator { stream, message } => self.hear(stream, *message),
            Input::CaseEnded {
                run,
                attempt,
                result,
                record,
            } => self.case_ended((run, attempt), result, record),
            Input::SpoolWritten { run, attempt, seq } => {
                let held = self.attempts.get_mut(&(run, attempt));
                if let Some(unacked) = held.and_then(|held| held.results.get_mut(&seq)) {
                    unacked.is_written = true;
                }
            }
            Input::Probed { run, preflight } => self.probed.push((run, preflight)),
            Input::Leave { why } => self.leave(why),
            Input::LeaveNow => self.stop_all("the worker has to stop"),
            // It may have come early: then the same time is asked for again.
            Input::Wake => self.woken_for = None,
        }
    }

    fn connected(&mut self, stream: StreamId) {
        self.drop_stream();
        self.stream = Some(stream);
        let hello = Hello {
            protocol: PROTOCOL,
            worker: self.config.worker.clone(),
            region: self.config.region.clone(),
            slots: self.config.slots,
            incarnation: self.config.incarnation,
            stamp: self.now,
            version: self.config.version.clone(),
            open: self.attempts.values().map(Held::as_open).collect(),
        };
        self.out.push(Output::Send {
            stream,
            message: FromWorker::Hello(hello),
        });
    }

    /// What is under way on a stream is void with it; leases run on by the clock.
    fn drop_stream(&mut self) {
        self.stream = None;
        self.session = None;
        self.beat_due = None;
        self.is_leaving_told = false;
        for held in self.attempts.values_mut() {
            held.cursor = None;
            held.sent = 1;
            held.is_end_sent = false;
        }
    }

    /// Sends on the current stream, once welcomed there.
    fn send(&mut self, message: FromWorker) {
        if let (Some(stream), Some(_)) = (self.stream, self.session) {
            self.out.push(Output::Send { stream, message });
        }
    }

    fn note(&mut self, text: String) {
        self.out.push(Output::Note(text));
    }

    fn beat(&mut self) {
        if self.session.is_none() || self.beat_due.is_some_and(|due| due > self.now) {
            return;
        }
        let n_running = u32::try_from(self.n_running()).unwrap_or(u32::MAX);
        let beat = FromWorker::Beat {
            stamp: self.now,
            idle_slots: self.config.slots.saturating_sub(n_running),
        };
        // The hello brought the first stamp.
        if self.beat_due.is_some() {
            self.send(beat);
        }
        self.beat_due = Some(self.now + self.config.beat);
    }

    fn set_wake(&mut self) {
        let alive = self.attempts.values().filter(|held| held.is_alive());
        let due = alive.map(|held| held.until).chain(self.beat_due).min();
        if let Some(due) = due.filter(|&due| self.woken_for != Some(due)) {
            self.woken_for = Some(due);
            self.out.push(Output::WakeAt(due));
        }
    }
}
