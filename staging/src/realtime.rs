//! `/ws`: chat messages and agents' runs over WebSocket.
//!
//! `handshake` decides before the connection changes hands, `connection` is the loop of one open
//! socket, `frames` reads and writes its messages, `dialogue` acts on them.

mod connection;
mod dialogue;
mod frames;
mod handshake;

use axum::Router;
use axum::routing::get;

use crate::app::App;
use crate::contract::{Operation, operation};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/ws", get(handshake::open))
}

/// 403 without credentials, 401 with bad ones, 426 without a handshake.
pub(crate) const OPERATIONS: &[Operation] = &[operation(
    "GET",
    "/ws",
    None,
    &[
        (101, "Switch"),
        (400, "Error"),
        (401, "Error"),
        (403, "Error"),
        (426, "Error"),
    ],
)];
