//! The wire and nothing but the wire: messages generated from `muster/v1/*.proto`.
//!
//! `worker.proto` is what workers and the coordinator say, `control.proto` what people's tools ask,
//! `log.proto` what is written down, `spans.proto` what servers say they did. This crate holds no
//! logic; `wire` turns messages into domain.

/// Version 1 of every message; fields are only ever added.
#[expect(
    clippy::large_enum_variant,
    reason = "generated code is not held to the lints"
)]
pub mod v1 {
    tonic::include_proto!("muster.v1");
}

/// The layout of events in a segment that this build writes and reads.
pub const LOG_FORMAT: u32 = 1;
