//! A syntax error, explained: the parser says where it stopped, this says what was meant.
//!
//! Patterns that parse but mean something else are in `raw::trap`.

use super::trap::{quoted, without_comment};
use crate::place::{Span, Text};

pub(crate) struct Told {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) fix: Option<String>,
}

/// How many lines above the place where the parser gave up may hold the cause.
const LOOK_BACK: u32 = 3;

pub(crate) fn explain(text: &Text, at: usize, info: &str) -> Told {
    let at = at.min(text.chars().len());
    let (line, _) = text.position(at);
    let lines: Vec<u32> = (0..=LOOK_BACK)
        .filter_map(|back| line.checked_sub(back))
        .collect();
    let find = |pattern: fn(&Text, u32) -> Option<Told>| {
        lines.iter().find_map(|&line| pattern(text, line))
    };
    tab(text, line)
        .or_else(|| deeper(text, line, info))
        .or_else(|| beside_dash(text, line))
        .or_else(|| find(template_in_flow))
        .or_else(|| find(tag))
        .or_else(|| find(quote_in_front))
        .or_else(|| find(check_in_flow))
        .or_else(|| colon(text, line, info))
        .unwrap_or_else(|| plain(at, info))
}

fn plain(at: usize, info: &str) -> Told {
    Told {
        span: Span::new(at, at + 1),
        message: format!("this is not YAML: {info}"),
        fix: Some("look at the indentation, quotes and brackets here and on the line above".into()),
    }
}

fn tab(text: &Text, line: u32) -> Option<Told> {
    let written = text.line(line)?;
    let column = written.chars().take_while(|letter| letter.is_whitespace());
    let column = column
        .collect::<Vec<_>>()
        .iter()
        .position(|&letter| letter == '\t')?;
    let start = text.offset_of_line(line) + column;
    Some(Told {
        span: Span::new(start, start + 1),
        message: "a tab stands in the indentation; YAML takes spaces only".into(),
        fix: Some("replace the tab with spaces".into()),
    })
}

/// A key that stands deeper than the one above it, which has its value already.
fn deeper(text: &Text, line: u32, info: &str) -> Option<Told> {
    if !info.contains("mapping values") {
        return None;
    }
    let (column, key) = key_of(text, line)?;
    let (above, before, value) = above(text, line)?;
    let is_inside = column > before && !value.is_empty() && !value.starts_with(['|', '>']);
    let start = text.offset_of_line(line) + column;
    (is_inside && !above.is_empty()).then(|| Told {
        span: Span::new(start, start + key.chars().count()),
        message: format!("`{key}` stands deeper than `{above}`, which has its value already"),
        fix: Some(format!(
            "begin it in column {}, below `{above}`",
            before + 1
        )),
    })
}

/// A key right below the `-` of a step or test, to which it was to belong.
fn beside_dash(text: &Text, line: u32) -> Option<Told> {
    let (column, key) = key_of(text, line)?;
    let mut at = line;
    let dash = loop {
        at = at.checked_sub(1).filter(|at| *at > 0)?;
        let written = text.line(at)?;
        let indent = written.chars().take_while(|letter| *letter == ' ').count();
        if written.trim().is_empty() || indent > column {
            continue;
        }
        break (indent == column && written.trim_start().starts_with("- ")).then_some(at)?;
    };
    let start = text.offset_of_line(line) + column;
    Some(Told {
        span: Span::new(start, start + key.chars().count()),
        message: format!("`{key}` stands outside the item that begins with `-` on line {dash}"),
        fix: Some(format!(
            "if it belongs to it, begin it in column {}",
            column + 3
        )),
    })
}

/// The key that a line begins with, and its column from 0; not behind a dash.
fn key_of(text: &Text, line: u32) -> Option<(usize, String)> {
    let written = text.line(line)?;
    let column = written.chars().take_while(|letter| *letter == ' ').count();
    let (key, _) = written.trim_start().split_once(':')?;
    let is_key = !key.is_empty()
        && key
            .chars()
            .all(|letter| letter.is_alphanumeric() || "_-.".contains(letter));
    (is_key && !key.starts_with('-')).then(|| (column, key.to_owned()))
}

