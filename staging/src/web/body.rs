//! Reads a JSON body, and its fields one by one, so that a refusal names every problem at once.

use std::ops::RangeInclusive;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{ApiError, Problem};

/// The largest body taken, in bytes; axum's own limit lies above it.
const LIMIT: usize = 1024 * 1024;

/// A body that is JSON, whatever it holds.
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| ApiError::too_large(LIMIT))?;
        if bytes.len() > LIMIT {
            return Err(ApiError::too_large(LIMIT));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            ApiError::invalid(vec![Problem {
                field: "body".into(),
                message: format!("not JSON: {error}"),
                kind: "json",
            }])
        })
    }
}

/// The fields of one object, and the problems found with them so far.
pub(crate) struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        let mut fields = Self {
            object: value.as_object(),
            problems: Vec::new(),
        };
        if fields.object.is_none() {
            fields.note("body", "must be an object", "type");
        }
        fields
    }

    /// A text that must be there, with a length in characters within `length`.
    pub(crate) fn text(&mut self, name: &str, length: RangeInclusive<usize>) -> String {
        match self.optional_text(name, length) {
            Some(text) => text,
            None => {
                if self.get(name).is_none() {
                    self.note(name, "is missing", "missing");
                }
                String::new()
            }
        }
    }

    /// A text that may be left out or null.
    pub(crate) fn optional_text(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let Some(text) = self.get(name)?.as_str() else {
            self.note(name, "must be a text", "type");
            return None;
        };
        if !length.contains(&text.chars().count()) {
            let message = format!(
                "must have {} to {} characters",
                length.start(),
                length.end()
            );
            self.note(name, &message, "length");
            return None;
        }
        Some(text.to_owned())
    }

    /// An object that may be left out or null.
    pub(crate) fn optional_object(&mut self, name: &str) -> Option<Value> {
        let value = self.get(name)?;
        if !value.is_object() {
            self.note(name, "must be an object", "type");
            return None;
        }
        Some(value.clone())
    }

    /// Any value that must be there and not be null.
    pub(crate) fn value(&mut self, name: &str) -> Value {
        let value = self.get(name).cloned();
        if value.is_none() {
            self.note(name, "is missing", "missing");
        }
        value.unwrap_or_default()
    }

    /// A whole number within `range` that may be left out or null.
    pub(crate) fn optional_number(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            let message = format!("must be a whole number from {least} to {most}");
            self.note(name, &message, "range");
        }
        number
    }

    /// Yes or no; no when it is left out or null.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let Some(value) = self.get(name) else {
            return false;
        };
        if !value.is_boolean() {
            self.note(name, "must be true or false", "type");
        }
        value.as_bool().unwrap_or(false)
    }

    /// Adds a problem that the caller found.
    pub(crate) fn note(&mut self, field: &str, message: &str, kind: &'static str) {
        self.problems.push(Problem {
            field: field.into(),
            message: message.into(),
            kind,
        });
    }

    /// The value, unless any field had a problem.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, ApiError> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(ApiError::invalid(self.problems))
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.object?.get(name).filter(|value| !value.is_null())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_problem_is_named_once() {
        let body = json!({ "email": 7, "password": "short", "note": null });
        let mut fields = Fields::of(&body);
        fields.text("email", 1..=10);
        fields.text("password", 8..=20);
        fields.text("name", 1..=10);
        assert_eq!(fields.optional_text("note", 1..=10), None);
        let named: Vec<_> = fields
            .problems
            .iter()
            .map(|p| (p.field.as_str(), p.kind))
            .collect();
        assert_eq!(
            named,
            [
                ("email", "type"),
                ("password", "length"),
                ("name", "missing")
            ]
        );
    }
}
