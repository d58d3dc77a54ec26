//! What is tried on the logs of sockets: messages that are missing, doubled, out of order, late,
//! changed, of somebody else; and messages where there was silence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use regex::Regex;
use serde_json::{Value, json};

use super::change::{Change, Messages};
use super::field::{self, Donors, Edit, Part, Path};
use super::mutations::{Mutation, Rank, sampled};
use super::words::Words;
use crate::recording::{Record, Recording, Seen};
use crate::socket::Entry;

/// Sockets of one line that are altered each by itself.
const MOST_SOCKETS: usize = 3;
/// Messages of one socket that are altered.
const MOST_MESSAGES: usize = 30;
/// Messages that are tried in one silence.
const MOST_INTRUDERS: usize = 60;
/// Ways to fill what a silence looks for.
const MOST_WAYS: usize = 16;

/// Learns the values in all messages.
pub(super) fn learn(recording: &Recording, donors: &mut Donors) {
    for record in all(recording) {
        if let Some(document) = document(record) {
            donors.learn(&document);
        }
    }
}

fn all(recording: &Recording) -> impl Iterator<Item = &Arc<Record>> {
    let entries = recording.sockets.iter().flat_map(|(_, entries)| entries);
    entries.filter_map(|entry| match entry {
        Entry::Received(record) => Some(record),
        _ => None,
    })
}

fn document(record: &Record) -> Option<Value> {
    serde_json::from_slice(&record.bytes).ok()
}

/// The alterations of one message's fields.
pub(super) fn fields(record: &Record, words: &Words, donors: &Donors) -> Vec<(String, Path, Edit)> {
    let Some(document) = document(record) else {
        return Vec::new();
    };
    let paths = field::fields(&document, words);
    let edits = paths
        .iter()
        .flat_map(|path| field::edits(&document, path, words, donors));
    edits
        .map(|(word, path, edit)| {
            let what = format!("{} {word}", field::shown("message", &path));
            (what, path, edit)
        })
        .collect()
}

pub(super) fn of(recording: &Recording, words: &Words, donors: &Donors) -> Vec<Mutation> {
    let mut lines: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (number, (path, _)) in recording.sockets.iter().enumerate() {
        lines
            .entry(line_of(recording, path))
            .or_default()
            .push(number);
    }
    let mut mutations = Vec::new();
    for (line, numbers) in &lines {
        for &number in sampled(numbers, MOST_SOCKETS) {
            mutations.extend(of_log(recording, *line, number, words, donors));
        }
        mutations.extend(of_all(recording, *line, numbers, words, donors));
    }
    mutations.extend(silences(recording, words, donors));
    mutations
}

fn line_of(recording: &Recording, path: &Arc<str>) -> u32 {
    let opened = recording.observations.iter();
    opened
        .filter(|observation| observation.place.path == *path)
        .map(|observation| observation.place.line)
        .next()
        .unwrap_or_default()
}

/// Position of the first observation that saw more than `length` entries of a log.
fn seen_at(recording: &Recording, path: &Arc<str>, length: usize) -> usize {
    let saw = |seen: &Seen| match seen {
        Seen::Waited {
            socket, entries, ..
        } => socket == path && *entries > length,
        Seen::Moment(moment) => moment
            .logs
            .iter()
            .any(|(log, entries)| log == path && *entries > length),
        _ => false,
    };
    let position = recording
        .observations
        .iter()
        .position(|observation| saw(&observation.seen));
    position.unwrap_or(usize::MAX)
}

