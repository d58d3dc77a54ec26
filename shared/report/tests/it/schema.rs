//! A validator for as much of JSON Schema as docs/schema/report.schema.json uses.

use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../../../docs/schema/report.schema.json");

/// What of `report` the schema does not allow, and what of the schema this validator can't read.
pub(crate) fn problems(report: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut problems = Vec::new();
    check(&schema, &schema, report, "report", &mut problems);
    problems
}

/// Every field that the schema names, as `cases[].evidence.exchanges`.
pub(crate) fn fields() -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut fields = Vec::new();
    collect(&schema, &schema, "", &mut fields);
    fields
}

fn resolve<'schema>(root: &'schema Value, schema: &'schema Value) -> &'schema Value {
    match schema["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix("#/$defs/"))
    {
        Some(name) => &root["$defs"][name],
        None => schema,
    }
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let schema = resolve(root, schema);
    let allowed: Vec<_> = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !allowed.iter().any(|kind| is_a(kind, value)) {
        problems.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        problems.push(format!("{at}: {value} is none of {words:?}"));
    }
    if let (Some(number), Some(least)) = (value.as_f64(), schema["minimum"].as_f64())
        && number < least
    {
        problems.push(format!("{at}: {value} is less than {least}"));
    }
    match value {
        Value::Object(fields) => check_object(root, schema, fields, at, problems),
        Value::Array(items) => items.iter().enumerate().for_each(|(place, item)| {
            check(
                root,
                &schema["items"],
                item,
                &format!("{at}[{place}]"),
                problems,
            );
        }),
        _ => {}
    }
}

/// Exactly the documented fields: none more, and none left out.
fn check_object(
    root: &Value,
    schema: &Value,
    fields: &Map<String, Value>,
    at: &str,
    problems: &mut Vec<String>,
) {
    let properties = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let required: Vec<_> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if schema["additionalProperties"] != false {
        problems.push(format!("{at}: the schema lets other fields in"));
    }
    for name in properties.keys() {
        if !required.contains(&name.as_str()) || !fields.contains_key(name) {
            problems.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, value) in fields {
        match properties.get(name) {
            Some(property) => check(root, property, value, &format!("{at}.{name}"), problems),
            None => problems.push(format!("{at}.{name} is not documented")),
        }
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        _ => false,
    }
}

fn collect(root: &Value, schema: &Value, at: &str, fields: &mut Vec<String>) {
    let schema = resolve(root, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let resolved = resolve(root, property);
        let is_list = resolved.get("items").is_some();
        let path = format!("{at}{name}{}", if is_list { "[]" } else { "" });
        let inner = if is_list {
            &resolved["items"]
        } else {
            resolved
        };
        fields.push(path.clone());
        collect(root, inner, &format!("{path}."), fields);
    }
}
