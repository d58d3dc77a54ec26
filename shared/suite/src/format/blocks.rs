//! Steps, checks and saves that were written in flow style become lines, where a comma or a colon
//! of an expression can split nothing.
//!
//! It edits the text at the places that the tree names, and lays nothing else out.

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
}

/// The text with every such value in lines.
pub(super) fn in_lines(text: &str, root: &Node) -> String {
    let text = Text::new(text);
    let mut edits = Vec::new();
    Finder {
        text: &text,
        edits: &mut edits,
    }
    .look(root, Role::Other, 0);
    let mut chars = text.chars().to_vec();
    for (span, put) in edits.into_iter().rev() {
        chars.splice(span.start..span.end, put.chars());
    }
    chars.into_iter().collect()
}

fn role(key: &str) -> Option<Role> {
    if DATA.contains(&key) {
        return None;
    }
    Some(match key {
        _ if STEPS.contains(&key) => Role::Steps,
        _ if CHECKS.contains(&key) || key == "save" => Role::Lines,
        _ => Role::Other,
    })
}

struct Finder<'a> {
    text: &'a Text,
    /// In the order of the text; none inside another.
    edits: &'a mut Vec<(Span, String)>,
}

impl Finder<'_> {
    /// `indent` is that of the key or dash before the value.
    fn look(&mut self, node: &Node, role: Role, indent: usize) {
        if is_flow(node) {
            if role != Role::Other && !is_empty(node) {
                self.edit(node, role, indent);
            }
            return;
        }
        match &node.kind {
            Kind::Scalar(_) => {}
            Kind::List { items, .. } => {
                let inner = if role == Role::Steps {
                    Role::Step
                } else {
                    Role::Other
                };
                for item in items {
                    self.look(item, inner, self.column(item.span.start));
                }
            }
            Kind::Map(map) => {
                for entry in &map.entries {
                    if let Some(own) = below(role, &entry.key) {
                        self.look(&entry.value, own, self.column(entry.key_span.start));
                    }
                }
            }
        }
    }

    fn edit(&mut self, node: &Node, role: Role, indent: usize) {
        let source = self.text.slice(node.span);
        // A comment inside has no line of its own to go to.
        if source.contains(" #") || source.contains("\n#") {
            return;
        }
        let Some(lines) = self.lines(node, role) else {
            return;
        };
        // A step stands behind its dash; anything else begins on the line below its key.
        let (first, margin) = if role == Role::Step {
            (String::new(), " ".repeat(indent))
        } else {
            let margin = " ".repeat(indent + 2);
            (format!("\n{margin}"), margin)
        };
        let put = lines.join(&format!("\n{margin}"));
        self.edits.push((node.span, format!("{first}{put}")));
    }

    /// The node in block style, from column 0; `None` for what has to stay as it is.
    fn lines(&self, node: &Node, role: Role) -> Option<Vec<String>> {
        if role == Role::Other || is_empty(node) {
            return self.verbatim(node.span).map(|text| vec![text]);
        }
        match &node.kind {
            Kind::Scalar(_) => self.verbatim(node.span).map(|text| vec![text]),
            Kind::List { items, .. } => {
                let inner = if role == Role::Steps {
                    Role::Step
                } else {
                    Role::Other
                };
                let items = items.iter().map(|item| {
                    let lines = self.lines(item, inner)?;
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
        let own = below(role, &entry.key).unwrap_or(Role::Other);
        let value = &entry.value;
        if value.span.start == value.span.end {
            return Some(vec![format!("{key}:")]);
        }
        let lines = self.lines(value, own)?;
        if own == Role::Other || value.as_scalar().is_some() || is_empty(value) {
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

/// The role of a value under `key` of a map that has `role`; `None` below which nothing is ours.
fn below(role: Role, key: &str) -> Option<Role> {
    match role {
        // A map of lists of steps (`branches`), or of expressions (`save`): its keys are names.
        Role::Steps => Some(Role::Steps),
        Role::Lines => Some(Role::Other),
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
