//! Tools: what agents use, offered to users as well. Results are computed from the arguments.
//!
//! `catalogue` is the pure list and its work; this module answers `GET /api/tools` and
//! `POST /api/tools/execute`.

mod catalogue;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::catalogue::{TOOLS, Tool};
use crate::Defect;
use crate::app::App;
use crate::auth::{ADMIN, Caller};
use crate::contract::{Operation, Schema, operation};
use crate::web::{ApiError, Fields, JsonBody};

pub(crate) use catalogue::names;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/tools", get(list))
        .route("/api/tools/execute", post(execute))
}

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "GET",
        "/api/tools",
        None,
        &[(200, "Tools"), (401, "Error"), (403, "Error")],
    ),
    operation(
        "POST",
        "/api/tools/execute",
        Some("ToolUse"),
        &[
            (200, "ToolResult"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (413, "Error"),
            (422, "Error"),
        ],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let object = json!({"type": "object"});
    let tool = json!({
        "type": "object", "required": ["name", "description", "permission", "available"],
        "properties": {
            "name": text, "description": text, "permission": text,
            "available": {"type": "boolean"},
        },
    });
    let tools = json!({
        "type": "object", "required": ["tools", "total_tools", "available_tools"],
        "properties": {
            "tools": {"type": "array", "items": tool},
            "total_tools": {"type": "integer"}, "available_tools": {"type": "integer"},
        },
    });
    let tool_use = json!({
        "type": "object", "required": ["tool_name", "arguments"],
        "properties": {"tool_name": text, "arguments": object},
    });
    let result = json!({
        "type": "object", "required": ["tool_name", "status", "result"],
        "properties": {"tool_name": text, "status": text, "result": object},
    });
    vec![
        ("Tools", tools),
        ("ToolUse", tool_use),
        ("ToolResult", result),
    ]
}

async fn list(caller: Caller) -> Json<Value> {
    let available = |tool: &Tool| !tool.admin_only || caller.may(ADMIN);
    let tools: Vec<_> = TOOLS
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "permission": if tool.admin_only { ADMIN } else { "read" },
                "available": available(tool),
            })
        })
        .collect();
    let count = TOOLS.iter().filter(|tool| available(tool)).count();
    Json(json!({ "tools": tools, "total_tools": TOOLS.len(), "available_tools": count }))
}

async fn execute(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(&body);
    let name = fields.text("tool_name", 1..=100);
    let arguments = fields
        .optional_object("arguments")
        .unwrap_or_else(|| json!({}));
    let (name, arguments) = fields.finish((name, arguments))?;
    let tool = TOOLS
        .iter()
        .find(|tool| tool.name == name)
        .ok_or_else(|| ApiError::not_found(format!("no tool is called {name}")))?;
    if tool.admin_only {
        caller.admin()?;
    }
    let result = (tool.work)(&arguments)?;
    let result = if app.has(Defect::ToolIgnoresArguments) {
        (tool.work)(&json!({ "text": "hello world", "numbers": [1, 2, 3] }))?
    } else {
        result
    };
    Ok(Json(
        json!({ "tool_name": tool.name, "status": "success", "result": result }),
    ))
}
