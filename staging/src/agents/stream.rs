//! `POST /api/agent/stream`: an agent's answer in chunks, as server-sent events.
//!
//! `start`, then one `delta` per chunk, then `end` with the SHA-256 of the whole text. The chunks
//! leave one by one, `Config::chunk_pace` apart. The stream ends early when the platform stops.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AGENTS, engine};
use crate::app::App;
use crate::auth::Caller;
use crate::messages::LONGEST;
use crate::web::{ApiError, Fields, JsonBody};
use crate::{Defect, clock};

/// Chunks of an answer.
const PIECES: usize = 16;

pub(super) async fn stream(
    State(app): State<App>,
    _caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let mut fields = Fields::of(&body);
    let message = fields.text("message", 1..=LONGEST);
    let agent = fields
        .optional_text("agent", 1..=50)
        .unwrap_or_else(|| AGENTS[0].into());
    if !AGENTS.contains(&agent.as_str()) {
        fields.note(
            "agent",
            &format!("must be one of {}", AGENTS.join(", ")),
            "value",
        );
    }
    let (message, agent) = fields.finish((message, agent))?;
    let asked = if app.has(Defect::IgnoresPrompt) {
        "what is new?"
    } else {
        message.as_str()
    };
    let script = script(&app, &engine::work(&agent, asked).answer);
    Ok(Sse::new(played(app, script)))
}

/// An event and how long to wait before it leaves.
type Cue = (Duration, Value);

fn script(app: &App, text: &str) -> Vec<Cue> {
    let run_id = format!("run_{}", Uuid::new_v4().simple());
    let mut deltas: Vec<_> = engine::pieces(text, PIECES)
        .into_iter()
        .enumerate()
        .collect();
    let count = deltas.len();
    if app.has(Defect::DropsChunk) {
        deltas.remove(count / 2);
    }
    let pace = app.config.chunk_pace;
    let mut script = vec![(Duration::ZERO, json!({ "type": "start", "run_id": run_id }))];
    script.extend(deltas.into_iter().map(|(index, piece)| {
        (
            pace,
            json!({ "type": "delta", "index": index, "delta": piece }),
        )
    }));
    let end = json!({
        "type": "end", "run_id": run_id, "chunks": count, "sha256": engine::digest(text),
    });
    script.push((pace, end));
    if app.has(Defect::BuffersStream) {
        at_once(script)
    } else {
        script
    }
}

/// The same events, all of them when the last one would have left.
fn at_once(mut script: Vec<Cue>) -> Vec<Cue> {
    let whole = script.iter().map(|(wait, _)| *wait).sum();
    script.iter_mut().for_each(|cue| cue.0 = Duration::ZERO);
    if let Some(first) = script.first_mut() {
        first.0 = whole;
    }
    script
}

fn played(app: App, script: Vec<Cue>) -> impl Stream<Item = Result<Event, Infallible>> {
    let cues = script.into_iter();
    stream::unfold((app, cues), |(app, mut cues)| async move {
        let (wait, mut data) = cues.next()?;
        if !wait.is_zero() {
            app.stop
                .run_until_cancelled(tokio::time::sleep(wait))
                .await?;
        }
        data["timestamp"] = json!(clock::now_text());
        let name = data["type"].as_str().unwrap_or("message").to_owned();
        let event = Event::default().event(name).data(data.to_string());
        Some((Ok(event), (app, cues)))
    })
}
