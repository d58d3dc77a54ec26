//! What is done with tokens once they are issued: refresh, logout, revoke all, me, verify.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::identity::{Caller, Identity};
use super::issuing;
use super::tokens::{Claims, Kind, Laxity, TokenError};
use crate::app::App;
use crate::store::users::{self, Account};
use crate::web::{ApiError, Fields, JsonBody};
use crate::{Defect, clock};

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
    let (jti, again) = (claims.jti, app.has(Defect::RefreshReusable));
    let spent = app
        .store
        .run(move |db| {
            if again {
                users::respend_refresh(db, &jti)
            } else {
                users::spend_refresh(db, &jti)
            }
        })
        .await?;
    let Some(account) = spent else {
        return Err(ApiError::bad_credentials(
            "this refresh token was used before",
        ));
    };
    Ok(Json(issuing::pair(&app, &account, &claims.sid).await?))
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

/// `POST /auth/logout`: the session of the token sent is over, with all its tokens; always 200.
pub(crate) async fn log_out(
    State(app): State<App>,
    identity: Identity,
) -> Result<Json<Value>, ApiError> {
    if let Identity::User(caller) = identity
        && !app.has(Defect::LogoutKeepsToken)
    {
        let sid = caller.session().to_owned();
        let row = sid.clone();
        app.store
            .run(move |db| users::end_session(db, &row, clock::now_ms()))
            .await?;
        kill(&app, &caller, vec![sid]).await?;
    }
    Ok(Json(
        json!({ "message": "logged out", "status": "success" }),
    ))
}

/// `POST /auth/revoke_all`: every session of the user is over.
pub(crate) async fn revoke_all(
    State(app): State<App>,
    identity: Identity,
) -> Result<Json<Value>, ApiError> {
    let caller = match identity {
        Identity::User(caller) => caller,
        Identity::Refused(error) => return Err(refused(error)),
        Identity::Nobody => return Err(ApiError::bad_credentials("send a bearer token")),
    };
    let user_id = caller.user_id.clone();
    let ended = app
        .store
        .run(move |db| users::end_sessions(db, &user_id, clock::now_ms()))
        .await?;
    let count = ended.len();
    kill(&app, &caller, ended).await?;
    Ok(Json(json!({ "status": "success", "revoked": count })))
}

/// From now on no token of these sessions is good; they are noted until the last has expired.
async fn kill(app: &App, caller: &Caller, sids: Vec<String>) -> Result<(), ApiError> {
    let until_s = clock::now_s() + issuing::seconds(app.config.refresh_lifetime);
    let (rows, user_id) = (sids.clone(), caller.user_id.clone());
    app.store
        .run(move |db| {
            rows.iter()
                .try_for_each(|sid| users::revoke(db, sid, until_s, &user_id))
        })
        .await?;
    sids.into_iter().for_each(|sid| app.tokens.revoke(sid));
    Ok(())
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
