//! Issuing tokens: a pair when a session begins or is refreshed, an access token for a shorter time.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::identity::Identity;
use super::tokens::{Claims, Kind};
use super::visits;
use crate::app::App;
use crate::store::users::{self, Account};
use crate::web::{ApiError, Fields, JsonBody};
use crate::{Defect, clock};

/// What `expires-in-lies` says, whatever the token.
const LIE_S: i64 = 900;

/// A session as it begins: the tokens, and the cookie that goes with them.
pub(super) struct Begun {
    pub(super) headers: HeaderMap,
    pub(super) tokens: Value,
}

/// Begins a session of this account.
pub(super) async fn begin(
    app: &App,
    account: &Account,
    cookies: &HeaderMap,
) -> Result<Begun, ApiError> {
    let sid = format!("sess_{}", Uuid::new_v4().simple());
    let (row, user_id) = (sid.clone(), account.id.clone());
    app.store
        .run(move |db| users::begin_session(db, &row, &user_id, clock::now_ms()))
        .await?;
    let headers = visits::log_in(app, cookies, &account.id).await?;
    let tokens = pair(app, account, &sid).await?;
    Ok(Begun { headers, tokens })
}

/// A new pair of tokens of a session; the refresh token is noted, so that it is used once.
pub(super) async fn pair(app: &App, account: &Account, sid: &str) -> Result<Value, ApiError> {
    let now_s = clock::now_s();
    let user = (account.id.as_str(), account.email.as_str());
    let claims = |kind, lifetime| {
        Claims::new(user, kind, now_s, seconds(lifetime)).in_session(&account.role, sid)
    };
    let access = claims(Kind::Access, app.config.access_lifetime);
    let refresh = claims(Kind::Refresh, app.config.refresh_lifetime);
    let (jti, user_id, exp) = (refresh.jti.clone(), account.id.clone(), refresh.exp);
    app.store
        .run(move |db| users::note_refresh(db, &jti, &user_id, exp))
        .await?;
    Ok(json!({
        "access_token": signed(app, &access)?,
        "refresh_token": signed(app, &refresh)?,
        "token_type": "Bearer",
        "expires_in": announced(app, &access),
        "user": { "id": account.id, "email": account.email, "name": account.name },
    }))
}

/// `POST /auth/token`: an access token of the same session that lives for a shorter time.
pub(crate) async fn shorter(
    State(app): State<App>,
    identity: Identity,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let Identity::User(caller) = identity else {
        return Err(ApiError::bad_credentials("send a good bearer token"));
    };
    let mut fields = Fields::of(&body);
    let longest = u64::try_from(seconds(app.config.access_lifetime)).unwrap_or(1);
    let lifetime_s = fields.optional_number("lifetime_s", 1..=longest);
    let lifetime_s = fields.finish(lifetime_s)?.unwrap_or(longest);
    let own = caller
        .claims
        .ok_or_else(|| ApiError::bad_credentials("send a good bearer token"))?;
    let now_s = clock::now_s();
    let claims = Claims {
        iat: now_s,
        exp: now_s + i64::try_from(lifetime_s).unwrap_or(1),
        jti: Uuid::new_v4().to_string(),
        ..(*own).clone()
    };
    Ok(Json(json!({
        "access_token": signed(&app, &claims)?,
        "token_type": "Bearer",
        "expires_in": announced(&app, &claims),
    })))
}

fn announced(app: &App, claims: &Claims) -> i64 {
    if app.has(Defect::ExpiresInLies) {
        LIE_S
    } else {
        claims.exp - claims.iat
    }
}

pub(super) fn seconds(lifetime: Duration) -> i64 {
    i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX / 4)
}

fn signed(app: &App, claims: &Claims) -> Result<String, ApiError> {
    app.tokens
        .sign(claims)
        .map_err(|error| ApiError::bad_credentials(error.to_string()))
}
