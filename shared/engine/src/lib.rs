//! Runs one case of a checked suite against the target, and says how it ended.
//!
//! The engine knows no coordinator, no log and no wire format: a job comes in, an ended case goes
//! out. It never decides who may run what; it asks the lease gate before each connect, request and
//! send. Reading order: `engine` (the door), `case` (one try), `play` (its phases), `interpreter`
//! (the steps), `tape` and `recording` (what was observed), `judge` (what it means), `transport`
//! and `dialer` (the network), `redact` and `record` (the copy for readers), `preflight`.

pub mod case;
mod cover;
pub mod dialer;
pub mod engine;
mod interpreter;
pub mod judge;
mod needed;
mod play;
mod preflight;
pub mod prove;
mod record;
pub mod recording;
mod redact;
pub mod secrets;
mod seed;
mod socket;
mod tape;
mod trace;
pub mod transport;
mod weight;

pub use engine::{
    CapShare, Ended, Engine, EngineConfig, EngineError, Job, LeaseGate, OpenGate, PROVES_WITHIN,
};
pub use interpreter::stream_records;
