//! One blank line before each test but the first, above the comments that belong to it.

use crate::place::Text;
use crate::raw::{Kind, Node};

/// The text with those lines; no other line changes.
pub(super) fn between_tests(text: &str, root: &Node) -> String {
    let whole = Text::new(text);
    let lines: Vec<&str> = text.lines().collect();
    let tests = root.get("tests").and_then(Node::as_list).unwrap_or(&[]);
    let begins = tests.windows(2).map(|pair| {
        let last = line_of(&whole, last_letter(&pair[0]));
        above_comments(&lines, line_of(&whole, pair[1].span.start), last)
    });
    let begins: Vec<usize> = begins.collect();
    let mut spaced = String::with_capacity(text.len() + begins.len());
    for (at, line) in lines.iter().enumerate() {
        let is_tight = at > 0 && !lines[at - 1].trim().is_empty();
        if begins.contains(&at) && is_tight {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
    }
    spaced
}

/// The first of the comment lines right above a line, not beyond the line `last`. From 0.
fn above_comments(lines: &[&str], line: usize, last: usize) -> usize {
    let mut at = line;
    while at > last + 1 && lines[at - 1].trim_start().starts_with('#') {
        at -= 1;
    }
    at
}

/// Where the last scalar of a tree ends.
fn last_letter(node: &Node) -> usize {
    let inner = match &node.kind {
        Kind::Scalar(_) => None,
        Kind::List { items, .. } => items.last(),
        Kind::Map(map) => map.entries.last().map(|entry| &entry.value),
    };
    let own = node.span.end.saturating_sub(1).max(node.span.start);
    inner.map_or(own, last_letter)
}

fn line_of(text: &Text, offset: usize) -> usize {
    let (line, _) = text.position(offset);
    usize::try_from(line).unwrap_or(1) - 1
}
