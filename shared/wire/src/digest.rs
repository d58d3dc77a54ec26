//! Digests: the name of a blob is the SHA-256 of its bytes.

use domain::Digest;
use proto::v1::HexText;
use sha2::{Digest as _, Sha256};

use crate::bad_message::BadMessage;
use crate::hex;

/// The digest of some bytes.
pub fn of(bytes: &[u8]) -> Digest {
    Digest::from(hex::to_text(&Sha256::digest(bytes)))
}

pub fn encode(digest: &Digest) -> HexText {
    hex::encode(digest.as_str())
}

pub fn decode(field: &'static str, message: Option<HexText>) -> Result<Digest, BadMessage> {
    hex::decode(field, message).map(Digest::from)
}
