//! Follows a run to its end: folds its durable events, shows them, passes Ctrl-C on.
//!
//! A coordinator that goes away is waited for, because the run goes on without us: what was
//! acknowledged is in its log. The fold is the only state; the view and the report read it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::run::Run;
use domain::{Instant, Plan, RunId};
use lifecycle::{OnExit, Stop, Tasks, clock, signals};
use tokio::time::MissedTickBehavior;

use crate::client::{Batch, Broken, Client};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::view::View;

/// How long beyond the run's own deadline a silent coordinator is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(500);
/// How often a run that waits is asked what for.
const LOOK: Duration = Duration::from_secs(1);
/// Refusals in a row that are taken for a coordinator that is only just starting.
const REFUSALS: u32 = 60;

/// Ctrl-C as a wish: the first ends the run well, the second ends the process.
#[derive(Debug)]
pub(crate) struct Interrupt {
    stop: Stop,
    left: Arc<Mutex<Option<Left>>>,
    /// Owns the listener; dropping it lets go.
    _tasks: Tasks,
}

impl Interrupt {
    pub(crate) fn listen() -> Self {
        let stop = Stop::new();
        let mut tasks = Tasks::new();
        let left: Arc<Mutex<Option<Left>>> = Arc::default();
        let leaving = left.clone();
        let second = move |_: &str| {
            let left = leaving.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(left) = left.as_ref() {
                eprintln!("{}", left.words());
            }
            std::process::exit(ExitCode::Aborted.number().into());
        };
        tasks.spawn(
            "signals",
            OnExit::GoOn,
            signals::watch(stop.clone(), second),
        );
        Self {
            stop,
            left,
            _tasks: tasks,
        }
    }

    /// From now on a second Ctrl-C leaves this run behind on a grid, and says so.
    pub(crate) fn leaves_behind(&self, run: &RunId, grid: &str) {
        self.set_left(Some(Left {
            run: run.clone(),
            grid: grid.to_owned(),
            was_asked: false,
        }));
    }

    pub(crate) fn leaves_nothing(&self) {
        self.set_left(None);
    }

    fn was_asked(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = left.as_mut() {
            left.was_asked = true;
        }
    }

    /// Whether the run is on a grid that outlives this process.
    fn is_on_grid(&self) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.is_some()
    }

    fn set_left(&self, to: Option<Left>) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }
}

/// A run that goes on when this process ends.
#[derive(Debug)]
struct Left {
    run: RunId,
    grid: String,
    /// Its coordinator took the wish that it may end.
    was_asked: bool,
}

impl Left {
    fn words(&self) -> String {
        let Self { run, grid, .. } = self;
        if self.was_asked {
            format!(
                "left; run {run} was asked to end and ends on the grid without us: `muster runs \
                 --grid {grid}` shows its verdict"
            )
        } else {
            format!(
                "left; the coordinator could not be asked, so run {run} goes on: `muster cancel \
                 {run} --grid {grid}` ends it"
            )
        }
    }
}

struct Follower<'a> {
    client: &'a mut Client,
    id: RunId,
    run: Run,
    view: &'a mut View,
    interrupt: &'a Interrupt,
    /// Position of the next event wanted.
    position: u64,
    is_cancelled: bool,
    is_away: bool,
    /// That the run can't be cancelled for now.
    is_told: bool,
    /// What it was last said to wait for, and when: its own time has not begun then.
    waits: Option<(String, Instant)>,
}

/// Follows a submitted run until it has its verdict.
pub(crate) async fn follow(
    client: &mut Client,
    plan: Plan,
    view: &mut View,
    interrupt: &Interrupt,
) -> Result<(), Error> {
    let give_up = plan.deadline + PATIENCE;
    let mut follower = Follower {
        client,
        id: plan.run.clone(),
        run: Run::new(plan),
        view,
        interrupt,
        position: 0,
        is_cancelled: false,
        is_away: false,
        is_told: false,
        waits: None,
    };
    let begun = clock::now();
    let mut n_refused = 0;
    while !follower.run.is_ended() {
        match follower.stream().await {
            Ok(()) => n_refused = 0,
            Err(Broken::Refused(error)) => {
                n_refused += 1;
                if n_refused > REFUSALS {
                    return Err(error);
                }
            }
            Err(Broken::For(error)) => return Err(error),
            Err(Broken::Away(why)) => {
                let begun = follower.waits.as_ref().map_or(begun, |(_, at)| *at);
                if clock::now().since(begun) > give_up {
                    return Err(lost_sight(&follower.id, &why));
                }
                follower.is_away(&why);
            }
        }
        if !follower.run.is_ended() {
            tokio::time::sleep(RETRY).await;
        }
    }
    Ok(())
}

impl Follower<'_> {
    /// Reads one stream of events to its end.
    async fn stream(&mut self) -> Result<(), Broken> {
        let interrupt = self.interrupt;
        let stop = interrupt.stop();
        let mut events = self.client.follow(&self.id, self.position).await?;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What goes at once is not said to wait.
        looks.reset();
        loop {
            tokio::select! {
                _ = looks.tick(), if self.position == 0 => self.look().await,
                batch = events.next() => match batch? {
                    Some(batch) => self.take(batch)?,
                    None => return Ok(()),
                },
                () = stop.cancelled(), if !self.is_cancelled => self.cancel().await?,
            }
        }
    }

    /// Says what the run waits for, when it is news.
    async fn look(&mut self) {
        let Some(text) = self.client.waits(&self.id).await else {
            return;
        };
        let before = self.waits.replace((text.clone(), clock::now()));
        if before.is_none_or(|(before, _)| before != text) {
            self.view.note(&format!("run {} {text}", self.id));
        }
    }

    fn is_away(&mut self, why: &str) {
        tracing::debug!(why, "the stream of events ended early");
        if !self.is_away {
            self.view
                .note("the coordinator is away; waiting for it, the run goes on meanwhile");
        }
        self.is_away = true;
        let cannot_ask = self.interrupt.stop().is_cancelled() && !self.is_cancelled;
        if cannot_ask && !std::mem::replace(&mut self.is_told, true) {
            self.view.note(
                "it can't be asked to end the run before it is back; press Ctrl-C again to leave",
            );
        }
    }

    fn take(&mut self, batch: Batch) -> Result<(), Broken> {
        if std::mem::take(&mut self.is_away) {
            self.view.note("the coordinator is back");
        }
        let illegal = |error| {
            Broken::For(Error::unexpected(
                "follow the run, its log is broken",
                error,
            ))
        };
        let known = self.position.saturating_sub(batch.position);
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        for event in batch.events.iter().skip(known) {
            self.run
                .apply(event)
                .map_err(|error| illegal(error.to_string()))?;
            self.position += 1;
            self.view.seen(&self.run, event);
        }
        self.run.observe_elapsed(batch.elapsed);
        Ok(())
    }

    async fn cancel(&mut self) -> Result<(), Broken> {
        let asked = self.client.cancel(&self.id, "ctrl-c").await;
        asked.map_err(|error| Broken::Away(error.to_string()))?;
        self.is_cancelled = true;
        self.interrupt.was_asked();
        self.view.note(if self.interrupt.is_on_grid() {
            "the run is ending, for everybody who follows it; press Ctrl-C again to leave before \
             its end"
        } else {
            "ending the run; press Ctrl-C again to leave at once"
        });
        Ok(())
    }
}

fn lost_sight(run: &RunId, why: &str) -> Error {
    Error::NotProven(format!(
        "the coordinator did not come back ({why}), so run {run} has no verdict here; ask for it \
         later with `muster runs --grid`"
    ))
}
