//! Runs over HTTP: `POST /api/agent/run_agent`, `POST /api/agents/start` and `/cancel`, and
//! `GET /api/agent/{run_id}/status`.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::AGENTS;
use super::runs::{Live, NewRun, begin, owned_run};
use crate::app::App;
use crate::auth::Caller;
use crate::messages::LONGEST;
use crate::store::runs::{self, Standing};
use crate::web::{ApiError, Fields, JsonBody};
use crate::{Defect, clock};

/// The longest time between two events of a run, in milliseconds.
pub(crate) const LONGEST_STEP_MS: u64 = 5_000;

type Answer = Result<Json<Value>, ApiError>;

/// Begins a run; it is pending when this is answered.
pub(super) async fn run(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut fields = Fields::of(&body);
    let agent = fields
        .optional_text("agent", 1..=50)
        .unwrap_or_else(|| AGENTS[0].into());
    if !AGENTS.contains(&agent.as_str()) {
        let message = format!("must be one of {}", AGENTS.join(", "));
        fields.note("agent", &message, "value");
    }
    let new = NewRun {
        agent,
        prompt: fields.text("message", 1..=LONGEST),
        thread_id: fields.optional_text("thread_id", 1..=100),
        cut_after: None,
        step: fields
            .optional_number("step_ms", 1..=LONGEST_STEP_MS)
            .map(Duration::from_millis),
        partials: fields.flag("partials"),
        paused: fields.flag("paused"),
    };
    let new = fields.finish(new)?;
    let agent = new.agent.clone();
    let run_id = begin(&app, &caller, new, None).await?;
    let begun = json!({ "run_id": run_id, "agent": agent, "status": "pending" });
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

/// What a caller may do to a run: how the store moves it, what its task is told, and why not.
struct Order {
    move_on: fn(&mut Connection, &str, i64) -> rusqlite::Result<bool>,
    token: fn(&Live) -> &CancellationToken,
    refused: &'static str,
}

/// Lets a paused run begin; 409 when it is not pending.
pub(super) async fn start(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Answer {
    let order = Order {
        move_on: runs::start,
        token: |live| &live.released,
        refused: "this run is not pending",
    };
    carry_out(&app, &caller, &body, order).await
}

/// Cancels a run; 409 when it is over.
pub(super) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Answer {
    let order = Order {
        move_on: runs::cancel,
        token: |live| &live.cancelled,
        refused: "this run is over",
    };
    carry_out(&app, &caller, &body, order).await
}

async fn carry_out(app: &App, caller: &Caller, body: &Value, order: Order) -> Answer {
    let run_id = named(app, caller, body).await?;
    let (row, now_ms) = (run_id.clone(), clock::now_ms());
    let write = move |db: &mut Connection| (order.move_on)(db, &row, now_ms);
    if !app.store.run(write).await? {
        return Err(ApiError::conflict(order.refused));
    }
    if let Some(live) = app.runs.live(&run_id) {
        (order.token)(&live).cancel();
    }
    standing(app, &run_id).await
}

/// What a run of the caller's has come to.
pub(super) async fn status(
    State(app): State<App>,
    caller: Caller,
    Path(run_id): Path<String>,
) -> Answer {
    let run_id = owned_run(&app, &caller, Some(run_id)).await?;
    standing(&app, &run_id).await
}

async fn named(app: &App, caller: &Caller, body: &Value) -> Result<String, ApiError> {
    let mut fields = Fields::of(body);
    let run_id = fields.text("run_id", 1..=100);
    let run_id = fields.finish(run_id)?;
    owned_run(app, caller, Some(run_id)).await
}

async fn standing(app: &App, run_id: &str) -> Answer {
    let wanted = run_id.to_owned();
    let found = app.store.run(move |db| runs::standing(db, &wanted)).await?;
    let found = found.ok_or_else(|| ApiError::not_found(format!("there is no run {run_id}")))?;
    let skips = app.has(Defect::StatusSkipsRunning);
    Ok(Json(shown(&found, skips)))
}

fn shown(run: &Standing, skips_running: bool) -> Value {
    let told = |status: &str| match status {
        "running" if skips_running => "completed".to_owned(),
        other => other.to_owned(),
    };
    let history: Vec<_> = run
        .states
        .iter()
        .map(|(status, at_ms)| json!({ "status": told(status), "at": clock::rfc3339(*at_ms) }))
        .collect();
    json!({
        "run_id": run.id,
        "agent": run.agent,
        "thread_id": run.thread_id,
        "status": told(&run.status),
        "history": history,
    })
}
