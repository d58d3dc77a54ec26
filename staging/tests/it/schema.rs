//! Holds an answer against the document of `/openapi.json`: status declared, body of its shape.

use http::Method;
use serde_json::Value;

pub(crate) fn check(document: &Value, method: &Method, path: &str, status: u16, body: &Value) {
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(document, method, path) else {
        assert!(
            matches!(status, 404 | 405),
            "{method} {path} is not declared: {status}"
        );
        return;
    };
    let declared = &operation["responses"][status.to_string()];
    assert!(
        declared.is_object(),
        "{method} {path}: {status} is not declared; body was {body}"
    );
    let schema = &declared["content"]["application/json"]["schema"];
    if schema.is_object() && method != Method::HEAD {
        let problems = problems(document, schema, body, "body");
        assert!(
            problems.is_empty(),
            "{method} {path} {status}: {problems:?}; body was {body}"
        );
    }
}

fn operation<'a>(document: &'a Value, method: &Method, path: &str) -> Option<&'a Value> {
    let paths = document["paths"].as_object().unwrap();
    let exact = paths.get(path);
    let entry = exact.or_else(|| {
        paths
            .iter()
            .find(|(p, _)| matches_path(p, path))
            .map(|e| e.1)
    })?;
    let method = if method == Method::HEAD {
        "get"
    } else {
        &method.as_str().to_lowercase()
    };
    entry.get(method)
}

fn matches_path(template: &str, path: &str) -> bool {
    let (mut a, mut b) = (template.split('/'), path.split('/'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || a.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// What is wrong with a value, by the parts of JSON Schema that the document uses.
fn problems(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        return problems(document, schema, value, place);
    }
    let mut found = Vec::new();
    if !types(&schema["type"]).iter().any(|kind| is(kind, value)) {
        found.push(format!("{place} is no {}", schema["type"]));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{place}.{name} is missing"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(part) = value.get(name) {
            found.extend(problems(document, schema, part, &format!("{place}.{name}")));
        }
    }
    if schema["items"].is_object() {
        for part in value.as_array().into_iter().flatten() {
            found.extend(problems(
                document,
                &schema["items"],
                part,
                &format!("{place}[]"),
            ));
        }
    }
    found
}

fn types(kind: &Value) -> Vec<String> {
    match kind {
        Value::String(kind) => vec![kind.clone()],
        Value::Array(kinds) => kinds.iter().map(crate::lab::text).collect(),
        other => panic!("a schema without a type: {other}"),
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("an unknown type: {other}"),
    }
}
