//! Logging in at an identity provider: `GET /auth/login` begins, `GET /auth/callback` ends it.
//!
//! The authorization code flow of RFC 6749 section 4.1. The state is given out once, stored, and
//! used up by the callback; the code is exchanged with `provider`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Query, State};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::accounts::{fresh, hashed, made};
use super::issuing::{self, Begun};
use super::provider;
use crate::app::App;
use crate::store::sign_ins;
use crate::store::users::{self, Account};
use crate::web::{ApiError, percent_encoded};
use crate::{Defect, clock};

/// How this platform is known to the provider.
pub(super) const CLIENT_ID: &str = "reference-platform-web";
/// How long a login at the provider may take.
const PATIENCE_MS: i64 = 10 * 60 * 1000;

/// `GET /auth/login?provider=google`: sends the browser to the provider.
pub(crate) async fn begin(
    State(app): State<App>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<(StatusCode, HeaderMap), ApiError> {
    if query.get("provider").map(String::as_str) != Some("google") {
        return Err(ApiError::bad_sign_in(
            "say provider=google; no other is known",
        ));
    }
    let state = state()?;
    let redirect_uri = callback(&app);
    let (row, uri) = (state.clone(), redirect_uri.clone());
    app.store
        .run(move |db| sign_ins::begin(db, &row, &uri, clock::now_ms()))
        .await?;
    let to = format!(
        "{}/authorize?response_type=code&client_id={CLIENT_ID}&redirect_uri={}&state={state}&scope={}",
        app.addresses.provider,
        percent_encoded(&redirect_uri),
        percent_encoded("openid email"),
    );
    redirect(&to)
}

/// A redirect to this address.
pub(super) fn redirect(to: &str) -> Result<(StatusCode, HeaderMap), ApiError> {
    let value = HeaderValue::from_str(to)
        .map_err(|_| ApiError::bad_sign_in("this address cannot be redirected to"))?;
    Ok((StatusCode::FOUND, HeaderMap::from_iter([(LOCATION, value)])))
}

/// `GET /auth/callback?code=…&state=…`: a pair of tokens for a code of the provider.
pub(crate) async fn callback_from(
    State(app): State<App>,
    cookies: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let (Some(code), Some(state)) = (query.get("code"), query.get("state")) else {
        return Err(ApiError::bad_sign_in("code and state are needed"));
    };
    let (row, since_ms) = (state.clone(), clock::now_ms() - PATIENCE_MS);
    let ours = app
        .store
        .run(move |db| sign_ins::spend_state(db, &row, since_ms))
        .await?;
    if !ours && !app.has(Defect::AcceptsForgedState) {
        return Err(ApiError::bad_sign_in(
            "this state was not given out here, or was used",
        ));
    }
    let email = provider::exchange(&app, code, CLIENT_ID, &callback(&app)).await?;
    let email = email.ok_or_else(|| ApiError::bad_sign_in("the provider knows no such code"))?;
    let account = account(&app, email).await?;
    let Begun { headers, tokens } = issuing::begin(&app, &account, &cookies).await?;
    Ok((headers, Json(tokens)))
}

fn callback(app: &App) -> String {
    format!("{}/auth/callback", app.addresses.auth)
}

fn state() -> Result<String, ApiError> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ApiError::bad_sign_in("no state could be made"))?;
    Ok(hex::encode(bytes))
}

/// The account of this address; made, with a password that nobody knows, when there is none.
async fn account(app: &App, email: String) -> Result<Account, ApiError> {
    let new = fresh(email.clone(), None, "member");
    if made(app, &new, hashed(state()?).await?).await? {
        return Ok(new);
    }
    let found = app.store.run(move |db| users::by_email(db, &email)).await?;
    let (account, ..) = found.ok_or_else(|| ApiError::conflict("the account is gone"))?;
    Ok(account)
}
