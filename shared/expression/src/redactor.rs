//! Takes known secrets out of texts before they are written or shown. It knows each secret in all
//! the forms it may travel in (`redactor/forms.rs`) and looks through escapes (`redactor/views.rs`).
//! The key that its labels are made with never leaves the worker.

mod forms;
mod index;
mod views;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::value::{Marks, Repr, Value};
use index::{Found, Index};

/// The known secrets of one worker in one run; a clone shares them.
#[derive(Clone)]
pub struct Redactor {
    key: Arc<[u8; 32]>,
    index: Arc<RwLock<Index>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("secrets", &self.len())
            .finish_non_exhaustive()
    }
}

impl Redactor {
    /// Secrets shorter than this are not learned: they would blot out innocent texts.
    pub const MIN_BYTES: usize = 8;

    /// A redactor that knows nothing yet; `key` makes the labels.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Redactor {
            key: Arc::new(key),
            index: Arc::default(),
        }
    }

    /// How many secrets it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers a secret under the name its label shows; one that is known keeps its first name.
    pub fn learn(&self, name: &str, secret: &str) {
        self.learn_bytes(name, secret.as_bytes());
    }

    fn learn_bytes(&self, name: &str, secret: &[u8]) {
        let is_known = || {
            self.index
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .knows(secret)
        };
        if secret.len() < Self::MIN_BYTES || is_known() {
            return;
        }
        let label = self.label(name, secret);
        self.index
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .add(secret, &label);
    }

    /// Remembers the secret of a header: whole, and without its scheme (`Bearer …`) or, of a
    /// cookie, each value without its name and attributes.
    pub fn learn_header(&self, name: &str, value: &str) {
        self.learn(name, value);
        if name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie") {
            let pairs = if name.len() == "cookie".len() {
                usize::MAX
            } else {
                1
            };
            for pair in value.split(';').take(pairs) {
                if let Some((cookie, value)) = pair.split_once('=') {
                    self.learn(cookie.trim(), value.trim());
                }
            }
        } else if let Some((_, credentials)) = value.split_once(' ') {
            self.learn(name, credentials.trim());
        }
    }

    /// Remembers every secret leaf of `value`, fields under their own names.
    pub fn learn_value(&self, name: &str, value: &Value) {
        if !value.is_tainted() {
            return;
        }
        match &value.repr {
            Repr::Text(text) => self.learn(name, text),
            Repr::Bytes(bytes) => self.learn_bytes(name, bytes),
            Repr::Int(_) | Repr::Large(_) | Repr::Double(_) => self.learn(name, &value.to_string()),
            Repr::List(block) => block
                .items
                .iter()
                .for_each(|item| self.learn_value(name, item)),
            Repr::Map(block) => {
                for (key, value) in block.items.iter() {
                    self.learn_value(&key.to_string(), value);
                }
            }
            Repr::Null | Repr::Bool(_) => {}
        }
    }

    /// The text with a label in place of each known secret, in whatever form it is there.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        match self.find(text.as_bytes()) {
            found if found.is_empty() => text.to_owned(),
            found => String::from_utf8_lossy(&self.replaced(text.as_bytes(), &found)).into_owned(),
        }
    }

    /// The bytes with a label in place of each known secret, in whatever form it is there.
    #[must_use]
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match self.find(bytes) {
            found if found.is_empty() => bytes.to_vec(),
            found => self.replaced(bytes, &found),
        }
    }

    /// `value` as JSON: each secret leaf as its label, whatever its length, and each known secret
    /// in any other text, key included. What `name` labels is a leaf without a field of its own.
    #[must_use]
    pub fn redact_value(&self, name: &str, value: &Value) -> serde_json::Value {
        let is_null = matches!(value.repr, Repr::Null);
        if value.own_marks().tainted && !is_null && !is_empty(value) {
            return self.label(name, value.to_string().as_bytes()).into();
        }
        match &value.repr {
            Repr::Text(text) => self.redact(text).into(),
            Repr::List(block) => block
                .items
                .iter()
                .map(|item| self.redact_value(name, item))
                .collect(),
            Repr::Map(block) => {
                let fields = block.items.iter().map(|(key, value)| {
                    let key = key.to_string();
                    let value = self.redact_value(&key, value);
                    (self.redact(&key), value)
                });
                serde_json::Value::Object(fields.collect())
            }
            Repr::Bytes(bytes) => Value::bytes(self.redact_bytes(bytes))
                .with_marks(Marks::NONE)
                .to_json(),
            _ => value.to_json(),
        }
    }

    /// `‹name:3f9a12›`: six hex digits of the secret's HMAC, so that equal secrets look equal in
    /// one run and nothing can be told from one.
    #[must_use]
    pub fn label(&self, name: &str, secret: &[u8]) -> String {
        let digest = match Hmac::<Sha256>::new_from_slice(&*self.key) {
            Ok(mut mac) => {
                mac.update(secret);
                hex::encode(&mac.finalize().into_bytes()[..3])
            }
            Err(_) => String::new(),
        };
        format!("‹{name}:{digest}›")
    }

    fn find(&self, bytes: &[u8]) -> Vec<Found> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        if index.len() == 0 {
            return Vec::new();
        }
        let mut found = index.find(bytes);
        for view in views::of(bytes, index.has_blanks()) {
            let places = index.find(&view.bytes).into_iter();
            found.extend(places.map(|place| Found {
                start: view.start_of(place.start),
                end: view.end_of(place.end),
                ..place
            }));
        }
        merged(found)
    }

    fn replaced(&self, bytes: &[u8], found: &[Found]) -> Vec<u8> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let mut redacted = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for place in found {
            redacted.extend_from_slice(&bytes[at..place.start]);
            redacted.extend_from_slice(index.label(place.secret).as_bytes());
            at = place.end;
        }
        redacted.extend_from_slice(&bytes[at..]);
        redacted
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_list().is_some_and(<[Value]>::is_empty) || value.as_text() == Some("")
}

/// Places in order, those that overlap made one: the longest gives its label.
fn merged(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    let mut merged: Vec<(Found, usize)> = Vec::new();
    for place in found {
        let size = place.end - place.start;
        match merged.last_mut() {
            Some((last, longest)) if place.start < last.end => {
                last.end = last.end.max(place.end);
                if size > *longest {
                    *longest = size;
                    last.secret = place.secret;
                }
            }
            _ => merged.push((place, size)),
        }
    }
    merged.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests;
