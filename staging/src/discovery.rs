//! Discovery: which servers offer agents and tools, from a registry that is seeded at the start.
//!
//! `GET /api/mcp/servers` lists them, `GET /api/mcp/servers/{name}/status` tells of one. A token is
//! not needed. The statements are in `store::registry`.

mod seed;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Defect;
use crate::app::App;
use crate::contract::{Operation, Schema, operation};
use crate::store::registry::{self, Server};
use crate::web::ApiError;

pub(crate) use seed::{names, seed};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/mcp/servers", get(list))
        .route("/api/mcp/servers/{name}/status", get(status))
}

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "GET",
        "/api/mcp/servers",
        None,
        &[(200, "Servers"), (503, "Error")],
    ),
    operation(
        "GET",
        "/api/mcp/servers/{name}/status",
        None,
        &[(200, "Server"), (404, "Error"), (503, "Error")],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let names = json!({"type": "array", "items": text});
    let server = json!({
        "type": "object",
        "required": ["name", "status", "version", "description", "capabilities"],
        "properties": {
            "name": text, "status": text, "version": text, "description": text,
            "capabilities": {
                "type": "object", "required": ["agents", "tools"],
                "properties": {"agents": names, "tools": names},
            },
        },
    });
    let servers = json!({
        "type": "object", "required": ["data", "status"],
        "properties": {
            "data": {"type": "array", "items": {"$ref": "#/components/schemas/Server"}},
            "status": text,
        },
    });
    vec![("Server", server), ("Servers", servers)]
}

async fn list(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let mut servers = app.store.run(registry::servers).await?;
    if app.has(Defect::RegistryHidesOne) {
        servers.pop();
    }
    let data: Vec<_> = servers.iter().map(shown).collect();
    Ok(Json(json!({ "data": data, "status": "success" })))
}

async fn status(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
    let wanted = name.clone();
    let found = app
        .store
        .run(move |db| registry::server_named(db, &wanted))
        .await?;
    found
        .map(|server| Json(shown(&server)))
        .ok_or_else(|| ApiError::not_found(format!("no server is called {name}")))
}

fn shown(server: &Server) -> Value {
    let capabilities: Value = serde_json::from_str(&server.capabilities).unwrap_or_default();
    json!({
        "name": server.name,
        "status": server.status,
        "version": server.version,
        "description": server.description,
        "capabilities": capabilities,
    })
}
