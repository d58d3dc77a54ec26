//! JSON documents: which of their fields a test reads, and what else might stand there.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use super::text;
use super::words::Words;

/// Fields of one document that are altered at most.
const MOST_FIELDS: usize = 60;
/// Fields among which those nearest to the root are chosen.
const MOST_FOUND: usize = 1_000;
/// Elements of a list that are looked into.
const MOST_ELEMENTS: usize = 3;
const DEEPEST: usize = 10;
/// Other values of the same name that are tried.
const MOST_DONORS: usize = 4;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Key(String),
    Index(usize),
}

/// Where in a document; empty is all of it.
pub(super) type Path = Vec<Part>;

/// What is done to a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edit {
    Drop,
    Set(Value),
}

/// The values seen under each name anywhere in a recording.
#[derive(Debug, Default)]
pub(super) struct Donors(BTreeMap<String, Vec<Value>>);

impl Donors {
    pub(super) fn learn(&mut self, document: &Value) {
        match document {
            Value::Object(entries) => {
                for (name, value) in entries {
                    if !value.is_object() && !value.is_array() {
                        let known = self.0.entry(name.clone()).or_default();
                        if known.len() <= MOST_DONORS && !known.contains(value) {
                            known.push(value.clone());
                        }
                    }
                    self.learn(value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            _ => {}
        }
    }

    pub(super) fn of(&self, name: &str) -> &[Value] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

/// `body.items[0].id`, with the name that stands for the document.
pub(super) fn shown(root: &str, path: &Path) -> String {
    let mut text = root.to_owned();
    for part in path {
        match part {
            Part::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Part::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The paths of a document that the test can read: what has a name that it mentions, and
/// everything around that.
pub(super) fn fields(document: &Value, words: &Words) -> Vec<Path> {
    let mut found = vec![Vec::new()];
    collect(document, words, &mut Vec::new(), &mut found);
    found.sort_by_key(Vec::len);
    found.truncate(MOST_FIELDS);
    found
}

fn collect(value: &Value, words: &Words, path: &mut Path, found: &mut Vec<Path>) {
    if path.len() >= DEEPEST || found.len() >= MOST_FOUND {
        return;
    }
    let mut visit = |part: Part, is_read: bool, value: &Value| {
        path.push(part);
        if is_read {
            found.push(path.clone());
        }
        collect(value, words, path, found);
        path.pop();
    };
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                visit(Part::Key(name.clone()), words.has(name), value);
            }
        }
        Value::Array(items) => {
            let last = items.len().saturating_sub(1);
            for (index, item) in items.iter().enumerate() {
                if index + 1 < MOST_ELEMENTS || index == last {
                    visit(Part::Index(index), true, item);
                }
            }
        }
        _ => {}
    }
}

pub(super) fn get<'a>(document: &'a Value, path: &[Part]) -> Option<&'a Value> {
    path.iter().try_fold(document, |value, part| match part {
        Part::Key(key) => value.get(key),
        Part::Index(index) => value.get(index),
    })
}

/// The document with one field altered; `None` when it has no such field to drop.
pub(super) fn altered(document: &Value, path: &[Part], edit: &Edit) -> Option<Value> {
    let mut altered = document.clone();
    let Some((last, before)) = path.split_last() else {
        return match edit {
            Edit::Drop => None,
            Edit::Set(value) => Some(value.clone()),
        };
    };
    let around = before
        .iter()
        .try_fold(&mut altered, |value, part| match part {
            Part::Key(key) => value.get_mut(key),
            Part::Index(index) => value.get_mut(index),
        })?;
    match (around, last, edit) {
        (Value::Object(entries), Part::Key(key), Edit::Drop) => {
            entries.remove(key)?;
        }
        (Value::Object(entries), Part::Key(key), Edit::Set(value)) => {
            entries.insert(key.clone(), value.clone());
        }
        (Value::Array(items), Part::Index(index), Edit::Drop) if *index < items.len() => {
            items.remove(*index);
        }
        (Value::Array(items), Part::Index(index), Edit::Set(value)) => {
            *items.get_mut(*index)? = value.clone();
        }
        _ => return None,
    }
    Some(altered)
}

/// What else might stand at a path, each with a word for it; what is there is not among them.
pub(super) fn edits(
    document: &Value,
    path: &[Part],
    words: &Words,
    donors: &Donors,
) -> Vec<(&'static str, Path, Edit)> {
    let Some(value) = get(document, path) else {
        return Vec::new();
    };
    let name = path.iter().rev().find_map(|part| match part {
        Part::Key(key) => Some(key.as_str()),
        Part::Index(_) => None,
    });
    let mut others: Vec<(&'static str, Value)> = same_type(value, words);
    if let Some(name) = name {
        others.extend(
            donors
                .of(name)
                .iter()
                .map(|other| ("of another answer", other.clone())),
        );
        others.extend(words.texts(name).filter_map(|text| of_test(value, text)));
    }
    others.push(("null", Value::Null));
    others.push(("of another type", other_type(value)));
    let mut edits: Vec<(&'static str, Path, Edit)> = Vec::new();
    let mut seen = vec![value.clone()];
    for (word, other) in others {
        if !seen.contains(&other) {
            seen.push(other.clone());
            edits.push((word, path.to_vec(), Edit::Set(other)));
        }
    }
    if !path.is_empty() {
        edits.push(("dropped", path.to_vec(), Edit::Drop));
    }
    if let Value::Object(entries) = value {
        for name in words
            .asked
            .iter()
            .filter(|name| !entries.contains_key(*name))
        {
            let path: Path = path
                .iter()
                .cloned()
                .chain([Part::Key(name.clone())])
                .collect();
            edits.push(("added", path, Edit::Set(json!("muster"))));
        }
    }
    edits
}

/// A text or number of the test in the place of a value, or in the list that it is.
fn of_test(value: &Value, text: &str) -> Option<(&'static str, Value)> {
    match value {
        Value::String(_) | Value::Null => Some(("a text of the test", json!(text))),
        Value::Number(_) => {
            let number = text.parse::<i64>().ok()?;
            Some(("a number of the test", json!(number)))
        }
        Value::Array(items) => {
            let more = items.iter().cloned().chain([json!(text)]);
            Some(("with a text of the test", Value::Array(more.collect())))
        }
        Value::Bool(_) | Value::Object(_) => None,
    }
}

fn same_type(value: &Value, words: &Words) -> Vec<(&'static str, Value)> {
    match value {
        Value::Null => vec![("a text", json!("muster"))],
        Value::Bool(is) => vec![("the opposite", json!(!is))],
        Value::Number(number) => numbers(number),
        Value::String(text) => {
            let others = text::others(text, words).into_iter();
            others.map(|(word, other)| (word, json!(other))).collect()
        }
        Value::Array(items) => lists(items),
        Value::Object(entries) => {
            let mut others = vec![("emptied", json!({}))];
            if let Some(first) = entries.keys().next() {
                let mut more: Map<String, Value> = entries.clone();
                more.insert("muster_more".to_owned(), entries[first].clone());
                others.push(("with one more field", Value::Object(more)));
            }
            others
        }
    }
}

fn numbers(number: &Number) -> Vec<(&'static str, Value)> {
    match number.as_i64() {
        Some(whole) => vec![
            ("one more", json!(whole.saturating_add(1))),
            ("one less", json!(whole.saturating_sub(1))),
            ("huge", json!(whole.saturating_add(1_000_000_000_000))),
            ("negative", json!(whole.saturating_neg().min(-1))),
            ("zero", json!(0)),
        ],
        None => {
            let number = number.as_f64().unwrap_or_default();
            vec![
                ("more", json!(number + 1.0)),
                ("less", json!(number - 1.0)),
                ("huge", json!(number + 1e12)),
                ("negative", json!(-number.abs() - 1.0)),
                ("zero", json!(0.0)),
            ]
        }
    }
}

fn lists(items: &[Value]) -> Vec<(&'static str, Value)> {
    let mut others = vec![("emptied", json!([]))];
    if let (Some(first), Some(last)) = (items.first(), items.last()) {
        let with = |more: &Value| {
            let mut longer = items.to_vec();
            longer.push(more.clone());
            Value::Array(longer)
        };
        others.push((
            "without its last",
            Value::Array(items[..items.len() - 1].to_vec()),
        ));
        others.push(("without its first", Value::Array(items[1..].to_vec())));
        others.push(("with its last twice", with(last)));
        others.push(("with its first again", with(first)));
        others.push((
            "turned round",
            Value::Array(items.iter().rev().cloned().collect()),
        ));
        others.push((
            "all the same",
            Value::Array(vec![first.clone(); items.len()]),
        ));
        let many = items.iter().cycle().take(items.len().max(10) * 20);
        others.push((
            "twenty times as long",
            Value::Array(many.cloned().collect()),
        ));
    } else {
        others.push(("with something in it", json!(["muster"])));
        others.push(("with an object in it", json!([{}])));
    }
    others
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Null => json!(7),
        Value::Array(_) => json!({}),
        Value::Object(_) => json!([]),
        Value::Bool(_) | Value::Number(_) => json!("muster"),
    }
}
