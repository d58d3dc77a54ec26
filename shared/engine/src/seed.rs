//! Everything random in a try, grown from run, case, attempt and try.
//!
//! The same try replayed gives the same values; another try of the same case gives others, so that
//! a retry never sends again what the first try sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use expression::{Effects, Value};
use sha2::{Digest, Sha256};

/// The root of a try's randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed([u8; 32]);

impl Seed {
    pub(crate) fn new(run: &str, case: &str, attempt: u64, number: u32) -> Self {
        let mut hasher = Sha256::new();
        for part in [
            run.as_bytes(),
            case.as_bytes(),
            &attempt.to_be_bytes(),
            &number.to_be_bytes(),
        ] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    fn bytes(&self, purpose: &str) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(purpose);
        hasher.finalize().into()
    }

    /// `digits` hexadecimal digits for a purpose, at most 64.
    pub(crate) fn hex(&self, purpose: &str, digits: usize) -> String {
        let mut text = hex::encode(self.bytes(purpose));
        text.truncate(digits);
        text
    }

    pub(crate) fn number(&self, purpose: &str) -> u64 {
        let bytes = self.bytes(purpose);
        bytes
            .iter()
            .take(8)
            .fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }
}

/// The clock and the randomness of one step, in one iteration, for one user: all in its path.
#[derive(Debug)]
pub(crate) struct StepEffects {
    seed: Seed,
    path: Arc<str>,
    now_ms: i64,
    drawn: Arc<AtomicU64>,
}

impl StepEffects {
    pub(crate) fn new(seed: Seed, path: Arc<str>, now_ms: i64) -> Self {
        Self {
            seed,
            path,
            now_ms,
            drawn: Arc::default(),
        }
    }

    /// The same sequence, later.
    pub(crate) fn at(&self, now_ms: i64) -> Self {
        Self {
            seed: self.seed,
            path: self.path.clone(),
            now_ms,
            drawn: self.drawn.clone(),
        }
    }
}

impl Effects for StepEffects {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn random(&self) -> u64 {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        self.seed.number(&format!("random/{}/{count}", self.path))
    }

    fn metric(&self, _name: &str, _labels: &Value) -> Option<Value> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_never_draws_what_the_first_try_drew() {
        let draw = |number| {
            let effects = StepEffects::new(Seed::new("r", "c", 1, number), "steps[0]".into(), 0);
            (effects.random(), effects.random())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1).0, draw(1).1);
    }
}
