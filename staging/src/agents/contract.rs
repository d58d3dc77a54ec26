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
            (401, "Refused"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/api/agent/stream",
        Some("Prompt"),
        &[
            (200, "Stream"),
            (401, "Refused"),
            (403, "Error"),
            (413, "Error"),
            (422, "Error"),
        ],
    ),
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
            "context": {"type": "object"},
        },
    });
    let prompt = json!({
        "type": "object", "required": ["message"],
        "properties": {"message": text, "agent": {"type": "string", "enum": super::AGENTS}},
    });
    vec![
        ("Executed", executed),
        ("Execution", execution),
        ("Prompt", prompt),
    ]
}
