//! Text → tree, from the events of the YAML parser.
//!
//! Anchors, aliases and tags are refused with their place, so that nothing here can grow beyond
//! the text it came from. A syntax error ends the file with exactly one problem.

use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan};

use super::{Entry, Kind, Map, Node, Scalar, Style, syntax, trap};
use crate::place::{Span, Text};
use crate::problem::Problems;

/// Files above this are refused before they are parsed.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Maps and lists inside one another.
const MAX_DEPTH: usize = 60;

/// The tree of a file; `None` when it can't be read at all, which is then the only problem.
pub(crate) fn parse(source: &str, problems: &Problems<'_>) -> Option<Node> {
    if source.len() > MAX_BYTES {
        problems.fix(
            Span::default(),
            format!(
                "this file has {} bytes; at most {MAX_BYTES} are read",
                source.len()
            ),
            "split it into several files",
        );
        return None;
    }
    let mut builder = Builder::new(problems);
    let mut parser = Parser::new_from_str(source);
    while let Some(event) = parser.next_event() {
        let stop = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => Some(Stop::Syntax(
                error.marker().index(),
                error.info().to_owned(),
            )),
        };
        match stop {
            None => {}
            Some(Stop::Syntax(at, info)) => {
                let told = syntax::explain(problems.text(), at, &info);
                problems.only(told.span, told.message, told.fix);
                return None;
            }
            Some(Stop::Refused(span, message, fix)) => {
                problems.only(span, message, Some(fix));
                return None;
            }
        }
    }
    let mut root = builder.root?;
    trap::mark(&mut root, problems);
    Some(root)
}

enum Stop {
    Syntax(usize, String),
    Refused(Span, String, String),
}

/// A map or list whose end has not come yet.
struct Open {
    start: usize,
    kind: OpenKind,
}

enum OpenKind {
    List {
        items: Vec<Node>,
        is_flow: bool,
    },
    Map {
        map: Map,
        key: Option<(String, Span)>,
    },
}

struct Builder<'a> {
    problems: &'a Problems<'a>,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

impl<'a> Builder<'a> {
    fn new(problems: &'a Problems<'a>) -> Self {
        Self {
            problems,
            open: Vec::new(),
            root: None,
            documents: 0,
        }
    }

    fn text(&self) -> &'a Text {
        self.problems.text()
    }

    fn take(&mut self, event: Event<'_>, span: YamlSpan) -> Option<Stop> {
        let span = Span::new(span.start.index(), span.end.index());
        match event {
            Event::DocumentStart(_) => return self.begin_document(span),
            Event::Alias(_) => {
                self.refuse_anchor(span, "an alias");
                self.place(reported(span));
            }
            Event::Scalar(text, style, anchor, tag) => {
                // `!(a && b)` has both, and the tag says it all.
                if anchor != 0 && tag.is_none() {
                    self.refuse_anchor(span, "an anchor");
                }
                let mut node = self.scalar(&text, style, span);
                if tag.is_some() {
                    node = trap::tagged(node, self.problems);
                }
                self.place(node);
            }
            Event::SequenceStart(anchor, tag) => {
                let is_flow = self.text().chars().get(span.start) == Some(&'[');
                let kind = OpenKind::List {
                    items: Vec::new(),
                    is_flow,
                };
                return self.begin(span, anchor, tag.is_some(), kind);
            }
            Event::MappingStart(anchor, tag) => {
                let is_flow = self.text().chars().get(span.start) == Some(&'{');
                let map = Map {
                    entries: Vec::new(),
                    is_flow,
                };
                return self.begin(
                    span,
                    anchor,
                    tag.is_some(),
                    OpenKind::Map { map, key: None },
                );
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        None
    }

    fn begin_document(&mut self, span: Span) -> Option<Stop> {
        self.documents += 1;
        (self.documents > 1).then(|| {
            Stop::Refused(
                span,
                "a second document begins here; a file holds one".to_owned(),
                "move it to a file of its own and drop the `---`".to_owned(),
            )
        })
    }

    fn begin(&mut self, span: Span, anchor: usize, tagged: bool, kind: OpenKind) -> Option<Stop> {
        if anchor != 0 {
            self.refuse_anchor(span, "an anchor");
        }
        if tagged {
            self.problems
                .fix(span, "a YAML tag stands before this", "remove the `!…`");
        }
        if self.open.len() >= MAX_DEPTH {
            return Some(Stop::Refused(
                span,
                format!("more than {MAX_DEPTH} maps and lists inside one another"),
                "write it flatter".to_owned(),
            ));
        }
        self.open.push(Open {
            start: span.start,
            kind,
        });
        None
    }

    fn end(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let kind = match open.kind {
            OpenKind::List { items, is_flow } => Kind::List { items, is_flow },
            OpenKind::Map { map, .. } => Kind::Map(map),
        };
        let end = span.end.max(open.start);
        self.place(Node {
            span: Span::new(open.start, end),
            kind,
            is_reported: false,
        });
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: Span) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        // The parser stands `~` in for a value that was not written, with the next token's place.
        let is_written = self.text().chars().get(span.start) == Some(&'~');
        let is_absent =
            style == Style::Plain && (span.start == span.end || (text == "~" && !is_written));
        let text = if is_absent { "" } else { text };
        let span = if is_absent {
            Span::new(span.start, span.start)
        } else {
            span
        };
        Node {
            span,
            kind: Kind::Scalar(Scalar {
                text: text.to_owned(),
                style,
            }),
            is_reported: false,
        }
    }

    fn place(&mut self, node: Node) {
        let problems = self.problems;
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = self.root.take().or(Some(node)),
            Some(OpenKind::List { items, .. }) => items.push(node),
            Some(OpenKind::Map { map, key }) => match key.take() {
                None => *key = Some(key_of(&node, problems)),
                Some((key, key_span)) => insert(
                    map,
                    Entry {
                        key,
                        key_span,
                        value: node,
                    },
                    problems,
                ),
            },
        }
    }

    fn refuse_anchor(&self, span: Span, what: &str) {
        self.problems.fix(
            span,
            format!("{what} (`&` and `*`) is not part of the language"),
            "name the steps once under `define:` and say `use:`, or put the value in quotes",
        );
    }
}

fn reported(span: Span) -> Node {
    Node {
        span,
        kind: Kind::Scalar(Scalar::plain("")),
        is_reported: true,
    }
}

fn key_of(node: &Node, problems: &Problems<'_>) -> (String, Span) {
    match node.as_scalar() {
        Some(scalar) => (scalar.text.clone(), node.span),
        None => {
            problems.fix(
                node.span,
                format!("a key must be text, this is {}", node.kind_name()),
                "put it in quotes",
            );
            (String::new(), node.span)
        }
    }
}

fn insert(map: &mut Map, entry: Entry, problems: &Problems<'_>) {
    if let Some(first) = map.entry(&entry.key) {
        let (line, _) = problems.text().position(first.key_span.start);
        problems.fix(
            entry.key_span,
            format!(
                "the key `{}` is written twice; the first is on line {line}",
                entry.key
            ),
            "keep one of them",
        );
        return;
    }
    map.entries.push(entry);
}
