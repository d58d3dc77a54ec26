//! Messages: what was said in a thread, in the order in which it was stored.
//!
//! `handlers` answers over HTTP, `posting` stores a message for HTTP and WebSocket alike,
//! `paging` reads a page; the statements are in `store::messages`.

mod contract;
mod handlers;
mod paging;
mod posting;

use axum::Router;
use axum::routing::get;
use serde_json::Value;

use crate::app::App;

pub(crate) use contract::{OPERATIONS, schemas};
pub(crate) use paging::of_thread;
pub(crate) use posting::{Posting, post};

/// The longest content, in characters.
pub(crate) const LONGEST: usize = 8000;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/messages", get(handlers::list).post(handlers::create))
        .route(
            "/api/messages/{id}",
            get(handlers::read).delete(handlers::delete),
        )
}

/// Metadata as stored, as JSON again; it was JSON when it was stored.
pub(crate) fn metadata(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
