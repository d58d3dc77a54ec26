//! What this area declares.

use serde_json::json;

use crate::contract::{Operation, Schema, operation};

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "POST",
        "/api/agents/execute",
        Some("Execution"),
        &[
            (200, "Executed"),
            (401, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/api/agent/run_agent",
        Some("Run"),
        &[
            (202, "Begun"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation("POST", "/api/agents/start", Some("RunId"), CONTROL),
    operation("POST", "/api/agents/cancel", Some("RunId"), CONTROL),
    operation(
        "GET",
        "/api/agent/{run_id}/status",
        None,
        &[
            (200, "Standing"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/api/agent/stream",
        Some("Prompt"),
        &[
            (200, "Stream"),
            (401, "Error"),
            (403, "Error"),
            (413, "Error"),
            (422, "Error"),
        ],
    ),
];

const CONTROL: &[(u16, &str)] = &[
    (200, "Standing"),
    (401, "Error"),
    (403, "Error"),
    (404, "Error"),
    (409, "Error"),
    (413, "Error"),
    (422, "Error"),
    (503, "Error"),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let executed = json!({
        "type": "object",
        "required": [
            "status", "agent", "run_id", "response", "execution_time", "circuit_breaker_state",
        ],
        "properties": {
            "status": text, "agent": text, "run_id": text, "response": text,
            "execution_time": {"type": "number"}, "circuit_breaker_state": text,
        },
    });
    let execution = json!({
        "type": "object", "required": ["type", "message"],
        "properties": {
            "type": {"type": "string", "enum": super::AGENTS}, "message": text,
            "context": {"type": "object"}, "simulate_delay_ms": {"type": "integer"},
        },
    });
    let prompt = json!({
        "type": "object", "required": ["message"],
        "properties": {"message": text, "agent": {"type": "string", "enum": super::AGENTS}},
    });
    let flag = json!({"type": "boolean"});
    let run = json!({
        "type": "object", "required": ["message"],
        "properties": {
            "message": text, "agent": {"type": "string", "enum": super::AGENTS},
            "thread_id": text, "step_ms": {"type": "integer"}, "partials": flag, "paused": flag,
        },
    });
    let begun = json!({
        "type": "object", "required": ["run_id", "agent", "status"],
        "properties": {"run_id": text, "agent": text, "status": text},
    });
    let run_id = json!({
        "type": "object", "required": ["run_id"], "properties": {"run_id": text},
    });
    let state = json!({
        "type": "object", "required": ["status", "at"],
        "properties": {"status": text, "at": text},
    });
    let standing = json!({
        "type": "object", "required": ["run_id", "agent", "thread_id", "status", "history"],
        "properties": {
            "run_id": text, "agent": text, "thread_id": {"type": ["string", "null"]},
            "status": text, "history": {"type": "array", "items": state},
        },
    });
    vec![
        ("Run", run),
        ("Begun", begun),
        ("RunId", run_id),
        ("Standing", standing),
        ("Executed", executed),
        ("Execution", execution),
        ("Prompt", prompt),
    ]
}
