//! Finds any form of any known secret in one pass, and learns new ones without building anything
//! anew: each form is known by its last eight bytes, which are looked up at every position of the
//! text behind a small filter. The last, because tokens are alike at their beginning.

use std::collections::HashMap;
use std::sync::Arc;

use super::forms::{self, Form};

const ANCHOR: usize = 8;
/// Bits of the filter, a power of two.
const FILTER_BITS: usize = 1 << 18;

/// The known secrets.
#[derive(Default)]
pub(super) struct Index {
    secrets: Vec<Secret>,
    known: HashMap<Arc<[u8]>, usize>,
    anchors: HashMap<[u8; ANCHOR], Vec<(usize, Form)>>,
    /// Empty until there is a secret.
    filter: Vec<u64>,
    has_blanks: bool,
}

struct Secret {
    bytes: Arc<[u8]>,
    label: String,
}

/// A place in a text, in bytes, that holds a form of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) secret: usize,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.secrets.len()
    }

    pub(super) fn knows(&self, secret: &[u8]) -> bool {
        self.known.contains_key(secret)
    }

    /// Whether any secret has a blank, which forms write as `+`.
    pub(super) fn has_blanks(&self) -> bool {
        self.has_blanks
    }

    pub(super) fn label(&self, secret: usize) -> &str {
        self.secrets
            .get(secret)
            .map_or("‹secret›", |secret| &secret.label)
    }

    pub(super) fn add(&mut self, secret: &[u8], label: &str) {
        if self.knows(secret) {
            return;
        }
        let position = self.secrets.len();
        let bytes: Arc<[u8]> = secret.into();
        self.has_blanks |= secret.contains(&b' ');
        for form in forms::all() {
            if let Some(anchor) = form.of(secret).last_chunk::<ANCHOR>() {
                self.anchor(*anchor, position, form);
            }
        }
        self.known.insert(Arc::clone(&bytes), position);
        self.secrets.push(Secret {
            bytes,
            label: label.to_owned(),
        });
    }

    fn anchor(&mut self, anchor: [u8; ANCHOR], position: usize, form: Form) {
        if self.filter.is_empty() {
            self.filter = vec![0; FILTER_BITS / 64];
        }
        let bit = filter_bit(anchor);
        self.filter[bit / 64] |= 1 << (bit % 64);
        self.anchors
            .entry(anchor)
            .or_default()
            .push((position, form));
    }

    /// All places, in no order, overlapping ones too.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        if self.filter.is_empty() {
            return found;
        }
        for (at, window) in text.windows(ANCHOR).enumerate() {
            let Some(anchor) = window.first_chunk::<ANCHOR>() else {
                continue;
            };
            let bit = filter_bit(*anchor);
            if self.filter[bit / 64] & (1 << (bit % 64)) == 0 {
                continue;
            }
            let end = at + ANCHOR;
            for (secret, form) in self.anchors.get(anchor).into_iter().flatten() {
                let Some(known) = self.secrets.get(*secret) else {
                    continue;
                };
                let wanted = form.of(&known.bytes);
                if text[..end].ends_with(&wanted) {
                    found.push(Found {
                        start: end - wanted.len(),
                        end,
                        secret: *secret,
                    });
                }
            }
        }
        found
    }
}

fn filter_bit(anchor: [u8; ANCHOR]) -> usize {
    let mixed = u64::from_le_bytes(anchor).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize % FILTER_BITS
}