fn of_log(
    recording: &Recording,
    line: u32,
    number: usize,
    words: &Words,
    donors: &Donors,
) -> Vec<Mutation> {
    let (path, entries) = &recording.sockets[number];
    let received: Vec<(usize, &Arc<Record>)> = entries
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| match entry {
            Entry::Received(record) => Some((at, record)),
            _ => None,
        })
        .collect();
    let mut mutations = Vec::new();
    for &(index, record) in sampled(&received, MOST_MESSAGES) {
        let at = seen_at(recording, path, index);
        let mut add = |rank, word: String, messages| {
            mutations.push(Mutation {
                label: format!("socket of line {line}: message {} {word}", index + 1),
                at,
                change: Change::Logs(vec![number], messages),
                rank,
            });
        };
        add(Rank::Coarse, "dropped".to_owned(), Messages::Drop(index));
        add(
            Rank::Coarse,
            "and all after it missing".to_owned(),
            Messages::Cut(index),
        );
        add(Rank::Coarse, "twice".to_owned(), Messages::Double(index));
        if matches!(entries.get(index + 1), Some(Entry::Received(_))) {
            add(
                Rank::Coarse,
                "after the next".to_owned(),
                Messages::Swap(index),
            );
        }
        if words.has("frame") || words.has("text") || words.has("log") || words.has("last") {
            add(
                Rank::Fine,
                "of another kind".to_owned(),
                Messages::Kind(index, "muster"),
            );
            add(
                Rank::Fine,
                "empty".to_owned(),
                Messages::Become(index, Bytes::new()),
            );
        }
        for (what, path, edit) in fields(record, words, donors) {
            add(
                Rank::Field,
                format!(": {what}"),
                Messages::Field(index, path, edit),
            );
        }
        for other in strangers(recording, number, record) {
            let word = "as on another socket".to_owned();
            add(
                Rank::Fine,
                word,
                Messages::Become(index, other.bytes.clone()),
            );
        }
        mutations.push(Mutation {
            label: format!(
                "socket of line {line}: message {} ten minutes late",
                index + 1
            ),
            at,
            change: Change::Later {
                from_ms: record.at_ms,
                by_ms: 600_000.0,
            },
            rank: Rank::Fine,
        });
    }
    mutations
}

/// Messages of the same shape on other sockets.
fn strangers<'a>(
    recording: &'a Recording,
    number: usize,
    record: &Record,
) -> impl Iterator<Item = &'a Arc<Record>> {
    let own = shape(record);
    let bytes = record.bytes.clone();
    let others = recording.sockets.iter().enumerate();
    others
        .filter(move |(other, _)| *other != number)
        .flat_map(|(_, (_, entries))| entries)
        .filter_map(|entry| match entry {
            Entry::Received(record) => Some(record),
            _ => None,
        })
        .filter(move |other| other.bytes != bytes && shape(other) == own)
        .take(2)
}

/// Keys and the short texts under them that tell kinds of messages apart.
fn shape(record: &Record) -> Option<(Vec<String>, Option<String>)> {
    let document = document(record)?;
    let keys = document.as_object()?.keys().cloned().collect();
    let kind = document
        .get("type")
        .and_then(Value::as_str)
        .map(str::to_owned);
    Some((keys, kind))
}

fn of_all(
    recording: &Recording,
    line: u32,
    numbers: &[usize],
    words: &Words,
    donors: &Donors,
) -> Vec<Mutation> {
    let first_seen = |number: &usize| seen_at(recording, &recording.sockets[*number].0, 0);
    let at = numbers.iter().map(first_seen).min().unwrap_or(usize::MAX);
    let mut shapes = BTreeSet::new();
    let mut mutations = Vec::new();
    let mut add = |rank, what: String, messages| {
        mutations.push(Mutation {
            label: format!("sockets of line {line}: {what}"),
            at,
            change: Change::Logs(numbers.to_vec(), messages),
            rank,
        });
    };
    for number in numbers {
        let entries = recording.sockets[*number].1.iter();
        let records = entries.filter_map(|entry| match entry {
            Entry::Received(record) => Some(record),
            _ => None,
        });
        for record in records {
            if shapes.len() < MOST_WAYS && shapes.insert(shape(record)) {
                for (what, path, edit) in fields(record, words, donors) {
                    let what = format!("every message: {what}");
                    add(Rank::Field, what, Messages::FieldOfAll(path, edit));
                }
            }
        }
    }
    add(Rank::Coarse, "nothing comes".to_owned(), Messages::Cut(0));
    if words.has("interruptions") || words.has("recoveries_ms") {
        add(
            Rank::Fine,
            "never interrupted".to_owned(),
            Messages::Uninterrupted,
        );
        let what = "recover ten minutes later".to_owned();
        add(Rank::Fine, what, Messages::Recovers(600_000.0));
    }
    mutations
}

/// Messages where the test wants silence: those seen elsewhere, and those it says it looks for.
fn silences(recording: &Recording, words: &Words, donors: &Donors) -> Vec<Mutation> {
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
                change: Change::Again {
                    log,
                    message: Arc::new(Record::new(*at_ms, "text", bytes)),
                    before: *entries,
                    from: at,
                },
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
