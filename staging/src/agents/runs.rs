//! The runs: begun over WebSocket, carried out by a task each, resumed by their owner.
//!
//! An event is stored before it is sent, so that a run can be resumed even by a platform that was
//! restarted. Runs in memory hear live; older ones are replayed from the store.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use uuid::Uuid;

use super::engine::{self, Work};
use super::events::{self, Ids, Planned};
use super::line::{Line, Listener, ReplayFault};
use crate::app::App;
use crate::auth::Caller;
use crate::store::messages::{self, Message};
use crate::store::runs::{self, StoredEvent};
use crate::store::{StoreError, threads};
use crate::threads::{fresh, owned};
use crate::web::ApiError;
use crate::{Defect, clock};

/// Runs that are kept in memory.
const KEPT: usize = 4_096;

/// The runs that can be heard live.
#[derive(Default)]
pub(crate) struct Runs {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: HashMap<String, Arc<Mutex<Line>>>,
    order: VecDeque<String>,
}

impl Runs {
    fn add(&self, run_id: &str, line: Arc<Mutex<Line>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.order.len() >= KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.lines.remove(&oldest);
        }
        kept.lines.insert(run_id.to_owned(), line);
        kept.order.push_back(run_id.to_owned());
    }

    fn line(&self, run_id: &str) -> Option<Arc<Mutex<Line>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lines.get(run_id).cloned()
    }
}

/// A run that a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    pub(crate) agent: String,
    pub(crate) prompt: String,
    /// A new thread when left out.
    pub(crate) thread_id: Option<String>,
    /// The connection is cut off after the first event of this kind.
    pub(crate) cut_after: Option<String>,
}

/// Begins a run; its events go to the listener.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    new: NewRun,
    listener: Listener,
) -> Result<(), ApiError> {
    let thread_id = thread_for(app, caller, &new).await?;
    let run_id = format!("run_{}", Uuid::new_v4().simple());
    let user_id = caller.user_id.clone();
    let ids = Ids {
        run_id,
        thread_id,
        user_id,
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
    let line = Arc::new(Mutex::new(Line::new(listener, new.cut_after)));
    app.runs.add(&ids.run_id, Arc::clone(&line));
    let work = engine::work(&ids.agent, &new.prompt);
    let planned = events::plan(&ids, &new.prompt, &work, &app.switches);
    let (task_app, stop) = (app.clone(), app.stop.clone());
    let carried = async move { carry_out(&task_app, &ids, began_ms, planned, work, &line).await };
    app.tasks
        .spawn(async move { stop.run_until_cancelled(carried).await });
    Ok(())
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

async fn carry_out(
    app: &App,
    ids: &Ids,
    began_ms: i64,
    planned: Vec<Planned>,
    work: Work,
    line: &Mutex<Line>,
) {
    for (place, event) in planned.into_iter().enumerate() {
        if place > 0 {
            tokio::time::sleep(app.config.event_pace).await;
        }
        if event.kind == "agent_completed"
            && let Err(error) = keep_answer(app, ids, work.answer.clone()).await
        {
            tracing::warn!(%error, run = ids.run_id, "an answer was not stored");
        }
        let frame = events::frame(ids, &event, began_ms);
        let stored = StoredEvent {
            seq: event.seq,
            kind: event.kind.into(),
            frame,
        };
        let (run_id, row) = (ids.run_id.clone(), stored.clone());
        if let Err(error) = app
            .store
            .run(move |db| runs::append(db, &run_id, place, &row))
            .await
        {
            tracing::warn!(%error, run = ids.run_id, "an event was not stored");
        }
        line.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(stored);
    }
}

/// The answer is a message of the thread before anyone is told that the run is over.
async fn keep_answer(app: &App, ids: &Ids, answer: String) -> Result<(), StoreError> {
    let now_ms = clock::now_ms();
    let message = Message {
        id: format!("msg_{}", Uuid::new_v4().simple()),
        thread_id: ids.thread_id.clone(),
        user_id: ids.user_id.clone(),
        role: "assistant".into(),
        kind: "agent".into(),
        content: answer,
        metadata: json!({ "run_id": ids.run_id, "agent": ids.agent }).to_string(),
        created_ms: now_ms,
    };
    let run_id = ids.run_id.clone();
    app.store
        .run(move |db| {
            messages::insert(db, &message)?;
            runs::end(db, &run_id, now_ms)
        })
        .await
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
    if let Some(line) = app.runs.line(&run_id) {
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
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

async fn owned_run(app: &App, caller: &Caller, run_id: Option<String>) -> Result<String, ApiError> {
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
