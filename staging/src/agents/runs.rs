//! The runs: begun over WebSocket or HTTP, carried out by a task each, resumed by their owner.
//!
//! `carrying` is the task of one run. Runs in memory hear live and can be cancelled; older ones
//! are replayed from the store. `control` starts, cancels and shows them over HTTP.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::carrying::{self, Carried};
use super::engine;
use super::events::{self, Ids};
use super::line::{Line, Listener, ReplayFault};
use crate::app::App;
use crate::auth::Caller;
use crate::store::{runs, threads};
use crate::threads::{fresh, owned};
use crate::web::ApiError;
use crate::{Defect, clock, telemetry};

/// Runs that are kept in memory.
const KEPT: usize = 4_096;

/// The runs that can be heard live.
#[derive(Default)]
pub(crate) struct Runs {
    kept: Mutex<Kept>,
    /// The prompt that was executed last, for the defect that mixes them up.
    pub(super) last_prompt: Mutex<String>,
}

#[derive(Default)]
struct Kept {
    live: HashMap<String, Arc<Live>>,
    order: VecDeque<String>,
}

/// A run in memory.
pub(super) struct Live {
    pub(super) line: Mutex<Line>,
    /// Its task may begin the work.
    pub(super) released: CancellationToken,
    pub(super) cancelled: CancellationToken,
}

impl Runs {
    fn add(&self, run_id: &str, live: Arc<Live>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.order.len() >= KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.live.remove(&oldest);
        }
        kept.live.insert(run_id.to_owned(), live);
        kept.order.push_back(run_id.to_owned());
    }

    pub(super) fn live(&self, run_id: &str) -> Option<Arc<Live>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.live.get(run_id).cloned()
    }
}

/// A run that a client asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewRun {
    pub(crate) agent: String,
    pub(crate) prompt: String,
    /// A new thread when left out.
    pub(crate) thread_id: Option<String>,
    /// The connection is cut off after the first event of this kind.
    pub(crate) cut_after: Option<String>,
    /// The time between two events, if not the platform's own.
    pub(crate) step: Option<Duration>,
    /// Whether the answer is also told in parts before the end.
    pub(crate) partials: bool,
    /// Whether it stays pending until it is started.
    pub(crate) paused: bool,
}

/// Begins a run; its events go to the listener.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    new: NewRun,
    listener: Option<Listener>,
) -> Result<String, ApiError> {
    let ids = Ids {
        run_id: format!("run_{}", Uuid::new_v4().simple()),
        thread_id: thread_for(app, caller, &new).await?,
        user_id: caller.user_id.clone(),
        agent: new.agent.clone(),
    };
    let began_ms = clock::now_ms();
    let row = runs::NewRun {
        id: ids.run_id.clone(),
        user_id: Some(ids.user_id.clone()),
        thread_id: Some(ids.thread_id.clone()),
        agent: ids.agent.clone(),
        prompt: new.prompt.clone(),
        started_ms: began_ms,
    };
    app.store.run(move |db| runs::insert(db, &row)).await?;
    let live = Arc::new(Live {
        line: Mutex::new(Line::new(listener, new.cut_after.clone())),
        released: CancellationToken::new(),
        cancelled: CancellationToken::new(),
    });
    app.runs.add(&ids.run_id, Arc::clone(&live));
    let run_id = ids.run_id.clone();
    spawn(app, &new, ids, began_ms, live);
    Ok(run_id)
}

fn spawn(app: &App, new: &NewRun, ids: Ids, began_ms: i64, live: Arc<Live>) {
    let work = engine::work(&ids.agent, &new.prompt);
    let planned = events::plan(&ids, &new.prompt, &work, new.partials, &app.switches);
    let carried = Carried {
        app: app.clone(),
        ids,
        began_ms,
        answer: work.answer,
        pace: new.step.unwrap_or(app.config.event_pace),
        paused: new.paused,
        live,
    };
    let stop = app.stop.clone();
    let work = telemetry::carried(carrying::carry_out(carried, planned));
    app.tasks
        .spawn(async move { stop.run_until_cancelled(work).await });
}

async fn thread_for(app: &App, caller: &Caller, new: &NewRun) -> Result<String, ApiError> {
    if let Some(id) = &new.thread_id {
        return Ok(owned(app, caller, id).await?.id);
    }
    let thread = fresh(&caller.user_id, format!("{} run", new.agent), "{}".into());
    let id = thread.id.clone();
    app.store
        .run(move |db| threads::insert(db, &thread))
        .await?;
    Ok(id)
}

/// A run that is heard again.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(crate) run_id: String,
    /// The frames that were missed, to be sent before anything else of this run.
    pub(crate) missed: Vec<String>,
}

/// Gives the listener what its user missed of a run, and the rest live.
///
/// Without a run id it is the user's latest run.
pub(crate) async fn resume(
    app: &App,
    caller: &Caller,
    run_id: Option<String>,
    last_seq: u64,
    listener: Listener,
) -> Result<Resumed, ApiError> {
    let run_id = owned_run(app, caller, run_id).await?;
    if let Some(live) = app.runs.live(&run_id) {
        let mut line = live.line.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = line.attach(listener, last_seq, replay_fault(app));
        return Ok(Resumed { run_id, missed });
    }
    let wanted = run_id.clone();
    let events = app
        .store
        .run(move |db| runs::events_after(db, &wanted, last_seq))
        .await?;
    let missed = events.into_iter().map(|event| event.frame).collect();
    Ok(Resumed { run_id, missed })
}

/// The run's id if it is the caller's; the caller's latest when none is named.
pub(super) async fn owned_run(
    app: &App,
    caller: &Caller,
    run_id: Option<String>,
) -> Result<String, ApiError> {
    let user_id = caller.user_id.clone();
    let Some(run_id) = run_id else {
        let latest = app.store.run(move |db| runs::latest(db, &user_id)).await?;
        return latest.ok_or_else(|| ApiError::not_found("there is no run to resume"));
    };
    let wanted = run_id.clone();
    match app.store.run(move |db| runs::owner(db, &wanted)).await? {
        Some(owner) if owner == user_id => Ok(run_id),
        Some(_) => Err(ApiError::not_yours("run")),
        None => Err(ApiError::not_found(format!("there is no run {run_id}"))),
    }
}

fn replay_fault(app: &App) -> Option<ReplayFault> {
    if app.has(Defect::ReplaySkipsOne) {
        Some(ReplayFault::SkipsOne)
    } else if app.has(Defect::ReplayDoublesOne) {
        Some(ReplayFault::DoublesOne)
    } else if app.has(Defect::ReplayStartsOver) {
        Some(ReplayFault::StartsOver)
    } else {
        None
    }
}
