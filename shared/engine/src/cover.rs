//! Takes secrets out of texts by where they stand, however short they are: fields of JSON,
//! parameters of forms and addresses, headers and cookies whose names are secret.
//!
//! Copies elsewhere are found by the redactor, which knows secrets of eight bytes and more. Pure;
//! which names are secret is `Names`, how a value is cut out of a text `cover::pairs`.

mod pairs;

use std::borrow::Cow;

use expression::Redactor;
use expression::names::Names;
use serde_json::Value as Json;

use crate::redact::Hints;

/// JSON in a text in JSON: deeper than this nobody nests.
const DEEPEST: usize = 4;

/// Words before a credential that say what kind it is.
const SCHEMES: [&str; 6] = ["bearer", "basic", "token", "digest", "negotiate", "apikey"];

/// What is known of secrets, by name and by value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cover<'a> {
    pub(crate) names: &'a Names,
    pub(crate) hints: &'a Hints,
    pub(crate) redactor: &'a Redactor,
}

impl Cover<'_> {
    /// A text that was sent or received.
    pub(crate) fn text(&self, text: &str) -> String {
        let known = self.redactor.redact(text);
        match self.structured(&known, 0) {
            Cow::Owned(covered) => covered,
            Cow::Borrowed(_) => known,
        }
    }

    /// A text in our own words, which may quote what was received: there only fields with quoted
    /// names, and parameters of addresses, are taken for such.
    pub(crate) fn said(&self, text: &str) -> String {
        let known = self.redactor.redact(text);
        if self.hints.may_hold(known.as_bytes()) {
            pairs::covered(self, &known, pairs::Mode::Said)
        } else {
            known
        }
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str, value: &str) -> String {
        if !self.names.is_secret(name) {
            return self.text(value);
        }
        let known = self.redactor.redact(value);
        match name.to_ascii_lowercase().as_str() {
            "cookie" => {
                let pairs: Vec<_> = known.split(';').map(|pair| self.cookie(pair)).collect();
                pairs.join(";")
            }
            "set-cookie" => match known.split_once(';') {
                Some((pair, attributes)) => format!("{};{attributes}", self.cookie(pair)),
                None => self.cookie(&known),
            },
            _ => self.whole(name, &known),
        }
    }

    fn cookie(&self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", self.whole(name.trim(), value)),
            None => self.whole("cookie", pair),
        }
    }

    /// Every text in a value, its own fields included.
    pub(crate) fn json(&self, value: Json) -> Json {
        self.fields(value, 0)
    }

    fn structured<'t>(&self, text: &'t str, depth: usize) -> Cow<'t, str> {
        if depth > DEEPEST || !self.hints.may_hold(text.as_bytes()) {
            return Cow::Borrowed(text);
        }
        let covered = self.document(text, depth);
        Cow::Owned(covered.unwrap_or_else(|| self.lines(text, depth)))
    }

    /// A text that is JSON as a whole. Of a field that is there twice only the last is read, so
    /// that the text itself is looked over too.
    fn document(&self, text: &str, depth: usize) -> Option<String> {
        if !text.trim_start().starts_with(['{', '[', '"']) {
            return None;
        }
        let json: Json = serde_json::from_str(text).ok()?;
        let covered = self.fields(json.clone(), depth);
        Some(if covered == json {
            pairs::covered(self, text, pairs::Mode::Document)
        } else {
            covered.to_string()
        })
    }

    /// A text with JSON in some of its lines, such as server-sent events, or in none.
    fn lines(&self, text: &str, depth: usize) -> String {
        let lines = || {
            text.split_inclusive('\n').map(|line| {
                let body = line.trim_end();
                let head = body.len() - body.strip_prefix("data:").unwrap_or(body).len();
                (line, head, body.len())
            })
        };
        let document = |&(line, head, end): &(&str, usize, usize)| {
            let covered = self.document(&line[head..end], depth)?;
            Some(format!("{}{covered}{}", &line[..head], &line[end..]))
        };
        if !lines().any(|line| document(&line).is_some()) {
            return pairs::covered(self, text, pairs::Mode::Payload);
        }
        let covered = lines().map(|line| {
            document(&line).unwrap_or_else(|| pairs::covered(self, line.0, pairs::Mode::Payload))
        });
        covered.collect()
    }

    fn fields(&self, value: Json, depth: usize) -> Json {
        match value {
            Json::String(text) => match self.structured(&text, depth + 1) {
                Cow::Owned(covered) => covered.into(),
                Cow::Borrowed(_) => text.into(),
            },
            Json::Array(items) => items
                .into_iter()
                .map(|item| self.fields(item, depth))
                .collect(),
            Json::Object(fields) => {
                let covered = fields.into_iter().map(|(name, value)| {
                    let value = if self.is_secret(&name) {
                        self.leaves(&name, value)
                    } else {
                        self.fields(value, depth)
                    };
                    (name, value)
                });
                Json::Object(covered.collect())
            }
            other => other,
        }
    }

    /// Everything under a secret name.
    fn leaves(&self, name: &str, value: Json) -> Json {
        match value {
            Json::Null => Json::Null,
            Json::String(text) => self.whole(name, &text).into(),
            Json::Array(items) => items
                .into_iter()
                .map(|item| self.leaves(name, item))
                .collect(),
            Json::Object(fields) => {
                let covered = fields
                    .into_iter()
                    .map(|(inner, value)| (inner, self.leaves(name, value)));
                Json::Object(covered.collect())
            }
            other => self.whole(name, &other.to_string()).into(),
        }
    }

    /// A value that is secret as a whole; the word that says what kind of credential it is stays.
    fn whole(&self, name: &str, value: &str) -> String {
        let (scheme, secret) = match value.split_once(' ') {
            Some((scheme, secret)) if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => {
                (&value[..=scheme.len()], secret)
            }
            _ => ("", value),
        };
        if secret.trim().is_empty() || is_label(secret) {
            return value.to_owned();
        }
        let label = self.redactor.label(&short(name), secret.as_bytes());
        format!("{scheme}{label}")
    }

    /// Whether a name, or a part of `user.password` or `user[password]`, is secret.
    fn is_secret(&self, name: &str) -> bool {
        self.names.is_secret(name)
            || name
                .split(['.', '[', ']'])
                .any(|part| self.names.is_secret(part))
    }
}

/// What a label says of a name; the name itself came from outside.
fn short(name: &str) -> String {
    let last = name
        .trim_end_matches(']')
        .rsplit(['.', '['])
        .next()
        .unwrap_or_default();
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || "_-".contains(*letter);
    last.chars().filter(is_plain).take(40).collect()
}

/// `‹token:3f9a12›`, or several of them: nothing is left to cover.
fn is_label(text: &str) -> bool {
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('‹') {
        let Some((label, after)) = inner.split_once('›') else {
            return false;
        };
        let digest = label.rsplit_once(':').map_or("", |(_, digest)| digest);
        if digest.len() != 6 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return false;
        }
        rest = after;
    }
    rest.is_empty() && !text.is_empty()
}

#[cfg(test)]
mod tests;
