//! Where observations go to, or come from: a try that runs, or a recording that is judged again.
//!
//! The interpreter asks for every observation here. Live, the network is asked and the answer is
//! recorded; in a replay the recorded answer is given back, and where the recording has none the
//! place was never reached: its future stays pending, as it was left when the try ended. So both
//! ways run the same code, and what was decided from a recording is decided again alike.

mod clock;
mod kept;
mod news;
mod ready;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::case::Watch;
use crate::recording::{Moment, Observation, Place, Recording, Seen};
use crate::seed::Seed;
use crate::socket::{Entry, Log};
use crate::trace::Spans;
use crate::transport::Transport;
pub(crate) use clock::{Cancel, Clock};
pub(crate) use kept::Kept;
pub(crate) use news::Known;
pub(crate) use ready::run_ready;

/// The source of observations.
#[derive(Debug)]
pub(crate) enum Tape {
    Live(Box<Live>),
    Replay(Replay),
}

/// A try that runs.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) clock: Clock,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) spans: Spans,
    /// Tasks of the try's sockets; they end with it.
    pub(crate) tasks: Mutex<JoinSet<()>>,
    /// Somebody who is told of each step.
    pub(crate) watch: Option<Watch>,
    cancel: Cancel,
    seed: Seed,
    current: Mutex<Arc<str>>,
    observations: Mutex<Vec<Observation>>,
    kept: Kept,
    logs: Mutex<Vec<(Arc<str>, Arc<Log>)>>,
}

/// A try that is judged again.
#[derive(Debug)]
pub(crate) struct Replay {
    seen: Mutex<HashMap<Arc<str>, VecDeque<Seen>>>,
    logs: HashMap<Arc<str>, Arc<Log>>,
    what_if: Option<WhatIf>,
}

/// What is known of a walk over a recording that was altered.
#[derive(Debug, Default)]
struct WhatIf {
    /// Something else would have been sent than was, and nobody knows its answer.
    diverged: AtomicBool,
}

impl Live {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        spans: Spans,
        seed: Seed,
        cancel: Cancel,
    ) -> Self {
        Self {
            clock: Clock::start(),
            transport,
            spans,
            tasks: Mutex::new(JoinSet::new()),
            watch: None,
            cancel,
            seed,
            current: Mutex::new(Arc::from("")),
            observations: Mutex::new(Vec::new()),
            kept: Kept::default(),
            logs: Mutex::new(Vec::new()),
        }
    }

    fn current(&self) -> Arc<str> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn record(&self, place: Place, seen: Seen) {
        let mut observations = self
            .observations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        observations.push(Observation { place, seen });
    }

    /// The clock and the logs as they are now, not recorded.
    pub(crate) fn moment(&self) -> Moment {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let logs = logs
            .iter()
            .map(|(path, log)| (path.clone(), log.len()))
            .collect();
        Moment {
            at_ms: self.clock.at_ms(),
            now_ms: self.clock.now_ms(),
            logs,
        }
    }

    /// Counts memory of answers that are kept; whether there is still room for them.
    pub(crate) fn keeps(&self, weight: usize) -> bool {
        self.kept.has_room(weight)
    }

    /// Runs a task that ends with the try.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(task);
    }

    /// All that was observed; nothing is recorded after this.
    pub(crate) fn finish(&self) -> Recording {
        let mut observations = self
            .observations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = |log: &Arc<Log>| log.range(0, usize::MAX);
        Recording {
            seed: self.seed,
            started_at_ms: self.clock.started_at_ms,
            observations: std::mem::take(&mut observations),
            sockets: logs
                .iter()
                .map(|(path, log)| (path.clone(), entries(log)))
                .collect(),
        }
    }
}

impl Replay {
    pub(crate) fn new(recording: &Recording) -> Self {
        let seen =
            |observation: &Observation| (observation.place.path.clone(), observation.seen.clone());
        Self::of(
            recording.observations.iter().map(seen),
            recording.sockets.iter().cloned(),
        )
    }

    /// A walk over what might have been observed: where it sends something else than was sent, or
    /// asks for what was never observed, it goes no further, and what is around it ends as if its
    /// time were over.
    pub(crate) fn what_if(
        seen: impl Iterator<Item = (Arc<str>, Seen)>,
        logs: impl Iterator<Item = (Arc<str>, Vec<Entry>)>,
    ) -> Self {
        Self {
            what_if: Some(WhatIf::default()),
            ..Self::of(seen, logs)
        }
    }

    fn of(
        observations: impl Iterator<Item = (Arc<str>, Seen)>,
        logs: impl Iterator<Item = (Arc<str>, Vec<Entry>)>,
    ) -> Self {
        let mut seen: HashMap<Arc<str>, VecDeque<Seen>> = HashMap::new();
        for (path, one) in observations {
            seen.entry(path).or_default().push_back(one);
        }
        let logs = logs
            .map(|(path, entries)| (path, Arc::new(Log::of(entries))))
            .collect();
        Self {
            seen: Mutex::new(seen),
            logs,
            what_if: None,
        }
    }

    fn next(&self, path: &str) -> Option<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(path)?
            .pop_front()
    }

    fn next_is(&self, path: &str, wanted: fn(&Seen) -> bool) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(path) {
            Some(queue) if queue.front().is_some_and(wanted) => queue.pop_front().is_some(),
            _ => false,
        }
    }
}

