//! The texts of a value. `Display` is what a request needs: the plain text, secrets and all.
//! `Debug` and [`Value::excerpt`] are for people: they never show a secret.

use std::fmt;

use super::{Repr, Value};

/// What stands for a secret where no name and no key are at hand.
pub(crate) const HIDDEN: &str = "‹secret›";

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repr {
            Repr::Null => f.write_str("null"),
            Repr::Bool(value) => value.fmt(f),
            Repr::Int(value) => value.fmt(f),
            Repr::Large(value) => value.fmt(f),
            Repr::Double(value) => write_double(*value, f),
            Repr::Text(text) => f.write_str(text),
            Repr::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => f.write_str(text),
                Err(_) => write!(f, "{}", self.to_json().as_str().unwrap_or_default()),
            },
            Repr::List(_) | Repr::Map(_) => self.to_json().fmt(f),
        }
    }
}

/// The shortest text that reads back as the same number, never hundreds of digits.
fn write_double(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let size = value.abs();
    if size != 0.0 && !(1e-5..1e17).contains(&size) && value.is_finite() {
        write!(f, "{value:e}")
    } else {
        write!(f, "{value}")
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repr {
            _ if self.own_marks().tainted => f.write_str(HIDDEN),
            Repr::Text(text) => write!(f, "{:?}", &**text),
            Repr::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Repr::List(block) => f.debug_list().entries(&block.items).finish(),
            Repr::Map(block) => block.items.fmt(f),
            _ => fmt::Display::fmt(self, f),
        }
    }
}

impl fmt::Debug for super::Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(key, value)| (key.to_string(), value)))
            .finish()
    }
}

impl Value {
    /// A text for a message: what it is, cut to `limit` characters, secrets hidden.
    #[must_use]
    pub fn excerpt(&self, limit: usize) -> String {
        let whole = self.weight();
        if whole > 10_000 && self.as_text().is_none() {
            return format!("a {} of {whole} parts", self.type_name());
        }
        let text = match self.as_text() {
            Some(text) if !self.is_tainted() => {
                let head: String = text.chars().take(limit + 1).collect();
                format!("{head:?}")
            }
            _ => format!("{self:?}"),
        };
        if text.chars().count() <= limit {
            return text;
        }
        text.chars()
            .take(limit)
            .chain(std::iter::once('…'))
            .collect()
    }
}
