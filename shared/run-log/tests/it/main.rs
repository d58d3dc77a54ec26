//! The adapter on object stores: a directory, and a server of S3's protocol that lies.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it must be"
)]

mod directory;
mod hostile_s3;
mod moto;
mod s3;
