//! Slots, gates and stopping: which case starts when, and what happens when a lease ends.

use std::collections::BTreeMap;

use domain::record::CaseResult;
use domain::{CaseId, RunId};

use crate::worker::attempt::Unacked;
use crate::worker::input::CaseKey;
use crate::worker::output::Output;
use crate::worker::{Key, Worker};

impl Worker {
    /// Stops every attempt whose lease was not renewed in time.
    pub(super) fn expire(&mut self) {
        let expired: Vec<Key> = self
            .attempts
            .iter()
            .filter(|(_, held)| held.is_alive() && held.until <= self.now)
            .map(|(key, _)| key.clone())
            .collect();
        for key in expired {
            self.stop(&key, "the lease was not renewed in time");
        }
    }

    /// Starts nothing more of the attempt, aborts what runs, gives the rest back.
    pub(super) fn stop(&mut self, key: &Key, why: &str) {
        let Some(held) = self.attempts.get_mut(key).filter(|held| held.is_alive()) else {
            return;
        };
        held.stopped = Some(why.to_owned());
        held.released.extend(std::mem::take(&mut held.queued));
        held.aborting.append(&mut held.running);
        let (run, attempt) = key.clone();
        let aborting: Vec<CaseId> = held.aborting.iter().cloned().collect();
        let why = why.to_owned();
        self.out.push(Output::CloseGate {
            run: run.clone(),
            attempt,
            why: why.clone(),
        });
        for case in aborting {
            let key = CaseKey {
                run: run.clone(),
                attempt,
                case,
            };
            let why = why.clone();
            self.out.push(Output::Abort { key, why });
        }
    }

    pub(super) fn stop_all(&mut self, why: &str) {
        let keys: Vec<Key> = self.attempts.keys().cloned().collect();
        for key in keys {
            self.stop(&key, why);
        }
    }

    /// Fills idle slots: the run with the fewest cases running is next, and of one run the oldest
    /// lease; a full spool starts nothing.
    pub(super) fn start_cases(&mut self) {
        let slots = self.config.slots as usize;
        let mut idle = slots.saturating_sub(self.n_running());
        let spooled: usize = self.attempts.values().map(|held| held.bytes()).sum();
        if spooled >= self.config.spool_bytes {
            return;
        }
        while idle > 0
            && let Some(key) = self.next_attempt()
        {
            idle -= 1;
            self.start_one(key);
        }
    }

    fn next_attempt(&self) -> Option<Key> {
        let mut n_running = BTreeMap::<&RunId, usize>::new();
        for ((run, _), held) in &self.attempts {
            *n_running.entry(run).or_default() += held.running.len() + held.aborting.len();
        }
        let queued = self.attempts.iter();
        let queued = queued.filter(|(_, held)| !held.queued.is_empty());
        let next = queued.min_by_key(|((run, attempt), _)| {
            let n_running = n_running.get(run).copied().unwrap_or_default();
            (n_running, run.clone(), *attempt)
        });
        next.map(|(key, _)| key.clone())
    }

    fn start_one(&mut self, (run, attempt): Key) {
        let Some(held) = self.attempts.get_mut(&(run.clone(), attempt)) else {
            return;
        };
        let Some(case) = held.queued.pop_front() else {
            return;
        };
        held.running.insert(case.clone());
        let made_of = held.made_of.clone();
        self.out.push(Output::Start {
            key: CaseKey { run, attempt, case },
            made_of,
        });
    }

    pub(super) fn case_ended(&mut self, key: Key, result: Box<CaseResult>, record: Vec<u8>) {
        let Some(held) = self.attempts.get_mut(&key) else {
            return;
        };
        if held.aborting.remove(&result.case) {
            return self.drop_if_forgotten(&key);
        }
        if !held.running.remove(&result.case) {
            let (run, attempt) = &key;
            let case = &result.case;
            return self.note(format!(
                "case {case} of attempt {attempt} of run {run} ended and did not run"
            ));
        }
        let seq = held.next_seq;
        held.next_seq += 1;
        let unacked = Unacked::new(result.clone(), record.clone(), false);
        held.results.insert(seq, unacked);
        let (run, attempt): (RunId, _) = key;
        self.out.push(Output::Spool {
            run,
            attempt,
            seq,
            result,
            record,
        });
    }

    /// Nothing more of a forgotten attempt runs: its spool can go.
    pub(super) fn drop_if_forgotten(&mut self, key: &Key) {
        let held = self.attempts.get(key);
        if held.is_some_and(|held| held.is_forgotten && held.is_idle()) {
            self.attempts.remove(key);
            let (run, attempt) = key.clone();
            self.out.push(Output::Forget { run, attempt });
        }
    }

    pub(super) fn leave(&mut self, why: String) {
        if self.leaving.is_some() {
            return;
        }
        self.leaving = Some(why);
        for held in self.attempts.values_mut() {
            held.released.extend(std::mem::take(&mut held.queued));
        }
    }
}
