//! Steps, checks and saves that were written in flow style become lines, where a comma or a colon
//! of an expression can split nothing; so does every list and map that is too long for its line.
//!
//! It edits the text at the places that the tree names, and lays nothing else out.

use super::WIDTH;
use crate::place::{Span, Text};
use crate::raw::{Entry, Kind, Node};

/// Keys whose value is a list of steps (or of tests).
const STEPS: [&str; 10] = [
    "after", "create", "delete", "login", "requires", "setup", "steps", "teardown", "tests",
    "branches",
];
/// Keys whose value is a list of expressions.
const CHECKS: [&str; 2] = ["check", "expect"];
/// Keys below which everything is data, whatever its name.
const DATA: [&str; 9] = [
    "form",
    "headers",
    "json",
    "multipart",
    "query",
    "resume",
    "rows",
    "vars",
    "with",
];

/// What a value is, as far as its layout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A list of maps, or a map of such lists.
    Steps,
    /// One of those maps.
    Step,
    /// A list of expressions, or a map of them.
    Lines,
    Other,
    /// Whatever its keys are called, they are not ours.
    Data,
}

/// The text with every such value in lines.
pub(super) fn in_lines(text: &str, root: &Node) -> String {
    let text = Text::new(text);
    let mut edits = Vec::new();
    Finder {
        text: &text,
        edits: &mut edits,
    }
    .look(root, Role::Other, None);
    let mut chars = text.chars().to_vec();
    for (span, put) in edits.into_iter().rev() {
        chars.splice(span.start..span.end, put.chars());
    }
    chars.into_iter().collect()
}

fn role(key: &str) -> Role {
    match key {
        _ if DATA.contains(&key) => Role::Data,
        _ if STEPS.contains(&key) => Role::Steps,
        _ if CHECKS.contains(&key) || key == "save" => Role::Lines,
        _ => Role::Other,
    }
}

struct Finder<'a> {
    text: &'a Text,
    /// In the order of the text; none inside another.
    edits: &'a mut Vec<(Span, String)>,
}

impl Finder<'_> {
    /// `key` is the column of the key before the value; an item of a list has none.
    fn look(&mut self, node: &Node, role: Role, key: Option<usize>) {
        if is_flow(node) {
            let has_lines = matches!(role, Role::Steps | Role::Step | Role::Lines);
            if !is_empty(node) && (has_lines || self.is_too_long(node)) {
                self.edit(node, role, key);
            }
            return;
        }
        match &node.kind {
            Kind::Scalar(_) => {}
            Kind::List { items, .. } => {
                for item in items {
                    self.look(item, of_item(role), None);
                }
            }
            Kind::Map(map) => {
                for entry in &map.entries {
                    let column = self.column(entry.key_span.start);
                    self.look(&entry.value, below(role, &entry.key), Some(column));
                }
            }
        }
    }

    /// Whether it would not fit its line if it were on one.
    fn is_too_long(&self, node: &Node) -> bool {
        let source = self.text.slice(node.span);
        let words = source.split_whitespace();
        let length: usize = words.map(|word| word.chars().count() + 1).sum();
        self.column(node.span.start) + length > WIDTH
    }

    fn edit(&mut self, node: &Node, role: Role, key: Option<usize>) {
        let source = self.text.slice(node.span);
        // A comment inside has no line of its own to go to.
        if source.contains(" #") || source.contains("\n#") {
            return;
        }
        let Some(lines) = self.in_block(node, role) else {
            return;
        };
        // An item stands behind its dash; a value begins on the line below its key.
        let (first, margin) = match key {
            None => (String::new(), " ".repeat(self.column(node.span.start))),
            Some(column) => {
                let margin = " ".repeat(column + 2);
                (format!("\n{margin}"), margin)
            }
        };
        let put = lines.join(&format!("\n{margin}"));
        self.edits.push((node.span, format!("{first}{put}")));
    }

    /// The node as it has to stand: what is no list of lines stays in flow style.
    fn lines(&self, node: &Node, role: Role) -> Option<Vec<String>> {
        if matches!(role, Role::Other | Role::Data) || is_empty(node) {
            return self.verbatim(node.span).map(|text| vec![text]);
        }
        self.in_block(node, role)
    }

    /// The node in block style, from column 0; `None` for what has to stay as it is.
    fn in_block(&self, node: &Node, role: Role) -> Option<Vec<String>> {
        match &node.kind {
            Kind::Scalar(_) => self.verbatim(node.span).map(|text| vec![text]),
            Kind::List { items, .. } => {
                let items = items.iter().map(|item| {
                    let lines = self.lines(item, of_item(role))?;
                    Some(hang("- ", lines))
                });
                items.collect::<Option<Vec<_>>>().map(|all| all.concat())
            }
            Kind::Map(map) => {
                let entries = map.entries.iter().map(|entry| self.entry(role, entry));
                entries.collect::<Option<Vec<_>>>().map(|all| all.concat())
            }
        }
    }

    fn entry(&self, role: Role, entry: &Entry) -> Option<Vec<String>> {
        let key = self.verbatim(entry.key_span)?;
        let own = below(role, &entry.key);
        let value = &entry.value;
        if value.span.start == value.span.end {
            return Some(vec![format!("{key}:")]);
        }
        let lines = self.lines(value, own)?;
        let is_flow = matches!(own, Role::Other | Role::Data);
        if is_flow || value.as_scalar().is_some() || is_empty(value) {
            return Some(vec![format!("{key}: {}", lines.concat())]);
        }
        let mut all = vec![format!("{key}:")];
        all.extend(lines.into_iter().map(|line| format!("  {line}")));
        Some(all)
    }

    /// A piece of the text that stands on one line.
    fn verbatim(&self, span: Span) -> Option<String> {
        let text = self.text.slice(span);
        let text = text.trim();
        (!text.contains('\n')).then(|| text.to_owned())
    }

    fn column(&self, offset: usize) -> usize {
        let (_, column) = self.text.position(offset);
        usize::try_from(column).unwrap_or(1) - 1
    }
}

fn of_item(role: Role) -> Role {
    match role {
        Role::Steps => Role::Step,
        Role::Data => Role::Data,
        Role::Step | Role::Lines | Role::Other => Role::Other,
    }
}

/// The role of a value under `key` of a map that has `role`.
fn below(role: Role, key: &str) -> Role {
    match role {
        // A map of lists of steps (`branches`), or of expressions (`save`): its keys are names.
        Role::Steps => Role::Steps,
        Role::Lines => Role::Other,
        Role::Data => Role::Data,
        Role::Step | Role::Other => self::role(key),
    }
}

/// The first line behind a mark, the others below it.
fn hang(mark: &str, lines: Vec<String>) -> Vec<String> {
    let margin = " ".repeat(mark.len());
    let place = |(at, line): (usize, String)| {
        let before = if at == 0 { mark } else { &margin };
        format!("{before}{line}")
    };
    lines.into_iter().enumerate().map(place).collect()
}

fn is_flow(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(_) => false,
        Kind::List { is_flow, .. } => *is_flow,
        Kind::Map(map) => map.is_flow,
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(_) => false,
        Kind::List { items, .. } => items.is_empty(),
        Kind::Map(map) => map.entries.is_empty(),
    }
}
