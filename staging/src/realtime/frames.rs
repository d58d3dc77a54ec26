//! The messages of a socket: read strictly, written in one place. Pure but for the clock.
//!
//! Fields of a client's message may stand flat, under `payload` or under `data`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock;
use crate::web::ApiError;

/// The largest message taken, in bytes; a larger one is answered with an error.
pub(super) const LARGEST: usize = 8192;

/// A message from a client.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ClientFrame {
    Ping {
        data: Value,
    },
    Heartbeat,
    Chat {
        message_id: Option<String>,
        thread_id: String,
        content: String,
    },
    StartAgent {
        agent: String,
        prompt: String,
        thread_id: Option<String>,
        cut_after: Option<String>,
        step_ms: Option<u64>,
        partials: bool,
    },
    Resume {
        run_id: Option<String>,
        last_seq: u64,
    },
    /// A type that nothing is known about.
    Other {
        kind: String,
    },
}

/// The message that a text is, or the error frame to answer with.
pub(super) fn read(text: &str) -> Result<ClientFrame, String> {
    if text.len() > LARGEST {
        let message = format!(
            "a message may have {LARGEST} bytes at most, not {}",
            text.len()
        );
        return Err(error("FRAME_TOO_LARGE", &message));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|problem| error("FORMAT_ERROR", &format!("not JSON: {problem}")))?;
    let kind = value["type"]
        .as_str()
        .ok_or_else(|| error("FORMAT_ERROR", "a message is an object with a text `type`"))?;
    match kind {
        "ping" => Ok(ClientFrame::Ping {
            data: value["data"].clone(),
        }),
        "heartbeat" => Ok(ClientFrame::Heartbeat),
        "user_message" | "message" | "user" | "user_input" | "chat" => chat(&value),
        "start_agent" => start_agent(&value),
        "resume" => resume(&value),
        other => Ok(ClientFrame::Other {
            kind: other.to_owned(),
        }),
    }
}

fn chat(value: &Value) -> Result<ClientFrame, String> {
    Ok(ClientFrame::Chat {
        message_id: text(value, "message_id")?,
        thread_id: needed(value, "thread_id")?,
        content: needed(value, "content")?,
    })
}

fn start_agent(value: &Value) -> Result<ClientFrame, String> {
    Ok(ClientFrame::StartAgent {
        agent: text(value, "agent")?.unwrap_or_else(|| crate::agents::AGENTS[0].into()),
        prompt: needed(value, "prompt")?,
        thread_id: text(value, "thread_id")?,
        cut_after: text(value, "cut_after")?,
        step_ms: step_ms(value)?,
        partials: field(value, "partials").and_then(Value::as_bool) == Some(true),
    })
}

fn step_ms(value: &Value) -> Result<Option<u64>, String> {
    let Some(found) = field(value, "step_ms") else {
        return Ok(None);
    };
    let longest = crate::agents::LONGEST_STEP_MS;
    let number = found.as_u64().filter(|ms| (1..=longest).contains(ms));
    let message = format!("`step_ms` must be a whole number from 1 to {longest}");
    number
        .map(Some)
        .ok_or_else(|| error("VALIDATION_ERROR", &message))
}

fn resume(value: &Value) -> Result<ClientFrame, String> {
    let last_seq = match field(value, "last_seq") {
        None => 0,
        Some(number) => number
            .as_u64()
            .ok_or_else(|| error("VALIDATION_ERROR", "`last_seq` must be a whole number"))?,
    };
    Ok(ClientFrame::Resume {
        run_id: text(value, "run_id")?,
        last_seq,
    })
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    [&value["payload"], &value["data"], value]
        .into_iter()
        .find_map(|place| place.get(name))
        .filter(|found| !found.is_null())
}

fn text(value: &Value, name: &str) -> Result<Option<String>, String> {
    let Some(found) = field(value, name) else {
        return Ok(None);
    };
    match found.as_str() {
        Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
        _ => Err(error(
            "VALIDATION_ERROR",
            &format!("`{name}` must be a text"),
        )),
    }
}

fn needed(value: &Value, name: &str) -> Result<String, String> {
    text(value, name)?.ok_or_else(|| error("VALIDATION_ERROR", &format!("`{name}` is missing")))
}

