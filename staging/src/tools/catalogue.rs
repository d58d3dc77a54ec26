//! The tools and what each computes. Pure.

use serde_json::{Value, json};

use crate::agents::{Statistics, digest, statistics};
use crate::web::{ApiError, Fields};

/// One tool.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) admin_only: bool,
    /// The result for these arguments, or what is wrong with them.
    pub(super) work: fn(&Value) -> Result<Value, ApiError>,
}

pub(super) const TOOLS: [Tool; 4] = [
    Tool {
        name: "text_statistics",
        description: "counts what a text consists of",
        admin_only: false,
        work: count,
    },
    Tool {
        name: "text_digest",
        description: "names a text by its content, with SHA-256",
        admin_only: false,
        work: name,
    },
    Tool {
        name: "sum",
        description: "adds up whole numbers",
        admin_only: false,
        work: add,
    },
    Tool {
        name: "audit_report",
        description: "reports on a text for administrators",
        admin_only: true,
        work: count,
    },
];

/// The names of all tools.
pub(crate) fn names() -> Vec<&'static str> {
    TOOLS.iter().map(|tool| tool.name).collect()
}

fn count(arguments: &Value) -> Result<Value, ApiError> {
    let Statistics {
        words,
        distinct,
        longest,
    } = statistics(&text(arguments)?);
    Ok(json!({ "words": words, "distinct": distinct, "longest": longest }))
}

fn name(arguments: &Value) -> Result<Value, ApiError> {
    Ok(json!({ "sha256": digest(&text(arguments)?) }))
}

fn text(arguments: &Value) -> Result<String, ApiError> {
    let mut fields = Fields::of(arguments);
    let text = fields.text("text", 1..=8000);
    fields.finish(text)
}

fn add(arguments: &Value) -> Result<Value, ApiError> {
    let mut fields = Fields::of(arguments);
    let given = fields.value("numbers");
    let numbers: Option<Vec<i64>> = given
        .as_array()
        .and_then(|numbers| numbers.iter().map(Value::as_i64).collect());
    if numbers.is_none() && !given.is_null() {
        fields.note("numbers", "must be a list of whole numbers", "type");
    }
    let numbers = fields.finish(numbers.unwrap_or_default())?;
    let sum = numbers.iter().fold(0_i64, |sum, n| sum.saturating_add(*n));
    Ok(json!({ "sum": sum, "count": numbers.len() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_follow_from_the_arguments() {
        assert_eq!(add(&json!({ "numbers": [1, 2, -7] })).unwrap()["sum"], -4);
        assert_eq!(count(&json!({ "text": "a b a" })).unwrap()["distinct"], 2);
        assert_ne!(
            name(&json!({ "text": "a" })).unwrap(),
            name(&json!({ "text": "b" })).unwrap()
        );
    }

    #[test]
    fn bad_arguments_are_refused() {
        assert!(add(&json!({ "numbers": [1, "2"] })).is_err());
        assert!(add(&json!({})).is_err());
        assert!(name(&json!({ "text": 1 })).is_err());
    }
}
