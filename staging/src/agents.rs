//! Agents: a deterministic engine that really works on the prompt, and the runs it is used in.
//!
//! `engine` is the pure work, `events` turns it into a run's numbered events, `carrying` tells them
//! in time, `line` delivers them once each across reconnects, `runs` keeps the runs; `control`,
//! `execute` and `stream` answer over HTTP. Over WebSocket runs are started by `realtime`.

mod carrying;
mod contract;
mod control;
mod engine;
mod events;
mod execute;
mod line;
mod runs;
mod stream;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) use contract::{OPERATIONS, schemas};
pub(crate) use control::LONGEST_STEP_MS;
pub(crate) use engine::{AGENTS, Statistics, digest, statistics};
pub(crate) use line::{Listener, Outgoing};
pub(crate) use runs::{NewRun, Runs, begin, resume};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/agents/execute", post(execute::execute))
        .route("/api/agents/start", post(control::start))
        .route("/api/agents/cancel", post(control::cancel))
        .route("/api/agent/run_agent", post(control::run))
        .route("/api/agent/{run_id}/status", get(control::status))
        .route("/api/agent/stream", post(stream::stream))
}