impl Tape {
    pub(crate) fn live(&self) -> Option<&Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Replay(_) => None,
        }
    }

    /// Whether this walk is over an altered recording: nobody reads the texts of its judgement.
    pub(crate) fn is_what_if(&self) -> bool {
        matches!(self, Self::Replay(replay) if replay.what_if.is_some())
    }

    /// Whether something was to be sent that differs from what was recorded.
    pub(crate) fn has_diverged(&self) -> bool {
        match self {
            Self::Replay(Replay {
                what_if: Some(what_if),
                ..
            }) => what_if.diverged.load(Ordering::Relaxed),
            _ => false,
        }
    }

    /// Goes on only if what is to be sent is what was sent when this was recorded; the answer to
    /// anything else is not guessed.
    pub(crate) async fn sends_alike(&self, is_alike: impl FnOnce() -> bool) {
        if let Self::Replay(Replay {
            what_if: Some(what_if),
            ..
        }) = self
            && !is_alike()
        {
            what_if.diverged.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
    }

    /// The observation at `place`: made by `live`, which is never polled in a replay, or recorded.
    pub(crate) async fn observe(&self, place: &Place, live: impl Future<Output = Seen>) -> Seen {
        match self {
            Self::Live(tape) => {
                let seen = live.await;
                tape.record(place.clone(), seen.clone());
                seen
            }
            Self::Replay(replay) => match replay.next(&place.path) {
                Some(seen) => seen,
                None => std::future::pending().await,
            },
        }
    }

    /// The clock and the logs' lengths as an evaluation at `place` sees them.
    pub(crate) async fn moment(&self, place: &Place) -> Arc<Moment> {
        let seen = match self {
            Self::Live(live) => {
                let seen = Seen::Moment(Arc::new(live.moment()));
                live.record(place.clone(), seen.clone());
                Some(seen)
            }
            Self::Replay(replay) => replay.next(&place.path),
        };
        match seen {
            Some(Seen::Moment(moment)) => moment,
            _ => std::future::pending().await,
        }
    }

    /// Waits until a time; a replay goes on at once.
    pub(crate) async fn pause(&self, place: &Place, until: Instant) {
        let slept = async {
            tokio::time::sleep_until(until).await;
            Seen::Passed
        };
        self.observe(place, slept).await;
    }

    /// Whether a thing that only the clock decides is so, recorded only when it is.
    pub(crate) fn is_due(&self, place: &Place, live: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Live(tape) => {
                let is_due = live();
                if is_due {
                    tape.record(place.clone(), Seen::RefreshDue);
                }
                is_due
            }
            Self::Replay(replay) => {
                replay.next_is(&place.path, |seen| matches!(seen, Seen::RefreshDue))
            }
        }
    }

    /// `inner` within its time; `Err` with the path of the step that ran when the time was over.
    pub(crate) async fn within<T>(
        &self,
        place: &Place,
        deadline: Instant,
        inner: impl Future<Output = T>,
    ) -> Result<T, Arc<str>> {
        let place = Place {
            path: format!("{}.within", place.path).into(),
            ..place.clone()
        };
        match self {
            Self::Live(tape) => match timeout_at(deadline, inner).await {
                Ok(done) => Ok(done),
                Err(_) => {
                    let during = tape.current();
                    tape.record(
                        place,
                        Seen::Expired {
                            during: during.clone(),
                        },
                    );
                    Err(during)
                }
            },
            Self::Replay(replay) => {
                let mut inner = pin!(inner);
                match (run_ready(inner.as_mut()), replay.next(&place.path)) {
                    (Some(done), _) => Ok(done),
                    (None, Some(Seen::Expired { during })) => Err(during),
                    (None, _) if replay.what_if.is_some() => {
                        Err(Arc::from("what was not recorded"))
                    }
                    (None, _) => std::future::pending().await,
                }
            }
        }
    }

    /// `inner`, unless the worker ends the try first; `Err` says why.
    pub(crate) async fn uncancelled<T>(
        &self,
        place: &Place,
        inner: impl Future<Output = T>,
    ) -> Result<T, Arc<str>> {
        let place = Place {
            path: format!("{}.cancelled", place.path).into(),
            ..place.clone()
        };
        match self {
            Self::Live(tape) => tokio::select! {
                biased;
                done = inner => Ok(done),
                why = tape.cancel.cancelled() => {
                    let why: Arc<str> = why.into();
                    tape.record(place, Seen::Cancelled { why: why.clone() });
                    Err(why)
                }
            },
            Self::Replay(replay) => {
                let mut inner = pin!(inner);
                match (run_ready(inner.as_mut()), replay.next(&place.path)) {
                    (Some(done), _) => Ok(done),
                    (None, Some(Seen::Cancelled { why })) => Err(why),
                    (None, _) => std::future::pending().await,
                }
            }
        }
    }

    /// Says which step runs now, for the message of a time that passes.
    pub(crate) fn enter(&self, path: &Arc<str>) {
        if let Self::Live(tape) = self {
            *tape.current.lock().unwrap_or_else(PoisonError::into_inner) = path.clone();
        }
    }

    /// A new log for the socket opened at `path`, or the recorded one.
    pub(crate) fn log(&self, path: &Arc<str>) -> Arc<Log> {
        match self {
            Self::Live(tape) => {
                let log = Arc::new(Log::new(tape.kept.clone()));
                let mut logs = tape.logs.lock().unwrap_or_else(PoisonError::into_inner);
                logs.push((path.clone(), log.clone()));
                log
            }
            Self::Replay(replay) => replay
                .logs
                .get(path)
                .cloned()
                .unwrap_or_else(|| Arc::new(Log::of(Vec::new()))),
        }
    }
}
