//! The coordinator: plans come in, shards go out, and everything is written down before it is said.
//!
//! Decisions are `accounting::coordinator`'s; this crate moves bytes between that machine, the logs
//! and the streams. Reading order: `config`, `app` (the only file that names every part), `seat`
//! (whether this one leads), `probes` (what an orchestrator is told), `shell` (the loop), `archive` (reads of what is durable), `grpc` (the
//! doors), `traces`.

pub mod app;
pub mod archive;
pub mod config;
pub mod grpc;
mod probes;
pub mod seat;
pub mod shell;
pub mod traces;

pub use app::{ExitError, Running, StartError, start};
pub use config::{Cluster, Config, TlsFiles};
