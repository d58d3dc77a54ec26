//! The words of `muster try GET /api/x` → a suite of one test, written as an author would.
//!
//! So a request is read, checked and run by the same code as any suite; nothing is sent from here.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use suite::Environment;

use crate::args::{RequestArgs, TryArgs};
use crate::error::Error;

/// What messages call the request's text.
pub(super) const FILE: &str = "your-request.yaml";

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
];

/// Whether the words are a method and what it is for.
pub(super) fn is_one(what: &[String]) -> bool {
    let is_method = |word: &String| METHODS.contains(&word.to_uppercase().as_str());
    what.len() > 1 && what.first().is_some_and(is_method)
}

/// Flags that only a request can have make no sense for a test.
pub(super) fn refuse_flags(args: &TryArgs) -> Result<(), Error> {
    if args.request == RequestArgs::default() {
        return Ok(());
    }
    let what = args.what.first().map_or("", String::as_str);
    Err(Error::Usage(format!(
        "`{what}` is taken for a test, which says all of its requests itself; a request is written \
         muster try GET /path"
    )))
}

/// The suite of one test, for an environment whose users it may be.
pub(super) fn suite(args: &TryArgs, environment: &Environment) -> Result<String, Error> {
    let [method, address] = args.what.as_slice() else {
        return Err(Error::Usage(
            "a request has one method and one path: muster try GET /path".to_owned(),
        ));
    };
    let request = &args.request;
    let class = class(request, environment)?;
    let mut text = String::from("muster: v1\nsuite: try\npriority: P6\ntests:\n  - id: request\n");
    if let Some(class) = &class {
        let _ = writeln!(text, "    users:\n      user: {}", quoted(class));
    }
    let service = request.service.as_ref();
    let service = service.map(|name| format!("{name}:")).unwrap_or_default();
    let http = quoted(&format!("{} {service}{address}", method.to_uppercase()));
    let acting = class.map_or("nobody", |_| "user");
    let _ = writeln!(
        text,
        "    steps:\n      - http: {http}\n        as: {acting}"
    );
    pairs(&mut text, "headers", ':', &request.headers)?;
    pairs(&mut text, "query", '=', &request.query)?;
    pairs(&mut text, "form", '=', &request.form)?;
    if let Some(json) = &request.json {
        let _ = writeln!(text, "        json: {}", spaced(&body(json)?));
    }
    if !request.status.is_empty() {
        let _ = writeln!(text, "        status: {:?}", request.status);
    }
    if !request.check.is_empty() {
        text.push_str("        check:\n");
        for check in &request.check {
            let _ = writeln!(text, "          - {}", quoted(check));
        }
    }
    Ok(text)
}

/// The class that acts: by its name, or the first one, which tests call `user`.
fn class(request: &RequestArgs, environment: &Environment) -> Result<Option<String>, Error> {
    let classes: Vec<&str> = environment
        .users
        .iter()
        .map(|class| class.name.as_str())
        .collect();
    match request.acting.as_deref() {
        None | Some("nobody") => Ok(None),
        Some(name) if classes.contains(&name) => Ok(Some(name.to_owned())),
        Some("user") if !classes.is_empty() => Ok(classes.first().map(|&name| name.to_owned())),
        Some(name) => Err(Error::Usage(format!(
            "{} has no users of class `{name}`; it has: {}",
            environment.name,
            if classes.is_empty() {
                "none".to_owned()
            } else {
                classes.join(", ")
            }
        ))),
    }
}

fn pairs(text: &mut String, key: &str, between: char, typed: &[String]) -> Result<(), Error> {
    if typed.is_empty() {
        return Ok(());
    }
    let _ = writeln!(text, "        {key}:");
    for pair in typed {
        let (name, value) = pair.split_once(between).ok_or_else(|| {
            Error::Usage(format!(
                "`{pair}` in {key} gives nothing a value; write NAME{between}VALUE"
            ))
        })?;
        let (name, value) = (quoted(name.trim()), quoted(value.trim_start()));
        let _ = writeln!(text, "          {name}: {value}");
    }
    Ok(())
}

/// The body as typed, or as the file behind `@` has it.
fn body(typed: &str) -> Result<Value, Error> {
    let (text, from) = match typed.strip_prefix('@') {
        None => (typed.to_owned(), "--json".to_owned()),
        Some(file) => {
            let text = fs::read_to_string(Path::new(file))
                .map_err(|error| Error::Usage(format!("could not read {file}: {error}")))?;
            (text, file.to_owned())
        }
    };
    serde_json::from_str(&text).map_err(|error| {
        Error::Usage(format!(
            "{from} is not JSON: {error}; write for example --json '{{\"name\": \"x\"}}'"
        ))
    })
}

/// JSON on one line with the spaces that YAML wants behind a colon.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spaced).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), spaced(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// In double quotes: the escapes of JSON are escapes of YAML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_begins_with_its_method() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(is_one(&words(&["GET", "/x"])));
        assert!(is_one(&words(&["post", "auth:/x"])));
        assert!(!is_one(&words(&["GET"])));
        assert!(!is_one(&words(&["test_001", "suites/"])));
    }

    #[test]
    fn json_is_written_so_that_yaml_reads_the_same() {
        let json = serde_json::json!({"a b": [1, {"c": "x: y # z\n${d}"}], "e": null, "f": "1"});
        assert_eq!(
            spaced(&json),
            r#"{"a b": [1, {"c": "x: y # z\n${d}"}], "e": null, "f": "1"}"#
        );
    }
}