/// The key of the nearest line above that has one, its column behind dashes, and its value.
fn above(text: &Text, line: u32) -> Option<(String, usize, String)> {
    let written = (1..line)
        .rev()
        .find_map(|above| text.line(above).filter(|line| !line.trim().is_empty()))?;
    let mut rest = written.trim_start();
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start();
    }
    let column = written.chars().count() - rest.chars().count();
    let (key, value) = rest.split_once(':')?;
    Some((key.to_owned(), column, without_comment(value.trim_start())))
}

/// `{ http: GET /t/${id} }`
fn template_in_flow(text: &Text, line: u32) -> Option<Told> {
    let written: Vec<char> = text.line(line)?.chars().collect();
    let mut quote = None;
    let mut depth = 0;
    for (column, &letter) in written.iter().enumerate() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '$') if depth > 0 && written.get(column + 1) == Some(&'{') => {
                let start = text.offset_of_line(line) + column;
                return Some(Told {
                    span: Span::new(start, start + 2),
                    message: "`${…}` inside `{ }` or `[ ]` must be quoted".into(),
                    fix: Some("write the keys on lines of their own, or quote the value".into()),
                });
            }
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

/// `- !(a && b)`
fn tag(text: &Text, line: u32) -> Option<Told> {
    let (start, value) = value_of(text, line)?;
    value.starts_with('!').then(|| Told {
        span: Span::new(start, start + value.chars().count()),
        message: format!("`{value}` begins with `!`, which YAML reads as a tag"),
        fix: Some(format!("put it in quotes:  {}", quoted(&value))),
    })
}

/// `- "a" in body.tags`: the quoted part ends the value, and the rest can't follow.
fn quote_in_front(text: &Text, line: u32) -> Option<Told> {
    let (start, value) = value_of(text, line)?;
    let opened = value.chars().next()?;
    let closes = match opened {
        '"' | '\'' => opened,
        '[' => ']',
        '{' => '}',
        '@' | '`' | '%' | '*' | '&' => return Some(told_quote(start, &value)),
        _ => return None,
    };
    let end = value[1..].rfind(closes)? + 2;
    // Something stands between the first closing and the end of the line.
    let first_end = value[1..].find(closes)? + 2;
    let has_rest = !value[end..].trim().is_empty()
        || (matches!(opened, '"' | '\'') && first_end < value.trim_end().len());
    has_rest.then(|| told_quote(start, &value))
}

fn told_quote(start: usize, value: &str) -> Told {
    Told {
        span: Span::new(start, start + value.chars().count()),
        message: "a value that begins with a quote, a bracket or a sign of YAML ends with it"
            .into(),
        fix: Some(format!("put it in quotes:  {}", quoted(value))),
    }
}

/// `check: [ f(a[0], b) == 1 ]`
fn check_in_flow(text: &Text, line: u32) -> Option<Told> {
    let written = text.line(line)?;
    let trimmed = written.trim_start().trim_start_matches("- ");
    let is_list = ["check:", "expect:", "same:"].iter().any(|key| {
        trimmed
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('['))
    });
    let column = written.chars().position(|letter| letter == '[')?;
    let start = text.offset_of_line(line) + column;
    is_list.then(|| Told {
        span: Span::new(start, text.end_of_line(start)),
        message: "a list in `[ ]` can't hold these expressions".into(),
        fix: Some("put each on its own line, after `- `".into()),
    })
}

/// `where: message.text == "a: b"`
fn colon(text: &Text, line: u32, info: &str) -> Option<Told> {
    if !info.contains("mapping values") {
        return None;
    }
    let (start, value) = value_of(text, line)?;
    value.contains(": ").then(|| Told {
        span: Span::new(start, start + value.chars().count()),
        message: "`: ` inside a value begins a map".into(),
        fix: Some(format!("put it in quotes:  {}", quoted(&value))),
    })
}

/// What stands behind the dashes and the key of a line, with its offset; comments are cut.
fn value_of(text: &Text, line: u32) -> Option<(usize, String)> {
    let written = text.line(line)?;
    let mut rest = written.trim_start();
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start();
    }
    if let Some((key, value)) = rest.split_once(": ")
        && !key.is_empty()
        && key
            .chars()
            .all(|letter| letter.is_alphanumeric() || "_-.".contains(letter))
    {
        rest = value.trim_start();
    }
    let column = written.chars().count() - rest.chars().count();
    let value = without_comment(rest);
    (!value.is_empty()).then(|| (text.offset_of_line(line) + column, value))
}
