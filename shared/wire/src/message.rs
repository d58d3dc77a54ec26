//! What workers and the coordinator say: `message::worker` goes up, `message::coordinator` down.

mod bounded;
mod coordinator;
mod worker;

pub use bounded::read_from_worker;
pub use coordinator::{decode as decode_to_worker, encode as encode_to_worker};
pub use worker::{decode as decode_from_worker, encode as encode_from_worker};
