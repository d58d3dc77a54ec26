//! Sessions: what a user keeps from one login to its logout, shared by all its connections.
//!
//! `GET /api/session` names the session of the token, `PUT` and `GET /api/session/values/{key}`
//! keep and read. Another login of the same user is another session. The statements are in
//! `store::sessions`; beginning and ending is `auth`'s.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Defect;
use crate::app::App;
use crate::auth::Caller;
use crate::contract::{Operation, Schema, operation};
use crate::store::sessions;
use crate::web::{ApiError, Fields, JsonBody};

/// The longest key, in bytes.
const LONGEST_KEY: usize = 100;
/// The longest value, in bytes of JSON.
const LONGEST_VALUE: usize = 8000;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/session", get(session))
        .route("/api/session/values/{key}", get(read).put(keep))
}

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "GET",
        "/api/session",
        None,
        &[(200, "Session"), (401, "Error"), (403, "Error")],
    ),
    operation(
        "GET",
        "/api/session/values/{key}",
        None,
        &[
            (200, "SessionValue"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "PUT",
        "/api/session/values/{key}",
        Some("Value"),
        &[
            (200, "SessionValue"),
            (401, "Error"),
            (403, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let session = json!({
        "type": "object", "required": ["session_id", "user_id"],
        "properties": {"session_id": text, "user_id": text},
    });
    let value = json!({
        "type": "object", "required": ["session_id", "key", "value"],
        "properties": {"session_id": text, "key": text},
    });
    let sent = json!({"type": "object", "required": ["value"]});
    vec![
        ("Session", session),
        ("SessionValue", value),
        ("Value", sent),
    ]
}

async fn session(caller: Caller) -> Json<Value> {
    Json(json!({ "session_id": caller.session(), "user_id": caller.user_id }))
}

async fn keep(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(&body);
    let value = fields.value("value");
    let text = value.to_string();
    if key.len() > LONGEST_KEY || text.len() > LONGEST_VALUE {
        fields.note("value", "key or value is too long", "length");
    }
    fields.finish(())?;
    let (owner, row) = (owner(&app, &caller), key.clone());
    app.store
        .run(move |db| sessions::keep(db, &owner, &row, &text))
        .await?;
    Ok(Json(shown(&caller, &key, &value)))
}

async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (owner, wanted) = (owner(&app, &caller), key.clone());
    let found = app
        .store
        .run(move |db| sessions::kept(db, &owner, &wanted))
        .await?;
    let text = found.ok_or_else(|| ApiError::not_found(format!("nothing is kept as {key}")))?;
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(Json(shown(&caller, &key, &value)))
}

/// Whose the values are: the session's, or by defect the user's.
fn owner(app: &App, caller: &Caller) -> String {
    if app.has(Defect::SessionsShareValues) {
        return caller.user_id.clone();
    }
    caller.session().to_owned()
}

fn shown(caller: &Caller, key: &str, value: &Value) -> Value {
    json!({ "session_id": caller.session(), "key": key, "value": value })
}
