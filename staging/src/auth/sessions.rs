//! What is done with tokens once they are issued: refresh, logout, me, verify.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::accounts::issue;
use super::identity::Identity;
use super::tokens::{Claims, Kind, Laxity, TokenError};
use crate::app::App;
use crate::clock;
use crate::store::users::{self, Account};
use crate::web::{ApiError, Fields, JsonBody};

/// `POST /auth/refresh`: a new pair for a refresh token, which is dead from then on.
pub(crate) async fn refresh(
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let token = refresh_token(&body)?;
    let checked = app
        .tokens
        .check(&token, Kind::Refresh, clock::now_s(), Laxity::default());
    let claims = checked.map_err(refused)?;
    let spent = app
        .store
        .run(move |db| users::spend_refresh(db, &claims.jti))
        .await?;
    let Some(account) = spent else {
        return Err(ApiError::bad_credentials(
            "this refresh token was used before",
        ));
    };
    Ok(Json(issue(&app, &account).await?))
}

/// The token under any of its three known names.
fn refresh_token(body: &Value) -> Result<String, ApiError> {
    let mut fields = Fields::of(body);
    let name = ["refresh_token", "refreshToken", "token"]
        .into_iter()
        .find(|name| body.get(name).is_some())
        .unwrap_or("refresh_token");
    let token = fields.text(name, 1..=8000);
    fields.finish(token)
}

/// `POST /auth/logout`: the access token sent is dead from then on; always 200.
pub(crate) async fn log_out(
    State(app): State<App>,
    identity: Identity,
) -> Result<Json<Value>, ApiError> {
    if let Identity::User(caller) = identity
        && let Some(claims) = caller.claims
    {
        let (jti, exp, user_id) = (claims.jti.clone(), claims.exp, claims.sub.clone());
        app.store
            .run(move |db| users::revoke(db, &jti, exp, &user_id))
            .await?;
        app.tokens.revoke(claims.jti.clone());
    }
    Ok(Json(
        json!({ "message": "logged out", "status": "success" }),
    ))
}

/// `GET /auth/me`
pub(crate) async fn me(
    State(app): State<App>,
    identity: Identity,
) -> Result<Json<Value>, ApiError> {
    let claims = match identity {
        Identity::User(caller) => caller.claims,
        Identity::Refused(error) => return Err(refused(error)),
        Identity::Nobody => None,
    };
    let claims = claims.ok_or_else(|| ApiError::bad_credentials("send a bearer token"))?;
    let id = claims.sub.clone();
    let account = app.store.run(move |db| users::by_id(db, &id)).await?;
    let account =
        account.ok_or_else(|| ApiError::bad_credentials("this account does not exist"))?;
    Ok(Json(described(&account, &claims)))
}

fn described(account: &Account, claims: &Claims) -> Value {
    json!({
        "user_id": account.id,
        "email": account.email,
        "name": account.name,
        "permissions": claims.permissions,
        "created_at": clock::rfc3339(account.created_ms),
        "token_expires_at": clock::rfc3339(claims.exp * 1000),
    })
}

/// `GET /auth/verify`: what the bearer token amounts to; 200 also when it is not good.
pub(crate) async fn verify_header(identity: Identity) -> Json<Value> {
    Json(match identity {
        Identity::User(caller) => caller
            .claims
            .map_or_else(absent, |claims| verified(&claims)),
        Identity::Refused(error) => json!({ "valid": false, "error": error.to_string() }),
        Identity::Nobody => absent(),
    })
}

/// `POST /auth/verify`: what the token in the body amounts to.
pub(crate) async fn verify_body(
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(&body);
    let token = fields.text("token", 1..=8000);
    let token = fields.finish(token)?;
    let checked = app
        .tokens
        .check(&token, Kind::Access, clock::now_s(), Laxity::default());
    Ok(Json(match checked {
        Ok(claims) => verified(&claims),
        Err(error) => json!({ "valid": false, "error": error.to_string() }),
    }))
}

fn absent() -> Value {
    json!({ "valid": false, "error": "no token was sent" })
}

fn verified(claims: &Claims) -> Value {
    json!({
        "valid": true,
        "user_id": claims.sub,
        "email": claims.email,
        "exp": claims.exp,
        "permissions": claims.permissions,
    })
}

fn refused(error: TokenError) -> ApiError {
    ApiError::bad_credentials(error.to_string())
}
