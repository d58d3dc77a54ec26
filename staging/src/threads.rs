//! Threads: a user's conversations. Only their owner sees or changes them.
//!
//! `handlers` answers, `access` decides who may; the statements are in `store::threads`.

mod access;
mod contract;
mod handlers;

use axum::Router;
use axum::routing::get;

use crate::app::App;

pub(crate) use access::owned;
pub(crate) use contract::{OPERATIONS, schemas};
pub(crate) use handlers::fresh;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/threads", get(handlers::list).post(handlers::create))
        .route(
            "/api/threads/{id}",
            get(handlers::read)
                .put(handlers::update)
                .delete(handlers::archive),
        )
        .route("/api/threads/{id}/messages", get(handlers::messages))
}
