//! What this area declares.

use serde_json::json;

use crate::contract::{Operation, Schema, operation};

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "GET",
        "/api/messages",
        None,
        &[
            (200, "Messages"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/api/messages",
        Some("NewMessage"),
        &[
            (200, "MessageCreated"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (409, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "GET",
        "/api/messages/{id}",
        None,
        &[
            (200, "Message"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "DELETE",
        "/api/messages/{id}",
        None,
        &[
            (200, "MessageDeleted"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (503, "Error"),
        ],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    let reference = json!({"$ref": "#/components/schemas/Message"});
    let message = json!({
        "type": "object",
        "required": [
            "id", "content", "user_id", "thread_id", "role", "timestamp", "message_type", "metadata",
            "seq",
        ],
        "properties": {
            "id": text, "content": text, "user_id": text, "thread_id": text, "role": text,
            "timestamp": text, "message_type": text, "metadata": {"type": "object"}, "seq": number,
        },
    });
    let messages = json!({
        "type": "object",
        "required": ["messages", "total_count", "page", "page_size", "has_more"],
        "properties": {
            "messages": {"type": "array", "items": reference}, "total_count": number,
            "page": number, "page_size": number, "has_more": {"type": "boolean"},
        },
    });
    let created = json!({
        "type": "object", "required": ["message", "status"],
        "properties": {"message": reference, "status": text},
    });
    let deleted = json!({
        "type": "object", "required": ["id", "status"],
        "properties": {"id": text, "status": text},
    });
    let new = json!({
        "type": "object", "required": ["thread_id", "content"],
        "properties": {
            "thread_id": text, "message_type": text, "metadata": {"type": "object"},
            "content": {"type": "string", "minLength": 1, "maxLength": super::LONGEST},
        },
    });
    vec![
        ("Message", message),
        ("Messages", messages),
        ("MessageCreated", created),
        ("MessageDeleted", deleted),
        ("NewMessage", new),
    ]
}
