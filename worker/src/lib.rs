//! The worker: dials out to a coordinator, executes leased cases, keeps results until they count.
//!
//! Decisions are `accounting::worker`'s; this crate moves bytes between that machine, the stream,
//! the spool and the engine. Reading order: `config`, `app` (the only file that names every part),
//! `shell` (the loop), `session` (the stream), `executor` (the cases), `work` (what a run is made
//! of), `spool`, `gate`, `dial`.

pub mod app;
pub mod config;
pub mod dial;
mod executor;
mod gate;
mod session;
mod shell;
mod spool;
mod work;

pub use app::{Failure, Running, StartError, start};
pub use config::{Config, TlsFiles};
