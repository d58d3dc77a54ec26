//! `POST /api/agents/execute`: an agent's answer in one piece. A token is optional, a bad one not.
//!
//! `simulate_delay_ms` makes the work take that long, so that a client can have several at once.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AGENTS, engine};
use crate::app::App;
use crate::auth::Identity;
use crate::messages::LONGEST;
use crate::store::runs::{self, NewRun};
use crate::web::{ApiError, Fields, JsonBody};
use crate::{Defect, clock};

/// The longest delay that can be asked for, in milliseconds.
const LONGEST_DELAY_MS: u64 = 10_000;

pub(super) async fn execute(
    State(app): State<App>,
    identity: Identity,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let user_id = match identity {
        Identity::Nobody => None,
        other => Some(other.caller()?.user_id),
    };
    let mut fields = Fields::of(&body);
    let agent = fields.text("type", 1..=50);
    let message = fields.text("message", 1..=LONGEST);
    fields.optional_object("context");
    let delay_ms = fields.optional_number("simulate_delay_ms", 0..=LONGEST_DELAY_MS);
    if !agent.is_empty() && !AGENTS.contains(&agent.as_str()) {
        fields.note(
            "type",
            &format!("must be one of {}", AGENTS.join(", ")),
            "value",
        );
    }
    let (agent, message) = fields.finish((agent, message))?;
    let began = Instant::now();
    let asked = worked_on(&app, &message, delay_ms.unwrap_or(0)).await;
    let answer = engine::work(&agent, &asked).answer;
    let run_id = format!("run_{}", Uuid::new_v4().simple());
    let started_ms = clock::now_ms();
    let row = NewRun {
        id: run_id.clone(),
        user_id,
        thread_id: None,
        agent: agent.clone(),
        prompt: message,
        started_ms,
    };
    app.store
        .run(move |db| {
            runs::insert(db, &row)?;
            runs::start(db, &row.id, row.started_ms)?;
            runs::end(db, &row.id, clock::now_ms())
        })
        .await?;
    Ok(Json(json!({
        "status": "success",
        "agent": agent,
        "run_id": run_id,
        "response": answer,
        "execution_time": began.elapsed().as_secs_f64(),
        "circuit_breaker_state": "closed",
    })))
}

/// The prompt that the agent works on, once the delay is over.
async fn worked_on(app: &App, message: &str, delay_ms: u64) -> String {
    let last = || {
        app.runs
            .last_prompt
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    };
    message.clone_into(&mut last());
    if delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        if app.has(Defect::MixesPrompts) {
            return last().clone();
        }
    }
    if app.has(Defect::CannedAnswer) {
        return "how are you?".to_owned();
    }
    message.to_owned()
}
