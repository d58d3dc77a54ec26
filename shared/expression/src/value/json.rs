//! JSON in and out. What JSON can say comes back unchanged: whole numbers up to `u64`, fractions,
//! the order of keys. Bytes leave as base64, and numbers that JSON lacks (infinities) as null.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::{Key, Marks, Repr, Value};

impl Value {
    /// The value of a JSON document, every node with `marks`.
    #[must_use]
    pub fn from_json(json: &Json, marks: Marks) -> Self {
        let value = match json {
            Json::Null => Value::null(),
            Json::Bool(value) => Value::bool(*value),
            Json::Number(number) => from_number(number),
            Json::String(text) => Value::text(text.as_str()),
            Json::Array(items) => {
                Value::list(items.iter().map(|item| Value::from_json(item, marks)))
            }
            Json::Object(fields) => Value::map(
                fields
                    .iter()
                    .map(|(key, value)| (key.as_str(), Value::from_json(value, marks))),
            ),
        };
        value.with_own_marks(marks)
    }

    /// The JSON of this value, secrets and all: for requests, never for what is written down.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.repr {
            Repr::Null => Json::Null,
            Repr::Bool(value) => Json::Bool(*value),
            Repr::Int(value) => Json::from(*value),
            Repr::Large(value) => Json::from(*value),
            Repr::Double(value) => Json::from(*value),
            Repr::Text(text) => Json::from(&**text),
            Repr::Bytes(bytes) => Json::from(STANDARD.encode(bytes)),
            Repr::List(block) => block.items.iter().map(Value::to_json).collect(),
            Repr::Map(block) => Json::Object(
                block
                    .items
                    .iter()
                    .map(|(key, value)| (key.to_string(), value.to_json()))
                    .collect(),
            ),
        }
    }

    pub(crate) fn as_shared_text(&self) -> Option<Arc<str>> {
        match &self.repr {
            Repr::Text(text) => Some(Arc::clone(text)),
            _ => None,
        }
    }
}

fn from_number(number: &serde_json::Number) -> Value {
    if let Some(whole) = number.as_i64() {
        return Value::int(whole);
    }
    number.as_u64().map_or_else(
        || Value::double(number.as_f64().unwrap_or(f64::NAN)),
        Value::unsigned,
    )
}

impl From<&Key> for Value {
    fn from(key: &Key) -> Self {
        key.to_value()
    }
}
