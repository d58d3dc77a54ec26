//! The worker: it dials out, takes shards, executes their cases, and hands results over.
//!
//! Decisions are `accounting::worker`'s; this crate moves bytes between that machine, the stream,
//! the spool and the engine. Reading order: `config`, `app` (the only file that names every part),
//! `shell` (the loop), `session` (the stream), `executor` (cases), `gate` (the lease), `spool`,
//! `probes` (what an orchestrator is told), `watchdog` (the last stop).

pub mod app;
pub mod config;
mod coordinators;
mod executor;
mod gate;
mod probes;
mod session;
mod shell;
mod spool;
mod watchdog;

pub use app::{ExitError, Running, StartError, start};
pub use config::Config;
pub use dial::TlsFiles;
pub use spool::spooled_results;
