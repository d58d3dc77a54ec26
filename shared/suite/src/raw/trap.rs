//! YAML that parses, but not as it was meant: each pattern gets its own message and its fix.
//!
//! A node that a trap has told of is marked, so that readers add nothing to it. Patterns that
//! stop the parser are in `raw::syntax`.

use super::{Entry, Kind, Map, Node, Scalar, Style};
use crate::place::{Span, Text};
use crate::problem::Problems;

/// Finds flow lists and maps that were split at the commas of an expression.
pub(crate) fn mark(node: &mut Node, problems: &Problems<'_>) {
    match &mut node.kind {
        Kind::Scalar(_) => {}
        Kind::List { items, is_flow } => {
            if *is_flow {
                join_items(items, problems);
            }
            items.iter_mut().for_each(|item| mark(item, problems));
        }
        Kind::Map(map) => {
            if map.is_flow {
                join_entries(map, problems);
            }
            let values = map.entries.iter_mut().map(|entry| &mut entry.value);
            values.for_each(|value| mark(value, problems));
        }
    }
}

/// `- !body.ok`: YAML reads a tag; it was meant as "not".
pub(crate) fn tagged(node: Node, problems: &Problems<'_>) -> Node {
    let text = problems.text();
    let start = start_of_tag(text, node.span.start);
    let end = text.end_of_line(start);
    let written = without_comment(&text.slice(Span::new(start, end)));
    let span = Span::new(start, start + written.chars().count());
    problems.fix(
        span,
        format!("`{written}` begins with `!`, which YAML reads as a tag"),
        format!("put it in quotes:  {}", quoted(&written)),
    );
    Node {
        is_reported: true,
        ..node
    }
}

fn start_of_tag(text: &Text, from: usize) -> usize {
    let chars = text.chars();
    let mut at = from.min(chars.len());
    // A tag without a value leaves an empty one where the next token begins, lines below.
    while at > 0 && chars[at - 1].is_whitespace() {
        at -= 1;
    }
    while at > 0 && chars[at - 1] != '\n' {
        at -= 1;
        let begins = at == 0 || chars[at - 1].is_whitespace() || matches!(chars[at - 1], '[' | ',');
        if chars[at] == '!' && begins {
            return at;
        }
    }
    from
}

/// The value as it was meant when a plain scalar lost its end to ` #`.
pub(crate) fn cut_by_comment(node: &Node, text: &Text) -> Option<String> {
    let scalar = node
        .as_scalar()
        .filter(|scalar| scalar.style == Style::Plain)?;
    if is_balanced(&scalar.text) {
        return None;
    }
    let end = text.end_of_line(node.span.end);
    let rest = text.slice(Span::new(node.span.end, end));
    rest.trim_start().starts_with('#').then(|| {
        text.slice(Span::new(node.span.start, end))
            .trim_end()
            .to_owned()
    })
}

/// The expression as it was meant when a plain scalar became a map at `: `.
pub(crate) fn split_at_colon(node: &Node, text: &Text) -> Option<String> {
    let map = node
        .as_map()
        .filter(|map| map.entries.len() == 1 && !map.is_flow)?;
    let entry = map.entries.first()?;
    entry.value.as_scalar()?;
    let looks_like_expression =
        !is_balanced(&entry.key) || entry.key.contains([' ', '(', '?', '=', '<', '>', '&', '|']);
    let end = text.end_of_line(entry.key_span.start);
    looks_like_expression
        .then(|| without_comment(&text.slice(Span::new(entry.key_span.start, end))))
}

fn join_items(items: &mut Vec<Node>, problems: &Problems<'_>) {
    let mut joined = Vec::with_capacity(items.len());
    let mut rest = std::mem::take(items).into_iter();
    while let Some(mut item) = rest.next() {
        let parts = rest
            .as_slice()
            .iter()
            .map(|next| next.as_scalar().map_or(0, depth));
        if let Some(count) = unclosed(&item).and_then(|open| closed_by(open, parts)) {
            for next in rest.by_ref().take(count) {
                item.span.end = next.span.end;
            }
            tell_of_split(item.span, true, problems);
            item.is_reported = true;
        }
        joined.push(item);
    }
    *items = joined;
}

fn join_entries(map: &mut Map, problems: &Problems<'_>) {
    let mut joined: Vec<Entry> = Vec::with_capacity(map.entries.len());
    let mut rest = std::mem::take(&mut map.entries).into_iter();
    while let Some(mut entry) = rest.next() {
        let parts = rest
            .as_slice()
            .iter()
            .map(|next| depth(&Scalar::plain(&next.key)) + next.value.as_scalar().map_or(0, depth));
        if let Some(count) = unclosed(&entry.value).and_then(|open| closed_by(open, parts)) {
            for next in rest.by_ref().take(count) {
                let is_absent = next.value.span.start == next.value.span.end;
                let last = if is_absent {
                    next.key_span
                } else {
                    next.value.span
                };
                entry.value.span.end = last.end;
            }
            tell_of_split(entry.value.span, false, problems);
            entry.value.is_reported = true;
        }
        joined.push(entry);
    }
    map.entries = joined;
}

/// How many of the parts that follow it takes to close what is open; `None` if they never do.
fn closed_by(open: i32, parts: impl Iterator<Item = i32>) -> Option<usize> {
    let mut open = open;
    for (index, part) in parts.enumerate() {
        open += part;
        if open <= 0 {
            return Some(index + 1);
        }
    }
    None
}

/// How many brackets a plain scalar leaves open, if it leaves any.
fn unclosed(node: &Node) -> Option<i32> {
    let scalar = node.as_scalar()?;
    let open = depth(scalar);
    (scalar.style == Style::Plain && open > 0).then_some(open)
}

fn depth(scalar: &Scalar) -> i32 {
    scalar.text.chars().fold(0, |depth, letter| match letter {
        '(' => depth + 1,
        ')' => depth - 1,
        _ => depth,
    })
}

fn tell_of_split(span: Span, in_list: bool, problems: &Problems<'_>) {
    let meant = problems.text().slice(span).trim().to_owned();
    if in_list {
        let fix = format!("put it on its own line:  - {meant}");
        problems.fix(span, "this check was split at a comma", fix);
    } else {
        let fix = format!("put it in quotes:  {}", quoted(&meant));
        problems.fix(span, "this expression was split at a comma", fix);
    }
}

/// Quotes and brackets all closed.
pub(crate) fn is_balanced(text: &str) -> bool {
    let mut quote = None;
    let mut depth = 0_i32;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(_), '\\') => {
                letters.next();
            }
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, _) => {}
        }
    }
    quote.is_none() && depth == 0
}

/// The text up to a comment that stands outside quotes.
pub(crate) fn without_comment(text: &str) -> String {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '#' && before.is_whitespace() => {
                return text[..at].trim_end().to_owned();
            }
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            None => {}
        }
        before = letter;
    }
    text.trim_end().to_owned()
}

/// The text as a single-quoted scalar.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
