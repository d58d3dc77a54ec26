//! Reports of synthetic runs, made of events like any other: what they look like, that their
//! figures agree with each other, that their documentation is true, and that no text from outside
//! gets out of hand.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod consistency;
mod documentation;
mod hostile;
mod html;
mod recompute;
mod records;
mod scenarios;
mod schema;
mod screens;
mod snapshots;
mod synthetic;
mod verdicts;
