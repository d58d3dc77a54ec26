//! What is tried on a recording: answers here, messages in `socket`. The order is always the same:
//! coarse mutations first, then fields, then times, headers and other answers' bodies.
//!
//! Of exchanges that one line made, the first few and the last are altered, each by itself, and
//! then all at once: a check over many of them may stand one that is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::change::{Answer, Change, Messages};
use super::field::{self, Donors};
use super::words::Words;
use super::{silence, socket, text};
use crate::dialer::tls::Session;
use crate::recording::{Exchanged, Recording, Response, Seen};

/// Exchanges of one line that are altered each by itself.
const MOST_OF_LINE: usize = 4;
/// Answers whose bodies are put in the place of another.
const MOST_BODIES: usize = 3;
/// Pieces of one stream that are altered.
const MOST_PIECES: usize = 12;

/// One thing that might have been otherwise.
#[derive(Debug)]
pub(super) struct Mutation {
    /// For a reader; names of fields and headers, never values.
    pub(super) label: String,
    /// Position of the first observation that it can change.
    pub(super) at: usize,
    pub(super) change: Change,
    pub(super) rank: Rank,
}

/// When a mutation's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Coarse,
    Field,
    Fine,
}

/// An exchange that the test made.
struct Made<'a> {
    at: usize,
    line: u32,
    user: Arc<str>,
    exchanged: &'a Arc<Exchanged>,
    /// The body, if it is JSON.
    document: Option<Value>,
}

/// All mutations of a recording that a test with these words may notice.
pub(super) fn of(recording: &Recording, words: &Words) -> Vec<Mutation> {
    let made = exchanges(recording);
    let mut donors = Donors::default();
    made.iter()
        .filter_map(|made| made.document.as_ref())
        .for_each(|document| donors.learn(document));
    socket::learn(recording, &mut donors);
    let mut mutations = Vec::new();
    let mut lines: BTreeMap<u32, Vec<&Made<'_>>> = BTreeMap::new();
    for one in &made {
        lines.entry(one.line).or_default().push(one);
    }
    for group in lines.values() {
        let all: Vec<usize> = group.iter().map(|made| made.at).collect();
        for one in sampled(group, MOST_OF_LINE) {
            let mut of_one = answers(one, &made, words, &donors);
            of_one.extend(times(one));
            mutations.extend(of_one);
        }
        if let (Some(first), true) = (group.first(), group.len() > 1) {
            mutations.extend(of_all(first, &all, &made, words, &donors));
        }
    }
    mutations.extend(socket::of(recording, words, &donors));
    mutations.extend(silence::of(recording, words, &donors));
    mutations.push(Mutation {
        label: "everything happens at one moment".to_owned(),
        at: 0,
        change: Change::AtOnce,
        rank: Rank::Fine,
    });
    mutations.sort_by_key(|mutation| mutation.rank);
    mutations
}

/// The first few of a list, and its last.
pub(super) fn sampled<T>(list: &[T], most: usize) -> impl Iterator<Item = &T> {
    let last = list.len().saturating_sub(1);
    list.iter()
        .enumerate()
        .filter(move |(index, _)| index + 1 < most || *index == last)
        .map(|(_, one)| one)
}

fn exchanges(recording: &Recording) -> Vec<Made<'_>> {
    let is_of_test = |path: &str| {
        ["setup[", "steps[", "after["]
            .iter()
            .any(|phase| path.starts_with(phase))
            && !path.contains(".refresh.")
            && !path.ends_with(".cut")
    };
    let made = recording.observations.iter().enumerate();
    made.filter_map(|(at, observation)| match &observation.seen {
        Seen::Exchanged(exchanged) if is_of_test(&observation.place.path) => Some(Made {
            at,
            line: observation.place.line,
            user: observation.place.user.clone(),
            exchanged,
            document: exchanged
                .response
                .as_ref()
                .and_then(|response| serde_json::from_slice(&response.body).ok()),
        }),
        _ => None,
    })
    .collect()
}

