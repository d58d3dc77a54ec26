//! Receipts: what the platform itself saw of each test, so that a client's story can be checked.
//!
//! Everything is keyed by the W3C baggage member `muster.nonce`, which is unique per try of a
//! case. `ledger` keeps the receipts in memory, bounded; this module answers for them.

mod ledger;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::contract::{Operation, Schema, operation};
use crate::web::ApiError;

pub(crate) use ledger::{Ledger, OpenSocket};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/__ref/receipts", get(all))
        .route("/__ref/receipts/{nonce}", get(of_nonce))
}

pub(crate) const OPERATIONS: &[Operation] = &[
    operation("GET", "/__ref/receipts", None, &[(200, "ReceiptCounts")]),
    operation(
        "GET",
        "/__ref/receipts/{nonce}",
        None,
        &[(200, "Receipts"), (404, "Error")],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let number = json!({"type": "integer"});
    let text = json!({"type": "string"});
    let maybe = json!({"type": ["string", "null"]});
    let request = json!({
        "type": "object", "required": ["method", "path", "status", "at_ms", "user"],
        "properties": {
            "method": text, "path": text, "status": number, "at_ms": number, "user": maybe,
        },
    });
    let sockets = json!({
        "type": "object", "required": ["opened", "open", "peak", "aborted"],
        "properties": {"opened": number, "open": number, "peak": number, "aborted": number},
    });
    let flights = json!({
        "type": "object", "required": ["now", "peak"],
        "properties": {"now": number, "peak": number},
    });
    let receipts = json!({
        "type": "object",
        "required": [
            "nonce", "case", "attempt", "requests", "websockets", "messages", "in_flight",
        ],
        "properties": {
            "nonce": text, "case": maybe, "attempt": maybe,
            "requests": {"type": "array", "items": request}, "requests_left_out": number,
            "websockets": sockets, "messages": number, "in_flight": flights,
        },
    });
    let counts = json!({
        "type": "object", "required": ["cases", "nonces", "forgotten"],
        "properties": {
            "cases": {"type": "object"}, "nonces": number, "forgotten": number,
        },
    });
    vec![("Receipts", receipts), ("ReceiptCounts", counts)]
}

/// Per case and attempt: tries, requests, sockets opened, messages, and when the last request came.
async fn all(State(app): State<App>) -> Json<Value> {
    Json(app.receipts.counts())
}

async fn of_nonce(
    State(app): State<App>,
    Path(nonce): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let receipts = app.receipts.of(&nonce);
    receipts
        .map(Json)
        .ok_or_else(|| ApiError::not_found(format!("nothing came with {nonce}")))
}
