//! The identity provider that logins end at: a host of its own that believes every `login_hint`.
//!
//! It stands for a provider's consent page and nothing else: who asks gets a code for the address
//! in `login_hint`, good once, for one minute, for the same client and redirect address.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::oauth::{CLIENT_ID, redirect};
use crate::app::App;
use crate::clock;
use crate::contract::{Operation, Schema, operation};
use crate::store::sign_ins::{self, Code};
use crate::web::{ApiError, percent_encoded};

/// How long a code is good for.
const GOOD_MS: i64 = 60_000;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/authorize", get(authorize))
}

pub(crate) const OPERATIONS: &[Operation] = &[operation(
    "GET",
    "/authorize",
    None,
    &[(302, "Redirect"), (400, "Error"), (503, "Error")],
)];

pub(crate) fn schemas() -> Vec<Schema> {
    vec![("Redirect", json!({"type": ["object", "null"]}))]
}

/// Sends the browser back with a code, and with the state as it came.
async fn authorize(
    State(app): State<App>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<(StatusCode, HeaderMap), ApiError> {
    let given = |name: &str| query.get(name).map_or("", String::as_str);
    let home = format!("{}/", app.addresses.auth);
    if given("client_id") != CLIENT_ID || given("response_type") != "code" {
        return Err(ApiError::bad_sign_in("no such client is known here"));
    }
    if !given("redirect_uri").starts_with(&home) {
        return Err(ApiError::bad_sign_in("this client may not redirect there"));
    }
    let code = Code {
        code: Uuid::new_v4().simple().to_string(),
        client_id: CLIENT_ID.into(),
        redirect_uri: given("redirect_uri").into(),
        email: given("login_hint").to_lowercase(),
        issued_ms: clock::now_ms(),
    };
    if !code.email.contains('@') {
        return Err(ApiError::bad_sign_in("login_hint says who is logging in"));
    }
    let (uri, state, name) = (
        code.redirect_uri.clone(),
        percent_encoded(given("state")),
        code.code.clone(),
    );
    app.store
        .run(move |db| sign_ins::note_code(db, &code))
        .await?;
    redirect(&format!("{uri}?code={name}&state={state}"))
}

/// The email address that a code stands for; the code is used up.
pub(super) async fn exchange(
    app: &App,
    code: &str,
    client_id: &'static str,
    redirect_uri: &str,
) -> Result<Option<String>, ApiError> {
    let (code, uri) = (code.to_owned(), redirect_uri.to_owned());
    let since_ms = clock::now_ms() - GOOD_MS;
    let spent = app
        .store
        .run(move |db| sign_ins::spend_code(db, &code, client_id, &uri, since_ms));
    Ok(spent.await?)
}