/// The first frame of every connection.
pub(super) fn welcome(user_id: &str, session_id: &str, instance: &str) -> String {
    let short: String = user_id.chars().take(13).collect();
    let now_ms = clock::now_ms();
    let unique = Uuid::new_v4().simple().to_string();
    json!({
        "type": "system_message",
        "data": {
            "event": "connection_established",
            "connection_id": format!("ws_{short}_{now_ms}_{}", &unique[..8]),
            "user_id": user_id,
            "session_id": session_id,
            "server_time": clock::rfc3339(now_ms),
            "connection_ready": true,
            "environment": "staging",
            "startup_complete": true,
            "config": { "heartbeat_interval": 30, "max_message_size": LARGEST },
        },
        "timestamp": clock::rfc3339(now_ms),
        "server_id": instance,
    })
    .to_string()
}

/// The reply to a ping: the client's own data, and who is asking.
pub(super) fn pong(data: Value, user_id: &str) -> String {
    let mut data = if data.is_object() {
        data
    } else {
        json!({ "echo": data })
    };
    data["user_id"] = json!(user_id);
    data["timestamp"] = json!(clock::now_text());
    json!({ "type": "pong", "data": data, "timestamp": clock::now_text() }).to_string()
}

pub(super) fn heartbeat_ack(user_id: &str) -> String {
    json!({ "type": "heartbeat_ack", "user_id": user_id, "timestamp": clock::now_text() })
        .to_string()
}

/// The acknowledgement of a chat message.
pub(super) fn ack(message_id: &str, thread_id: &str, user_id: &str, again: bool) -> String {
    json!({
        "type": "ack",
        "message_id": message_id,
        "thread_id": thread_id,
        "user_id": user_id,
        "status": if again { "stored_before" } else { "stored" },
        "timestamp": clock::now_text(),
    })
    .to_string()
}

/// The acknowledgement of a message of an unknown type.
pub(super) fn received(kind: &str, user_id: &str) -> String {
    json!({
        "type": "ack",
        "received_type": kind,
        "user_id": user_id,
        "status": "acknowledged",
        "timestamp": clock::now_text(),
    })
    .to_string()
}

/// Said before a replay. The run stands under `data`, because this is no event of the run.
pub(super) fn resumed(run_id: &str, last_seq: u64, replayed: usize) -> String {
    json!({
        "type": "resumed",
        "data": { "run_id": run_id, "after_seq": last_seq, "replayed": replayed },
        "timestamp": clock::now_text(),
    })
    .to_string()
}

/// A refusal.
pub(super) fn error(code: &str, message: &str) -> String {
    json!({
        "type": "error_message",
        "error_code": code,
        "error_message": message,
        "details": {},
        "recovery_suggestions": ["correct the message and send it again"],
        "timestamp": clock::now_text(),
    })
    .to_string()
}

/// A refusal that a handler over HTTP would have answered.
pub(super) fn refusal(error: &ApiError) -> String {
    self::error(error.code(), error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Value {
        let frame = read(text).unwrap_err();
        serde_json::from_str::<Value>(&frame).unwrap()["error_code"].clone()
    }

    #[test]
    fn fields_are_found_flat_and_in_their_envelopes() {
        let flat = r#"{"type":"resume","last_seq":4}"#;
        let wrapped = r#"{"type":"resume","payload":{"last_seq":4}}"#;
        assert_eq!(read(flat), read(wrapped));
        assert_eq!(
            read(flat),
            Ok(ClientFrame::Resume {
                run_id: None,
                last_seq: 4
            })
        );
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_a_code() {
        assert_eq!(code("{"), "FORMAT_ERROR");
        assert_eq!(code("[1]"), "FORMAT_ERROR");
        assert_eq!(code(r#"{"type":"chat","content":"x"}"#), "VALIDATION_ERROR");
        assert_eq!(code(&"x".repeat(LARGEST + 1)), "FRAME_TOO_LARGE");
    }

    #[test]
    fn an_unknown_type_is_kept_by_name() {
        let other = ClientFrame::Other {
            kind: "wave".into(),
        };
        assert_eq!(read(r#"{"type":"wave"}"#), Ok(other));
    }
}
