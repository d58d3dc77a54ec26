//! Agents: a deterministic engine that really works on the prompt, and the runs it is used in.
//!
//! `engine` is the pure work, `events` turns it into a run's numbered events, `line` delivers
//! them once each across reconnects, `runs` keeps the runs; `execute` and `stream` answer over
//! HTTP. Over WebSocket runs are started and resumed by `realtime`.

mod contract;
mod engine;
mod events;
mod execute;
mod line;
mod runs;
mod stream;

use axum::Router;
use axum::routing::post;

use crate::app::App;

pub(crate) use contract::{OPERATIONS, schemas};
pub(crate) use engine::AGENTS;
pub(crate) use line::{Listener, Outgoing};
pub(crate) use runs::{NewRun, Runs, begin, resume};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/agents/execute", post(execute::execute))
        .route("/api/agent/stream", post(stream::stream))
}
