//! Messages where a test wants silence: those that were seen elsewhere, and those that the step
//! says it looks for, made from its own condition.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use regex::Regex;
use serde_json::{Value, json};

use super::change::{Again, Change};
use super::field::{Donors, Part, Path};
use super::mutations::{Mutation, Rank};
use super::socket::{all, document, shape};
use super::words::Words;
use crate::recording::{Record, Recording, Seen};

/// Messages that are tried in one silence.
const MOST_INTRUDERS: usize = 60;
/// Ways to fill what a silence looks for.
const MOST_WAYS: usize = 16;

/// Messages in each silence of a recording.
pub(super) fn of(recording: &Recording, words: &Words, donors: &Donors) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (at, observation) in recording.observations.iter().enumerate() {
        let line = observation.place.line;
        let (
            Some(wanted),
            Seen::Waited {
                socket,
                entries,
                at_ms,
            },
        ) = (words.silences.get(&line), &observation.seen)
        else {
            continue;
        };
        let Some(log) = recording
            .sockets
            .iter()
            .position(|(path, _)| path == socket)
        else {
            continue;
        };
        for bytes in intruders(recording, wanted.as_deref(), donors) {
            mutations.push(Mutation {
                label: format!("line {line}: a message in the silence"),
                at,
                change: Change::Again(Again {
                    log,
                    message: Arc::new(Record::new(*at_ms, "text", bytes)),
                    before: *entries,
                    from: at,
                }),
                rank: Rank::Coarse,
            });
        }
    }
    mutations
}

fn intruders(recording: &Recording, wanted: Option<&str>, donors: &Donors) -> Vec<Bytes> {
    let mut shapes = BTreeSet::new();
    let mut bases: Vec<Value> = all(recording)
        .filter(|record| shapes.insert(shape(record)))
        .filter_map(|record| document(record))
        .take(MOST_WAYS)
        .collect();
    bases.push(json!({ "type": "muster" }));
    let ways = wanted
        .map(|wanted| ways(wanted, donors))
        .unwrap_or_default();
    let mut found: Vec<Bytes> = Vec::new();
    let mut add = |document: &Value| {
        if let Ok(bytes) = serde_json::to_vec(document) {
            found.push(bytes.into());
        }
    };
    for way in &ways {
        let mut document = json!({});
        way.iter()
            .for_each(|(path, value)| put(&mut document, path, value));
        add(&document);
    }
    bases.iter().for_each(&mut add);
    for (base, way) in bases
        .iter()
        .flat_map(|base| ways.iter().map(move |way| (base, way)))
    {
        let mut document = base.clone();
        way.iter()
            .for_each(|(path, value)| put(&mut document, path, value));
        add(&document);
    }
    found.truncate(MOST_INTRUDERS);
    found
}

/// Sets of fields that may make a `where` true: all its equations at once, and each text at each
/// field it reads.
fn ways(wanted: &str, donors: &Donors) -> Vec<Vec<(Path, Value)>> {
    let mut all: Vec<Vec<(Path, Value)>> = vec![Vec::new()];
    for (path, values) in equations(wanted, donors) {
        all = all
            .iter()
            .flat_map(|way| {
                values.iter().map(|value| {
                    let more = [(path.clone(), value.clone())];
                    way.iter().cloned().chain(more).collect()
                })
            })
            .take(MOST_WAYS)
            .collect();
    }
    let texts: Vec<Value> = quoted(wanted).into_iter().map(Value::String).collect();
    for path in read_paths(wanted) {
        all.extend(texts.iter().map(|text| vec![(path.clone(), text.clone())]));
    }
    all.retain(|way| !way.is_empty());
    all.truncate(2 * MOST_WAYS);
    all
}

fn equations(wanted: &str, donors: &Donors) -> Vec<(Path, Vec<Value>)> {
    let Ok(equation) = Regex::new(
        r#"(?:message|frame\.json)((?:\.\w+)+)\s*==\s*("[^"]*"|'[^']*'|-?\d+|[A-Za-z_][\w.]*)"#,
    ) else {
        return Vec::new();
    };
    equation
        .captures_iter(wanted)
        .map(|found| {
            let right = &found[2];
            let values = match serde_json::from_str(right) {
                Ok(value) => vec![value],
                Err(_) if right.starts_with('\'') => vec![json!(right.trim_matches('\''))],
                Err(_) => named(&found[1], right, donors),
            };
            (keys(&found[1]), values)
        })
        .filter(|(_, values)| !values.is_empty())
        .collect()
}

/// Values that a name on the right of an equation may have: those seen under that name, or under
/// the name on the left.
fn named(left: &str, right: &str, donors: &Donors) -> Vec<Value> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let mut values = donors.of(&last(left)).to_vec();
    values.extend(donors.of(&last(right)).iter().cloned());
    values.extend(donors.of("id").iter().cloned());
    values.truncate(MOST_WAYS);
    values
}

fn read_paths(wanted: &str) -> Vec<Path> {
    let Ok(read) = Regex::new(r"(?:message|frame\.json)((?:\.\w+)+)(\()?") else {
        return Vec::new();
    };
    let path = |found: regex::Captures<'_>| {
        let mut path = keys(&found[1]);
        if found.get(2).is_some() {
            path.pop();
        }
        path
    };
    read.captures_iter(wanted)
        .map(path)
        .filter(|path| !path.is_empty())
        .collect()
}

fn keys(path: &str) -> Path {
    path.split('.')
        .filter(|key| !key.is_empty())
        .map(|key| Part::Key(key.to_owned()))
        .collect()
}

fn quoted(source: &str) -> Vec<String> {
    Regex::new(r#""([^"]*)"|'([^']*)'"#)
        .map(|quoted| {
            quoted
                .captures_iter(source)
                .filter_map(|found| found.get(1).or(found.get(2)))
                .map(|found| found.as_str().to_owned())
                .collect()
        })
        .unwrap_or_default()
}

/// Puts a value at a path, with whatever has to be around it.
fn put(document: &mut Value, path: &[Part], value: &Value) {
    let mut place = document;
    for part in path {
        let Part::Key(key) = part else { return };
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[key.as_str()];
    }
    *place = value.clone();
}
