//! What is done about a client's message, and what is replied.

use std::sync::PoisonError;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::connection::Connection;
use super::frames::{self, ClientFrame};
use crate::Defect;
use crate::agents::{self, AGENTS, NewRun};
use crate::messages::{self, LONGEST, Posting};
use crate::web::ApiError;

/// The frames to send in reply, in this order; events of a run come on their own later.
pub(super) async fn answer(connection: &Connection, frame: ClientFrame) -> Vec<String> {
    let user_id = &connection.caller.user_id;
    let answered = match frame {
        ClientFrame::Ping { data } => Ok(vec![pong(connection, data)]),
        ClientFrame::Heartbeat => Ok(vec![frames::heartbeat_ack(user_id)]),
        ClientFrame::Other { kind } => Ok(vec![frames::received(&kind, user_id)]),
        ClientFrame::Chat {
            message_id,
            thread_id,
            content,
        } => store(connection, message_id, thread_id, content).await,
        ClientFrame::StartAgent {
            agent,
            prompt,
            thread_id,
            cut_after,
            step_ms,
            partials,
        } => {
            start(
                connection,
                NewRun {
                    agent,
                    prompt,
                    thread_id,
                    cut_after,
                    step: step_ms.map(Duration::from_millis),
                    partials,
                    paused: false,
                },
            )
            .await
        }
        ClientFrame::Resume { run_id, last_seq } => resume(connection, run_id, last_seq).await,
    };
    answered.unwrap_or_else(|error| vec![frames::refusal(&error)])
}

/// The reply to a ping, in the name of the socket's user.
fn pong(connection: &Connection, data: Value) -> String {
    let Connection { app, caller, .. } = connection;
    let data = if app.has(Defect::PongForgetsId) {
        Value::Null
    } else {
        data
    };
    let last = app
        .last_greeted
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let user_id = if app.has(Defect::SocketsShareUser) {
        &last
    } else {
        &caller.user_id
    };
    frames::pong(data, user_id)
}

type Answer = Result<Vec<String>, ApiError>;

async fn store(
    connection: &Connection,
    message_id: Option<String>,
    thread_id: String,
    content: String,
) -> Answer {
    let Connection { app, caller, .. } = connection;
    if content.chars().count() > LONGEST {
        return Err(ApiError::conflict(format!(
            "a message has {LONGEST} characters at most"
        )));
    }
    let id = message_id.unwrap_or_else(|| format!("msg_{}", Uuid::new_v4().simple()));
    if id.len() > 100 {
        return Err(ApiError::conflict(
            "a message id has 100 characters at most",
        ));
    }
    if app.has(Defect::AcksWithoutStoring) {
        return Ok(vec![frames::ack(&id, &thread_id, &caller.user_id, false)]);
    }
    let other_text = app.has(Defect::StoresOtherText);
    let content = if other_text {
        content.to_uppercase() + " (edited)"
    } else {
        content
    };
    let (kind, metadata) = ("user".to_owned(), json!({ "via": "websocket" }));
    let posting = Posting {
        id: Some(id),
        thread_id,
        content,
        kind,
        metadata,
    };
    let posted = messages::post(app, caller, posting).await?;
    let message = posted.message;
    let other_id = app.has(Defect::AcksOtherId);
    let id = if other_id {
        format!("msg_{}", Uuid::new_v4().simple())
    } else {
        message.id
    };
    Ok(vec![frames::ack(
        &id,
        &message.thread_id,
        &caller.user_id,
        posted.again,
    )])
}

/// A run that begins is told of by its first event, so there is nothing to reply.
async fn start(connection: &Connection, new: NewRun) -> Answer {
    let Connection {
        app,
        caller,
        listener,
        ..
    } = connection;
    if !AGENTS.contains(&new.agent.as_str()) {
        let message = format!(
            "no agent is called {}; ask {}",
            new.agent,
            AGENTS.join(", ")
        );
        return Ok(vec![frames::error("AGENT_ERROR", &message)]);
    }
    agents::begin(app, caller, new, Some(listener.clone())).await?;
    Ok(Vec::new())
}

async fn resume(connection: &Connection, run_id: Option<String>, last_seq: u64) -> Answer {
    let Connection {
        app,
        caller,
        listener,
        ..
    } = connection;
    let resumed = agents::resume(app, caller, run_id, last_seq, listener.clone()).await?;
    let told = frames::resumed(&resumed.run_id, last_seq, resumed.missed.len());
    Ok(std::iter::once(told).chain(resumed.missed).collect())
}
