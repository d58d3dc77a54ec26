//! SHA-256 in lower-case hexadecimal: how blobs and the final table are named.

use domain::Digest;
use sha2::{Digest as _, Sha256};

/// The name of these bytes.
pub fn of(bytes: &[u8]) -> Digest {
    Digest::from(hex::encode(Sha256::digest(bytes)))
}
