//! Password hashes: PBKDF2 with HMAC-SHA256 (RFC 8018), a random salt each.
//!
//! The rounds are few for the sake of a debug build; this platform guards test accounts only.

use std::num::NonZeroU32;

use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};

const ROUNDS: NonZeroU32 = NonZeroU32::new(2048).unwrap();

/// A salt and the hash made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hashed {
    pub(crate) salt: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

/// Hashes with a fresh salt; nothing if the system gives no random numbers.
pub(crate) fn hash(password: &str) -> Option<Hashed> {
    let mut salt = vec![0; 16];
    SystemRandom::new().fill(&mut salt).ok()?;
    let mut hash = vec![0; 32];
    pbkdf2::derive(
        PBKDF2_HMAC_SHA256,
        ROUNDS,
        &salt,
        password.as_bytes(),
        &mut hash,
    );
    Some(Hashed { salt, hash })
}

/// Whether this is the password that was hashed.
pub(crate) fn is_right(password: &str, hashed: &Hashed) -> bool {
    let Hashed { salt, hash } = hashed;
    pbkdf2::verify(PBKDF2_HMAC_SHA256, ROUNDS, salt, password.as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_hashed_is_right() {
        let hashed = hash("correct horse").unwrap();
        assert!(is_right("correct horse", &hashed));
        assert!(!is_right("correct hors", &hashed));
        assert_ne!(hashed, hash("correct horse").unwrap());
    }
}
