//! The adapter on etcd, against a real server: whole, away, forgetful, full, and with users.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it must be"
)]

mod etcd;
mod refused;
mod space;
