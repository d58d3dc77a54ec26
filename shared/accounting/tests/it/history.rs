//! A running hash of everything that happens, so that two histories can be compared by a number.

use std::hash::Hasher;

/// FNV-1a (Fowler, Noll, Vo): the same bytes give the same number on every machine.
#[derive(Clone, Debug)]
pub(crate) struct History(u64);

impl Default for History {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for History {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