/// The same mutations on all exchanges of one line.
fn of_all(
    first: &Made<'_>,
    all: &[usize],
    made: &[Made<'_>],
    words: &Words,
    donors: &Donors,
) -> Vec<Mutation> {
    let widened = |mutation: Mutation| match mutation.change {
        Change::Answers(_, answer) => Some(Mutation {
            label: format!("{}, every time", mutation.label),
            change: Change::Answers(all.to_vec(), answer),
            ..mutation
        }),
        _ => None,
    };
    answers(first, made, words, donors)
        .into_iter()
        .filter_map(widened)
        .collect()
}

fn answers(one: &Made<'_>, made: &[Made<'_>], words: &Words, donors: &Donors) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    let mut add = |rank, what: String, answer| {
        mutations.push(Mutation {
            label: format!("line {}: {what}", one.line),
            at: one.at,
            change: Change::Answers(vec![one.at], answer),
            rank,
        });
    };
    let Some(response) = &one.exchanged.response else {
        add(Rank::Coarse, "answered".to_owned(), Answer::Answered);
        return mutations;
    };
    statuses(one, response, &mut |what, answer| {
        add(Rank::Coarse, what, answer)
    });
    if let Some(document) = &one.document {
        for path in field::fields(document, words) {
            for (word, path, edit) in field::edits(document, &path, words, donors) {
                let what = format!("{} {word}", field::shown("body", &path));
                add(Rank::Field, what, Answer::Field(path, edit));
            }
        }
    }
    if response.records.is_empty() {
        texts(response, words, &mut |what, text| {
            add(Rank::Field, what, Answer::Text(text))
        });
    }
    for other in others(one, made).take(MOST_BODIES) {
        let what = format!("the body of line {}", other.line);
        add(Rank::Fine, what, Answer::BodyOf(other.at));
    }
    pieces(response, words, donors, &mut add);
    let around = around(one, made);
    headers(response, &around, words, &mut |what, answer| {
        add(Rank::Field, what, answer)
    });
    mutations
}

fn statuses(one: &Made<'_>, response: &Response, add: &mut dyn FnMut(String, Answer)) {
    let is_handshake = one.exchanged.kind == domain::record::ExchangeKind::WebSocket;
    for status in [500, 404, 200, 101] {
        if status != response.status && (status != 101 || is_handshake) {
            add(format!("status {status}"), Answer::Status(status));
        }
    }
    add("no body".to_owned(), Answer::Text(Bytes::new()));
}

/// Answers of the same shape with another body; another user's first.
fn others<'a>(one: &Made<'_>, made: &'a [Made<'_>]) -> impl Iterator<Item = &'a Made<'a>> {
    let body = |made: &Made<'_>| {
        made.exchanged
            .response
            .as_ref()
            .map(|response| response.body.clone())
    };
    let keys = |made: &Made<'_>| -> Option<Vec<String>> {
        Some(
            made.document
                .as_ref()?
                .as_object()?
                .keys()
                .cloned()
                .collect(),
        )
    };
    let (own_body, own_keys) = (body(one), keys(one));
    let mut others: Vec<&Made<'_>> = made
        .iter()
        .filter(|other| {
            let is_alike =
                other.line == one.line || (own_keys.is_some() && keys(other) == own_keys);
            is_alike && body(other).is_some() && body(other) != own_body
        })
        .collect();
    others.sort_by_key(|other| other.user == one.user);
    others.into_iter()
}

/// The body as a text: its beginning, another, and what the test looks for in it.
fn texts(response: &Response, words: &Words, add: &mut dyn FnMut(String, Bytes)) {
    if !words.has("text") || response.body.is_empty() {
        return;
    }
    let half = response.body.slice(..response.body.len() / 2);
    add("half of the text".to_owned(), half);
    add("another text".to_owned(), Bytes::from_static(b"muster"));
    for text in words.texts("text") {
        let more = [&response.body[..], text.as_bytes()].concat();
        add("the text, with a text of the test".to_owned(), more.into());
    }
}

