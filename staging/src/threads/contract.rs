//! What this area declares.

use serde_json::json;

use crate::contract::{Operation, Schema, operation};

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "GET",
        "/api/threads",
        None,
        &[
            (200, "Threads"),
            (401, "Error"),
            (403, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/api/threads",
        Some("ThreadFields"),
        &[
            (201, "Thread"),
            (401, "Error"),
            (403, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "GET",
        "/api/threads/{id}",
        None,
        &[
            (200, "Thread"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "PUT",
        "/api/threads/{id}",
        Some("ThreadFields"),
        &[
            (200, "Thread"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "DELETE",
        "/api/threads/{id}",
        None,
        &[
            (200, "Archived"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "GET",
        "/api/threads/{id}/messages",
        None,
        &[
            (200, "ThreadMessages"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    let object = json!({"type": "object"});
    let thread = json!({
        "type": "object",
        "required": [
            "id", "object", "title", "created_at", "updated_at", "metadata", "message_count",
        ],
        "properties": {
            "id": text, "object": text, "title": text, "created_at": text, "updated_at": text,
            "metadata": object, "message_count": number,
        },
    });
    let threads = json!({
        "type": "object", "required": ["threads", "total", "limit", "offset"],
        "properties": {
            "threads": {"type": "array", "items": {"$ref": "#/components/schemas/Thread"}},
            "total": number, "limit": number, "offset": number,
        },
    });
    let line = json!({
        "type": "object", "required": ["id", "role", "content", "created_at", "metadata"],
        "properties": {
            "id": text, "role": text, "content": text, "created_at": text, "metadata": object,
        },
    });
    let messages = json!({
        "type": "object", "required": ["messages", "thread_id", "total", "limit", "offset"],
        "properties": {
            "messages": {"type": "array", "items": line},
            "thread_id": text, "total": number, "limit": number, "offset": number,
        },
    });
    let archived = json!({
        "type": "object", "required": ["id", "status"],
        "properties": {"id": text, "status": text},
    });
    let fields = json!({"type": "object", "properties": {"title": text, "metadata": object}});
    vec![
        ("Thread", thread),
        ("Threads", threads),
        ("ThreadMessages", messages),
        ("Archived", archived),
        ("ThreadFields", fields),
    ]
}
