//! The auth host: accounts, and the tokens that say who is asking.
//!
//! `tokens` signs and checks, `issuing` gives them out, `passwords` hashes, `identity` reads a
//! request's credentials, `accounts` registers and logs in, `oauth` logs in at the `provider`,
//! `sessions` refreshes, logs out and verifies, `visits` is the browsers' cookie. The tables are in
//! `store::{users, sessions, sign_ins}`.

mod accounts;
mod contract;
mod identity;
mod issuing;
mod oauth;
mod passwords;
pub(crate) mod provider;
mod sessions;
mod tokens;
mod visits;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) use contract::{OPERATIONS, schemas};
pub(crate) use identity::{Caller, Identity};
pub(crate) use tokens::{ADMIN, Claims, Kind, Tokens};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/auth/register", post(accounts::register))
        .route("/auth/login", get(oauth::begin).post(accounts::log_in))
        .route("/auth/callback", get(oauth::callback_from))
        .route("/auth/token", post(issuing::shorter))
        .route("/auth/session", get(visits::session))
        .route("/auth/revoke_all", post(sessions::revoke_all))
        .route("/auth/refresh", post(sessions::refresh))
        .route("/auth/logout", post(sessions::log_out))
        .route("/auth/me", get(sessions::me))
        .route(
            "/auth/verify",
            get(sessions::verify_header).post(sessions::verify_body),
        )
        .route("/auth/health", get(crate::health::ready))
}