/// The answers before and after one, whose headers are tried in its place.
fn around<'a>(one: &Made<'_>, made: &[Made<'a>]) -> Vec<&'a Response> {
    let position = made.iter().position(|other| other.at == one.at);
    let from = position.unwrap_or_default().saturating_sub(MOST_BODIES);
    let near = made.iter().skip(from).take(2 * MOST_BODIES + 1);
    near.filter(|other| other.at != one.at)
        .filter_map(|other| other.exchanged.response.as_ref())
        .collect()
}

/// What stands around a body: headers, and the connection's certificate.
fn headers(
    response: &Response,
    donors: &[&Response],
    words: &Words,
    add: &mut dyn FnMut(String, Answer),
) {
    if words.has("tls") && response.session.is_some() {
        let foreign = Session {
            version: "1.0".to_owned(),
            peer_sha256: "0".repeat(64),
        };
        add(
            "another certificate".to_owned(),
            Answer::Session(Some(foreign)),
        );
    }
    if !words.has("headers") {
        return;
    }
    let mut change = |name: &HeaderName, word: &str, value: Option<String>| {
        let value = value.map(|value| HeaderValue::from_str(&value));
        if let Ok(value) = value.transpose() {
            add(
                format!("header {name} {word}"),
                Answer::Header(name.clone(), value),
            );
        }
    };
    for (name, value) in &response.headers {
        if *name == http::header::SET_COOKIE && !words.has("set-cookie") {
            continue;
        }
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        change(name, "dropped", None);
        for (word, other) in text::others(&text, words) {
            change(name, word, Some(other));
        }
        for other in donors {
            let value = other
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            if let Some(other) = value.filter(|other| *other != text) {
                change(name, "of another answer", Some(other.to_owned()));
            }
        }
        for other in words.texts("headers") {
            change(name, "a text of the test", Some(other.clone()));
        }
    }
    let asked = words
        .asked
        .iter()
        .filter_map(|name| HeaderName::try_from(name).ok());
    for name in asked.filter(|name| !response.headers.contains_key(name)) {
        change(&name, "added", Some("muster".to_owned()));
    }
}

/// The pieces of a stream, as a list and each by itself.
fn pieces(
    response: &Response,
    words: &Words,
    donors: &Donors,
    add: &mut dyn FnMut(Rank, String, Answer),
) {
    let records = &response.records;
    let numbers: Vec<usize> = (0..records.len()).collect();
    for &number in sampled(&numbers, MOST_PIECES) {
        let mut coarse = |word: &str, messages| {
            add(
                Rank::Coarse,
                format!("piece {} {word}", number + 1),
                Answer::Pieces(messages),
            );
        };
        coarse("dropped", Messages::Drop(number));
        coarse("twice", Messages::Double(number));
        coarse("and all after it missing", Messages::Cut(number));
        coarse("empty", Messages::Become(number, Bytes::new()));
        coarse("of another kind", Messages::Kind(number, "muster"));
        if number + 1 < records.len() {
            coarse("after the next", Messages::Swap(number));
        }
        for (what, path, edit) in socket::fields(&records[number], words, donors) {
            let what = format!("piece {}: {what}", number + 1);
            add(
                Rank::Field,
                what,
                Answer::Pieces(Messages::Field(number, path, edit)),
            );
        }
    }
    if let Some(last) = records.last() {
        for (what, path, edit) in socket::fields(last, words, donors) {
            let answer = Answer::Pieces(Messages::FieldOfAll(path, edit));
            add(Rank::Field, format!("every piece: {what}"), answer);
        }
    }
}

/// The answer came late, or at once.
fn times(one: &Made<'_>) -> Vec<Mutation> {
    let slow = one.exchanged.elapsed_ms + 600_000.0;
    // A time can't be negative: that would prove a check that says nothing.
    let mut mutations: Vec<Mutation> = [("ten minutes late", slow), ("at once", 0.0)]
        .into_iter()
        .map(|(word, elapsed_ms)| Mutation {
            label: format!("line {}: answered {word}", one.line),
            at: one.at,
            change: Change::Answers(vec![one.at], Answer::Took(elapsed_ms)),
            rank: Rank::Fine,
        })
        .collect();
    mutations.push(Mutation {
        label: format!("line {}: all from here on ten minutes later", one.line),
        at: one.at,
        change: Change::Later {
            from_ms: one.exchanged.at_ms,
            by_ms: 600_000.0,
        },
        rank: Rank::Fine,
    });
    mutations
}
