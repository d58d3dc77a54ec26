//! The last of the stops: a thread that ends the process when the worker does not obey its leases.
//!
//! It waits for nothing but its own timer, and counts its own turns instead of reading a clock, so
//! that a paused or suspended process is not taken for a hung one. It decides nothing else: what
//! was not delivered waits in the spool, and the coordinator leases the cases again.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use accounting::worker::CaseKey;

/// How often it looks, and how many looks something may be overdue. A stopped case has a few
/// seconds, and a turn of a loop takes milliseconds.
const TURN: Duration = Duration::from_secs(1);
const PATIENCE: u32 = 60;

/// What has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The loop that holds leases and closes gates.
    Leases,
    /// The runtime that executes cases.
    Cases,
}

#[derive(Debug, Default)]
struct Overdue {
    parts: BTreeMap<Part, u32>,
    /// Cases that were told to stop and have not ended.
    stopped: BTreeMap<CaseKey, u32>,
}

/// Where those who are watched report; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched(Arc<Mutex<Overdue>>);

impl Watched {
    fn overdue(&self) -> MutexGuard<'_, Overdue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports for a part as long as its runtime turns.
    pub(crate) async fn keep(self, part: Part, every: Duration) {
        loop {
            self.overdue().parts.insert(part, 0);
            tokio::time::sleep(every).await;
        }
    }

    pub(crate) fn stopped(&self, key: CaseKey) {
        self.overdue().stopped.insert(key, 0);
    }

    pub(crate) fn ended(&self, key: &CaseKey) {
        self.overdue().stopped.remove(key);
    }

    /// One turn: what has been overdue for too long, as a sentence.
    fn turn(&self, patience: u32) -> Option<String> {
        let mut overdue = self.overdue();
        let Overdue { parts, stopped } = &mut *overdue;
        for turns in parts.values_mut().chain(stopped.values_mut()) {
            *turns += 1;
        }
        let hung = parts.iter().find(|(_, turns)| **turns > patience);
        let hung = hung.map(|(part, _)| match part {
            Part::Leases => "the loop that holds its leases stands still".to_owned(),
            Part::Cases => "the runtime that executes its cases stands still".to_owned(),
        });
        let running = stopped.iter().find(|(_, turns)| **turns > patience);
        hung.or_else(|| {
            let (CaseKey { run, attempt, case }, _) = running?;
            Some(format!(
                "case {case} of attempt {attempt} of run {run} was told to stop and still runs"
            ))
        })
    }
}

/// Held as long as there is something to watch; the thread ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    pub(crate) fn start(watched: Watched, worker: String) -> io::Result<Self> {
        Self::with(watched, (TURN, PATIENCE), move |why| {
            eprintln!(
                "muster: worker {worker} ends at once: {why}. What it has not delivered waits in its spool; start it again. This is a defect of muster"
            );
            std::process::abort();
        })
    }

    fn with(
        watched: Watched,
        (turn, patience): (Duration, u32),
        act: impl Fn(&str) + Send + 'static,
    ) -> io::Result<Self> {
        let (alive, dropped) = channel::<()>();
        thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || {
                while dropped.recv_timeout(turn) == Err(RecvTimeoutError::Timeout) {
                    if let Some(why) = watched.turn(patience) {
                        return act(&why);
                    }
                }
            })?;
        Ok(Self { _alive: alive })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> CaseKey {
        CaseKey {
            run: "run".into(),
            attempt: domain::AttemptId(7),
            case: "suite::test@any".into(),
        }
    }

    const FAST: (Duration, u32) = (Duration::from_millis(5), 20);
    const EVERY: Duration = Duration::from_millis(1);

    /// A watchdog that says what it would end the process for.
    fn watch(watched: &Watched) -> (Watchdog, std::sync::mpsc::Receiver<String>) {
        let (say, said) = channel();
        let act = move |why: &str| say.send(why.to_owned()).unwrap();
        (Watchdog::with(watched.clone(), FAST, act).unwrap(), said)
    }

    #[test]
    fn a_runtime_kept_busy_without_end_is_noticed() {
        let watched = Watched::default();
        let (_watchdog, said) = watch(&watched);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let why = runtime.block_on(async {
            let mut keep = tokio::task::JoinSet::new();
            keep.spawn(watched.keep(Part::Cases, EVERY));
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(said.try_recv().is_err(), "it turned");
            // From here on nothing else runs on this runtime.
            said.recv().unwrap()
        });
        assert!(why.contains("executes its cases"), "{why}");
    }

    #[test]
    fn a_case_that_goes_on_after_its_lease_is_noticed() {
        let watched = Watched::default();
        watched.stopped(key());
        let (_watchdog, said) = watch(&watched);
        let why = said.recv().unwrap();
        assert!(why.contains("suite::test@any"), "{why}");
    }

    #[test]
    fn a_case_that_ends_is_not_waited_for_and_the_thread_ends_with_its_handle() {
        let watched = Watched::default();
        watched.stopped(key());
        watched.ended(&key());
        let (watchdog, said) = watch(&watched);
        let long = Duration::from_millis(300);
        assert_eq!(said.recv_timeout(long), Err(RecvTimeoutError::Timeout));
        watched.stopped(key());
        drop(watchdog);
        assert_eq!(said.recv(), Err(std::sync::mpsc::RecvError));
    }
}
