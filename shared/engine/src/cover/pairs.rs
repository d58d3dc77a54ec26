//! `name=value`, `"name": "value"`, `name: value` in texts that are no JSON, or JSON cut off: each
//! value under a secret name is covered, in quotes that are escaped or not, to where it ends.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Cover;

/// Whose words a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Sent or received: every pair counts.
    Payload,
    /// Well-formed JSON, in which what is under a list or map has been covered already.
    Document,
    /// Ours: `save token: missing` is a sentence.
    Said,
}

static ANY_PAIR: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"([A-Za-z0-9_.%\-\[\]]+)(?:\\*["'])?\s*[:=]\s*"#).ok());
static QUOTING_PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:([A-Za-z0-9_.%\-\[\]]+)\\*["']\s*:\s*|(?:^|[?&;\s"'`])([A-Za-z0-9_.%\-\[\]]+)=)"#,
    )
    .ok()
});

/// Headers whose value goes to the end of the line.
const LINES: [&str; 4] = [
    "cookie",
    "set-cookie",
    "authorization",
    "proxy-authorization",
];

pub(super) fn covered(cover: &Cover<'_>, text: &str, mode: Mode) -> String {
    let pair = match mode {
        Mode::Payload | Mode::Document => &*ANY_PAIR,
        Mode::Said => &*QUOTING_PAIR,
    };
    let Some(pair) = pair else {
        return text.to_owned();
    };
    let mut written = String::with_capacity(text.len());
    let (mut done, mut from) = (0, 0);
    while let Some(found) = pair.captures_at(text, from) {
        let end = found.get(0).map_or(text.len(), |found| found.end());
        from = end.max(from + 1);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let name = name_of(&found);
        let start = found.get(0).map_or(0, |found| found.start());
        if !begins_in_label(text, start) && cover.is_secret(&name) {
            let value = Extent::of(&name, &text[end..]);
            let secret = &text[end + value.start..end + value.end];
            let is_done = mode == Mode::Document && secret.starts_with(['{', '[']);
            if secret != "null" && !is_done {
                written.push_str(&text[done..end + value.start]);
                written.push_str(&cover.whole(&name, secret));
                done = end + value.end;
                from = done.max(from);
            }
        }
        if from >= text.len() {
            break;
        }
    }
    written.push_str(&text[done..]);
    written
}

/// Whether a pair is the inside of `‹token:3f9a12›`, which is what a secret has become.
fn begins_in_label(text: &str, start: usize) -> bool {
    let Some(before) = text[..start].strip_suffix('‹') else {
        return false;
    };
    let label = &text[before.len()..];
    label
        .find('›')
        .is_some_and(|end| super::is_label(&label[..end + '›'.len_utf8()]))
}

fn name_of<'t>(found: &Captures<'t>) -> Cow<'t, str> {
    let name = found
        .get(1)
        .or_else(|| found.get(2))
        .map_or("", |name| name.as_str());
    percent_decoded(name)
}

/// Undone as often as somebody may have done it: an address in an address in an address.
fn percent_decoded(name: &str) -> Cow<'_, str> {
    let mut decoded = Cow::Borrowed(name);
    for _ in 0..3 {
        if !decoded.contains('%') {
            break;
        }
        // Only the name's own letters: `+` and `&` can't stand in it.
        let next = url::form_urlencoded::parse(decoded.as_bytes()).next();
        let Some(next) = next.map(|(next, _)| next.into_owned()) else {
            break;
        };
        decoded = Cow::Owned(next);
    }
    decoded
}

/// Where a value begins and ends in the text behind its separator.
struct Extent {
    start: usize,
    end: usize,
}

impl Extent {
    fn of(name: &str, rest: &str) -> Self {
        let slashes = rest.len() - rest.trim_start_matches('\\').len();
        let quote = rest[slashes..]
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        match quote {
            Some(quote) => {
                let start = slashes + 1;
                let end = start + quoted(&rest[start..], quote, slashes);
                Self { start, end }
            }
            None => Self {
                start: 0,
                end: bare(name, rest),
            },
        }
    }
}

/// Length of what stands before the quote that closes: one with as many backslashes before it as
/// the opening one had.
fn quoted(rest: &str, quote: char, slashes: usize) -> usize {
    let mut run = 0;
    for (at, letter) in rest.char_indices() {
        match letter {
            '\\' => run += 1,
            letter if letter == quote && (run == slashes || (slashes == 0 && run % 2 == 0)) => {
                return at - slashes.min(run);
            }
            _ => run = 0,
        }
    }
    rest.len()
}

fn bare(name: &str, rest: &str) -> usize {
    let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
    if LINES.contains(&name.to_ascii_lowercase().as_str()) || rest.starts_with(['{', '[']) {
        return line;
    }
    let scheme = rest.split_once(' ').map_or(0, |(scheme, _)| {
        let is_scheme = super::SCHEMES.contains(&scheme.to_ascii_lowercase().as_str());
        if is_scheme { scheme.len() + 1 } else { 0 }
    });
    let is_end = |letter: char| letter.is_whitespace() || "\"'&,;<>}])\\".contains(letter);
    scheme + rest[scheme..].find(is_end).unwrap_or(rest.len() - scheme)
}
