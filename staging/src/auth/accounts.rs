//! `POST /auth/register` and `POST /auth/login`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::passwords::{self, Hashed};
use super::tokens::{Claims, Kind};
use crate::app::App;
use crate::clock;
use crate::store::users::{self, Account};
use crate::web::{ApiError, Fields, JsonBody};

/// Makes an account and logs it in.
pub(crate) async fn register(
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut fields = Fields::of(&body);
    let email = email(&mut fields);
    let password = fields.text("password", 8..=200);
    let name = fields.optional_text("name", 1..=200);
    let (email, password, name) = fields.finish((email, password, name))?;
    let hashed = hashed(password).await?;
    let id = format!("user_{}", Uuid::new_v4().simple());
    let account = Account {
        id,
        email,
        name,
        created_ms: clock::now_ms(),
    };
    let row = account.clone();
    let made = app
        .store
        .run(move |db| users::insert(db, &row, &hashed.salt, &hashed.hash))
        .await?;
    if !made {
        return Err(ApiError::conflict("this email address has an account"));
    }
    Ok((StatusCode::CREATED, Json(issue(&app, &account).await?)))
}

/// Exchanges email address and password for a pair of tokens.
pub(crate) async fn log_in(
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(&body);
    let email = email(&mut fields);
    let password = fields.text("password", 1..=200);
    let (email, password) = fields.finish((email, password))?;
    let found = app.store.run(move |db| users::by_email(db, &email)).await?;
    let wrong = || ApiError::bad_credentials("email address or password are wrong");
    let (account, salt, hash) = found.ok_or_else(wrong)?;
    if !matches(password, Hashed { salt, hash }).await {
        return Err(wrong());
    }
    Ok(Json(issue(&app, &account).await?))
}

/// A new pair of tokens for this account; the refresh token is noted, so that it is used once.
pub(super) async fn issue(app: &App, account: &Account) -> Result<Value, ApiError> {
    let now_s = clock::now_s();
    let seconds =
        |lifetime: std::time::Duration| i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX / 4);
    let lifetime_s = seconds(app.config.access_lifetime);
    let user = (account.id.as_str(), account.email.as_str());
    let access = Claims::new(user, Kind::Access, now_s, lifetime_s);
    let refresh = Claims::new(
        user,
        Kind::Refresh,
        now_s,
        seconds(app.config.refresh_lifetime),
    );
    let (jti, user_id, exp) = (refresh.jti.clone(), account.id.clone(), refresh.exp);
    app.store
        .run(move |db| users::note_refresh(db, &jti, &user_id, exp))
        .await?;
    Ok(json!({
        "access_token": signed(app, &access)?,
        "refresh_token": signed(app, &refresh)?,
        "token_type": "Bearer",
        "expires_in": lifetime_s,
        "user": { "id": account.id, "email": account.email, "name": account.name },
    }))
}

fn signed(app: &App, claims: &Claims) -> Result<String, ApiError> {
    app.tokens
        .sign(claims)
        .map_err(|error| ApiError::bad_credentials(error.to_string()))
}

/// An address is taken as it is, in lower case; it needs something on both sides of an `@`.
fn email(fields: &mut Fields<'_>) -> String {
    let email = fields.text("email", 3..=320).to_lowercase();
    let sides = email.split_once('@');
    if !email.is_empty() && !sides.is_some_and(|(a, b)| !a.is_empty() && b.contains('.')) {
        fields.note("email", "must be an email address", "format");
    }
    email
}

/// Hashing takes milliseconds of CPU, so it leaves the runtime's own threads.
async fn hashed(password: String) -> Result<Hashed, ApiError> {
    let hashed = tokio::task::spawn_blocking(move || passwords::hash(&password)).await;
    hashed
        .ok()
        .flatten()
        .ok_or_else(|| ApiError::conflict("no password hash could be made"))
}

async fn matches(password: String, hashed: Hashed) -> bool {
    tokio::task::spawn_blocking(move || passwords::is_right(&password, &hashed))
        .await
        .unwrap_or(false)
}
