//! What a value is: its kind, what it holds, and the plain Rust values that become one.

use super::{Map, Repr, Value};

impl Value {
    /// The kind of value in the words of messages: `null`, `bool`, `number`, `text`, `bytes`,
    /// `list`, `map`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.repr {
            Repr::Null => "null",
            Repr::Bool(_) => "bool",
            Repr::Int(_) | Repr::Large(_) | Repr::Double(_) => "number",
            Repr::Text(_) => "text",
            Repr::Bytes(_) => "bytes",
            Repr::List(_) => "list",
            Repr::Map(_) => "map",
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.repr, Repr::Null)
    }

    /// The bool that it is.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.repr {
            Repr::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The whole number that it is, `2.0` being one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self.repr {
            Repr::Int(value) => Some(value),
            Repr::Double(value) if value.fract() == 0.0 && value.abs() < 9.0e18 => {
                Some(value as i64)
            }
            _ => None,
        }
    }

    /// The number that it is, as near as a double can be.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self.repr {
            Repr::Int(value) => Some(value as f64),
            Repr::Large(value) => Some(value as f64),
            Repr::Double(value) => Some(value),
            _ => None,
        }
    }

    /// The text that it is.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.repr {
            Repr::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes that it is.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.repr {
            Repr::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The items of the list that it is.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match &self.repr {
            Repr::List(block) => Some(&block.items),
            _ => None,
        }
    }

    /// The map that it is.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match &self.repr {
            Repr::Map(block) => Some(&block.items),
            _ => None,
        }
    }

    /// The field of that name, if it is a map that has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map()?.get(name)
    }
}

impl Default for Value {
    fn default() -> Self {
        Value::null()
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::double(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::text(value)
    }
}
