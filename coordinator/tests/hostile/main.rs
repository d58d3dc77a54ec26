//! The doors of a coordinator against clients that mean harm: bytes that are no message, lengths
//! that lie, floods of streams and headers. Each is refused, costs a bounded amount of memory, and
//! leaves the grid as it was.
//!
//! A binary of its own, because it counts every byte that is allocated: its tests run one at a
//! time, and what they compare with is memory, never time.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it must be"
)]

mod door;
mod floods;
mod messages;
