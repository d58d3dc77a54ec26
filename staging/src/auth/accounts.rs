//! `POST /auth/register` and `POST /auth/login`.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::issuing::{self, Begun};
use super::passwords::{self, Hashed};
use super::tokens::ADMIN;
use crate::app::App;
use crate::clock;
use crate::store::users::{self, Account};
use crate::web::{ApiError, Fields, JsonBody};

/// Makes an account and logs it in.
///
/// `role: admin` takes the key that the environment file holds.
pub(crate) async fn register(
    State(app): State<App>,
    cookies: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, HeaderMap, Json<Value>), ApiError> {
    let mut fields = Fields::of(&body);
    let email = email(&mut fields);
    let password = fields.text("password", 8..=200);
    let name = fields.optional_text("name", 1..=200);
    let role = role(&app, &mut fields);
    let (email, password, name, role) = fields.finish((email, password, name, role))?;
    let role = role?;
    let hashed = hashed(password).await?;
    let account = fresh(email, name, role);
    if !made(&app, &account, hashed).await? {
        return Err(ApiError::conflict("this email address has an account"));
    }
    let Begun { headers, tokens } = issuing::begin(&app, &account, &cookies).await?;
    Ok((StatusCode::CREATED, headers, Json(tokens)))
}

/// An account that begins now.
pub(super) fn fresh(email: String, name: Option<String>, role: &str) -> Account {
    Account {
        id: format!("user_{}", Uuid::new_v4().simple()),
        email,
        name,
        role: role.to_owned(),
        created_ms: clock::now_ms(),
    }
}

/// Stores an account; false when its address has one.
pub(super) async fn made(app: &App, account: &Account, hashed: Hashed) -> Result<bool, ApiError> {
    let row = account.clone();
    let made = app
        .store
        .run(move |db| users::insert(db, &row, &hashed.salt, &hashed.hash));
    Ok(made.await?)
}

/// The role asked for; the refusal is kept apart, so that problems of the form come first.
fn role(app: &App, fields: &mut Fields<'_>) -> Result<&'static str, ApiError> {
    let role = fields.optional_text("role", 1..=20);
    let key = fields.optional_text("admin_key", 1..=200);
    match role.as_deref() {
        None | Some("member") => Ok("member"),
        Some(ADMIN) if key.as_deref() == Some(app.admin_key.as_str()) => Ok(ADMIN),
        Some(ADMIN) => Err(ApiError::not_permitted(
            "the admin key is not the right one",
        )),
        Some(_) => {
            fields.note("role", "must be member or admin", "value");
            Ok("member")
        }
    }
}

/// Exchanges email address and password for a pair of tokens.
pub(crate) async fn log_in(
    State(app): State<App>,
    cookies: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
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
    let Begun { headers, tokens } = issuing::begin(&app, &account, &cookies).await?;
    Ok((headers, Json(tokens)))
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
pub(super) async fn hashed(password: String) -> Result<Hashed, ApiError> {
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
