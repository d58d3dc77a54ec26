//! Plain functions between the wire's messages and the domain's nouns, one noun per file.
//!
//! `encode` never fails; `decode` says which field is missing or wrong. Nothing here does I/O, and
//! nothing but these functions knows both sides.
//!
//! Reading order: `bad_message`, the nouns (`hex`, `digest`, `outcome`, `result`, `preflight`,
//! `gate`), what is stored (`plan`, `bundle`, `record`, `event`, `segment`, `spans`), what is said
//! (`message`).

pub mod bad_message;
pub mod bundle;
pub mod digest;
pub mod event;
pub mod gate;
pub mod hex;
pub mod message;
pub mod outcome;
pub mod plan;
pub mod preflight;
pub mod record;
pub mod result;
pub mod segment;
pub mod spans;

pub use bad_message::BadMessage;
pub use bundle::Bundle;

#[cfg(test)]
mod tests;
