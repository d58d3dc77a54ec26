//! `POST /api/agents/execute`: an agent's answer in one piece. A token is optional, a bad one not.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AGENTS, engine};
use crate::app::App;
use crate::auth::Identity;
use crate::clock;
use crate::messages::LONGEST;
use crate::store::runs::{self, NewRun};
use crate::web::{ApiError, Fields, JsonBody};

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
    if !agent.is_empty() && !AGENTS.contains(&agent.as_str()) {
        fields.note(
            "type",
            &format!("must be one of {}", AGENTS.join(", ")),
            "value",
        );
    }
    let (agent, message) = fields.finish((agent, message))?;
    let began = Instant::now();
    let answer = engine::work(&agent, &message).answer;
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
