//! The adapter on etcd, against a real server: whole, away, forgetful, and full.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it must be"
)]

mod etcd;
mod space;
