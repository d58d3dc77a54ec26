//! What is tried on the logs of sockets: messages that are missing, doubled, out of order, late,
//! changed, of somebody else. Messages where there was silence are in `silence`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::change::{Change, Messages};
use super::field::{self, Donors, Edit, Path};
use super::mutations::{Mutation, Rank, sampled};
use super::words::Words;
use crate::recording::{Record, Recording, Seen};
use crate::socket::Entry;

/// Sockets of one line that are altered each by itself.
const MOST_SOCKETS: usize = 3;
/// Messages of one socket that are altered.
const MOST_MESSAGES: usize = 30;
/// Kinds of messages of one line's sockets that are altered on all of them.
const MOST_KINDS: usize = 16;

/// Learns the values in all messages.
pub(super) fn learn(recording: &Recording, donors: &mut Donors) {
    for record in all(recording) {
        if let Some(document) = document(record) {
            donors.learn(&document);
        }
    }
}

pub(super) fn all(recording: &Recording) -> impl Iterator<Item = &Arc<Record>> {
    let entries = recording.sockets.iter().flat_map(|(_, entries)| entries);
    entries.filter_map(|entry| match entry {
        Entry::Received(record) => Some(record),
        _ => None,
    })
}

pub(super) fn document(record: &Record) -> Option<Value> {
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
        let named = |word: &str| format!("socket of line {line}: message {} {word}", index + 1);
        let mut add = |rank, word: &str, messages| {
            mutations.push(Mutation {
                label: named(word),
                at,
                change: Change::Logs(vec![number], messages),
                rank,
            });
        };
        let has_next = matches!(entries.get(index + 1), Some(Entry::Received(_)));
        whole(index, has_next, words, &mut add);
        for (what, path, edit) in fields(record, words, donors) {
            let field = Messages::Field(index, path, edit);
            add(Rank::Field, &format!(": {what}"), field);
        }
        for other in strangers(recording, number, record) {
            let messages = Messages::Become(index, other.bytes.clone());
            add(Rank::Fine, "as on another socket", messages);
        }
        mutations.push(Mutation {
            label: named("ten minutes late"),
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

/// What is done to a message as a whole.
fn whole(index: usize, has_next: bool, words: &Words, add: &mut dyn FnMut(Rank, &str, Messages)) {
    add(Rank::Coarse, "dropped", Messages::Drop(index));
    add(
        Rank::Coarse,
        "and all after it missing",
        Messages::Cut(index),
    );
    add(Rank::Coarse, "twice", Messages::Double(index));
    if has_next {
        add(Rank::Coarse, "after the next", Messages::Swap(index));
    }
    if ["frame", "text", "log", "last"]
        .iter()
        .any(|name| words.has(name))
    {
        add(
            Rank::Fine,
            "of another kind",
            Messages::Kind(index, "muster"),
        );
        add(Rank::Fine, "empty", Messages::Become(index, Bytes::new()));
    }
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
pub(super) fn shape(record: &Record) -> Option<(Vec<String>, Option<String>)> {
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
            if shapes.len() < MOST_KINDS && shapes.insert(shape(record)) {
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
