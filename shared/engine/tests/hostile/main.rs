//! Targets that mean harm, as real servers on loopback: each ends as a clear outcome, gives its
//! connections back, and costs a bounded amount of memory.
//!
//! A binary of its own, because it counts every byte that is allocated: its tests run one at a
//! time, and what they compare with is memory, never time.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is not as it must be"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a table of harms is read best in one piece"
)]

mod answers;
mod bodies;
mod harness;
mod names;
mod redirects;
mod sockets;
mod streams;
