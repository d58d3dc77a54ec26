//! A coordinator and workers in this process, over real gRPC on loopback, with the real engine
//! against a small real server: what the parts promise to each other.
//!
//! Whole processes, signals and the command line are in `tests/it`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests panic with what is wrong"
)]

mod bad_input;
mod caps;
mod certificates;
mod cluster;
mod forged;
mod grid;
mod legs;
mod losses;
mod otlp;
mod runs;
mod target;
mod tls;
