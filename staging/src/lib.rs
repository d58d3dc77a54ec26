//! The reference platform under test: a real server for a chat product with agents.
//!
//! It keeps accounts, threads, messages and agent runs in an SQL database on disk, speaks HTTP and
//! WebSocket over TLS from a certificate authority of its own, and can be told to do the wrong
//! thing on purpose (`defects`). It knows nothing of the grid and depends on none of its crates.
//!
//! Reading order: `config`, `platform` (start and stop), `edge` (what every request goes through),
//! then one module per area: `auth`, `threads`, `messages`, `agents`, `realtime`, `limits`,
//! `discovery`, `configuration`, `tools`, `sessions`, `documents`, `health`, `receipts`, `defects`;
//! `entrances` has the listeners, good and bad. `contract` is what the API declares, `store` the database.

mod agents;
mod app;
mod auth;
mod clock;
mod config;
mod configuration;
mod contract;
mod defects;
mod discovery;
mod documents;
mod edge;
mod entrances;
mod environment;
mod error;
mod health;
mod limits;
mod messages;
mod platform;
mod realtime;
mod receipts;
mod server;
mod sessions;
mod store;
mod telemetry;
mod threads;
mod tls;
mod tools;
mod web;

pub use config::Config;
pub use defects::{Defect, Switches};
pub use error::Error;
pub use platform::{Platform, Running};
