//! The binary as people and CI jobs use it: what it prints, what it writes, how it ends.
//!
//! Each test has a folder of its own and starts the real program. Whole grids with several
//! processes are tested in `e2e`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where the world is not as it needs it"
)]

mod cancelling;
mod check;
mod demo;
mod detached;
mod diff;
mod exit_codes;
mod first_steps;
mod fmt;
mod laptop;
mod locks;
mod muster;
mod platform;
mod prove;
mod separate;
mod trying;
mod verifying;
mod watching;
mod words;
