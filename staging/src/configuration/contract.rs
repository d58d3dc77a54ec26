//! What this area declares.

use serde_json::json;

use crate::contract::{Operation, Schema, operation};

pub(crate) const OPERATIONS: &[Operation] = &[
    operation("GET", "/api/mcp/config", None, &[(200, "Connections")]),
    operation(
        "GET",
        "/api/config",
        None,
        &[
            (200, "Configuration"),
            (401, "Error"),
            (403, "Error"),
            (503, "Error"),
        ],
    ),
    operation("PUT", "/api/config", Some("Configuration"), CHANGES),
    operation(
        "GET",
        "/api/users/settings",
        None,
        &[
            (200, "Settings"),
            (401, "Error"),
            (403, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "PATCH",
        "/api/users/settings",
        Some("SettingsChange"),
        SETTING_CHANGES,
    ),
];

const CHANGES: &[(u16, &str)] = &[
    (200, "Configuration"),
    (401, "Error"),
    (403, "Error"),
    (413, "Error"),
    (422, "Error"),
    (503, "Error"),
];

const SETTING_CHANGES: &[(u16, &str)] = &[
    (200, "Settings"),
    (401, "Error"),
    (403, "Error"),
    (413, "Error"),
    (422, "Error"),
    (503, "Error"),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let address = json!({
        "type": "object", "required": ["url"], "properties": {"url": text},
    });
    let mcp = json!({
        "type": "object", "required": ["version", "servers"],
        "properties": {"version": text, "servers": {"type": "array", "items": text}},
    });
    let connections = json!({
        "type": "object", "required": ["mcp", "http", "websocket"],
        "properties": {"mcp": mcp, "http": address, "websocket": address},
    });
    let configuration = json!({
        "type": "object", "required": ["max_agents", "default_agent", "maintenance"],
        "properties": {
            "max_agents": {"type": "integer"}, "default_agent": text,
            "maintenance": {"type": "boolean"},
        },
    });
    let settings = json!({
        "type": "object", "required": ["user_id", "settings"],
        "properties": {"user_id": text, "settings": {"type": "object"}},
    });
    vec![
        ("Connections", connections),
        ("Configuration", configuration),
        ("Settings", settings),
        ("SettingsChange", json!({"type": "object"})),
    ]
}
