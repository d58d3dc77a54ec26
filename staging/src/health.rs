//! Health: alive means that the process answers, ready means that the database did.
//!
//! Readiness also names the revision, the instance and when it started, so that a client notices
//! a platform that was deployed anew under it.

use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::contract::{Operation, Schema, operation};
use crate::store::VERSION;
use crate::{Defect, clock};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(alive))
        .route("/health/live", get(alive))
        .route("/health/ready", get(ready))
}

pub(crate) const OPERATIONS: &[Operation] = &[
    operation("GET", "/health", None, &[(200, "Health")]),
    operation("GET", "/health/live", None, &[(200, "Health")]),
    operation(
        "GET",
        "/health/ready",
        None,
        &[(200, "Readiness"), (503, "Readiness")],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let health = json!({
        "type": "object",
        "required": ["status", "service", "version", "answers", "timestamp"],
        "properties": {
            "status": text, "service": text, "version": text, "timestamp": text,
            "answers": {"type": "integer"},
        },
    });
    let database = json!({
        "type": "object", "required": ["ok", "schema_version"],
        "properties": {
            "ok": {"type": "boolean"}, "schema_version": {"type": ["integer", "null"]},
            "latency_ms": {"type": "number"},
        },
    });
    let readiness = json!({
        "type": "object",
        "required": ["status", "revision", "instance", "started_at", "checks", "timestamp"],
        "properties": {
            "status": text, "revision": text, "instance": text, "started_at": text,
            "timestamp": text,
            "checks": {
                "type": "object", "required": ["database"], "properties": {"database": database},
            },
        },
    });
    vec![("Health", health), ("Readiness", readiness)]
}

/// `answers` counts the answers given, so that each is seen to be new.
async fn alive(State(app): State<App>) -> Json<Value> {
    let stale = app.has(Defect::StaleHealth);
    let more = u64::from(!stale);
    let answers = app.health_answers.fetch_add(more, Ordering::Relaxed) + more;
    Json(json!({
        "status": "healthy",
        "service": "reference-platform",
        "version": env!("CARGO_PKG_VERSION"),
        "answers": answers,
        "timestamp": clock::now_text(),
    }))
}

/// `GET /health/ready` and, on the auth host, `GET /auth/health`.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let began = Instant::now();
    let version = if app.has(Defect::HealthLies) {
        Some(VERSION)
    } else {
        let asked = app
            .store
            .run(|db| db.query_row("PRAGMA user_version", [], |row| row.get(0)));
        asked.await.ok()
    };
    let ok = version == Some(VERSION);
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "status": if ok { "ready" } else { "unready" },
        "revision": app.config.revision,
        "instance": app.instance,
        "started_at": clock::rfc3339(app.started_ms),
        "checks": {
            "database": {
                "ok": ok,
                "schema_version": version,
                "latency_ms": began.elapsed().as_secs_f64() * 1000.0,
            },
        },
        "timestamp": clock::now_text(),
    });
    (status, Json(body)).into_response()
}
