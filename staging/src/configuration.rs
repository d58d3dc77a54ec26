//! Configuration: how to connect, for everyone; the platform's own, for administrators; and each
//! user's settings, for that user.
//!
//! `handlers` answers, `contract` declares; the statements are in `store::registry`.

mod contract;
mod handlers;

use axum::Router;
use axum::routing::get;

use crate::app::App;

pub(crate) use contract::{OPERATIONS, schemas};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/mcp/config", get(handlers::connections))
        .route(
            "/api/config",
            get(handlers::platform).put(handlers::configure),
        )
        .route(
            "/api/users/settings",
            get(handlers::settings).patch(handlers::change_settings),
        )
}
