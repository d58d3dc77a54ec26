//! The auth host: accounts, and the tokens that say who is asking.
//!
//! `tokens` signs and checks, `passwords` hashes, `identity` reads a request's credentials,
//! `accounts` registers and logs in, `sessions` refreshes, logs out and verifies. The tables are
//! in `store::users`.

mod accounts;
mod contract;
mod identity;
mod passwords;
mod sessions;
mod tokens;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) use contract::{OPERATIONS, schemas};
pub(crate) use identity::{Caller, Identity};
pub(crate) use tokens::{Claims, Kind, Tokens};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/auth/register", post(accounts::register))
        .route("/auth/login", post(accounts::log_in))
        .route("/auth/refresh", post(sessions::refresh))
        .route("/auth/logout", post(sessions::log_out))
        .route("/auth/me", get(sessions::me))
        .route(
            "/auth/verify",
            get(sessions::verify_header).post(sessions::verify_body),
        )
        .route("/auth/health", get(crate::health::ready))
}
