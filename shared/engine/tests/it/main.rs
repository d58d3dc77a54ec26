//! The engine against real servers on loopback: each kind of step, each outcome, each refusal.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is not as it must be"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a suite's text is read best in one piece"
)]

mod blocks;
mod connections;
mod dialing;
mod outcomes;
mod preflight;
mod prove;
mod recorded;
mod references;
mod refused;
mod secrets;
mod sockets;
mod steps;
mod streams;
mod support;
