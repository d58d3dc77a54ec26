//! What evaluates but is probably not meant. The most treacherous: CEL absorbs errors, so that a
//! misspelt field in `a.typo == 1 || status == 200` is never noticed.

use std::collections::BTreeMap;

use crate::error::{Lint, LintKind};
use crate::infer;
use crate::kinds::Kinds;
use crate::tree::{Chain, Form, Kind, Node, Operator};

pub(crate) fn lints(tree: &Node) -> Vec<Lint> {
    let mut lints = absorbed_fields(tree);
    always_same(tree, &mut lints);
    lints.sort_by_key(|lint| lint.offset);
    lints
}

/// What becomes of an error at some place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It shows.
    Shown,
    /// Another operand may end it in `false`.
    Absorbed,
    /// Another operand may end it in `true`.
    Hidden,
}

/// Each path that is read, with the best fate of its error and the place where it has that.
#[derive(Default)]
struct Paths<'a> {
    seen: BTreeMap<String, (Fate, &'a Chain)>,
    /// Paths that some `has()` asks for.
    asked: Vec<String>,
}

fn absorbed_fields(tree: &Node) -> Vec<Lint> {
    let mut paths = Paths::default();
    paths.walk(tree, Fate::Shown, true);
    let Paths { seen, asked } = paths;
    seen.into_iter()
        .filter(|(path, (fate, _))| *fate != Fate::Shown && !asked.contains(path))
        .map(|(path, (fate, chain))| lint_of(&path, fate, chain))
        .collect()
}

fn lint_of(path: &str, fate: Fate, chain: &Chain) -> Lint {
    let (kind, message) = match fate {
        Fate::Hidden => (
            LintKind::HiddenField,
            format!("if {path} is missing, the other side of `||` can still pass this"),
        ),
        Fate::Shown | Fate::Absorbed => (
            LintKind::AbsorbedField,
            format!("if {path} is missing, this ends in false without saying so"),
        ),
    };
    Lint {
        kind,
        offset: chain.node.offset as usize,
        len: chain.node.len as usize,
        root: root_of(&chain.node).to_owned(),
        message,
        fix: fix_of(path, &chain.node),
    }
}

fn fix_of(path: &str, node: &Node) -> String {
    let asks = match &node.kind {
        Kind::Index(pair) => {
            let key = pair[1]
                .constant()
                .map(|key| key.excerpt(60))
                .unwrap_or_default();
            let parent = path.strip_suffix(&format!("[{key}]")).unwrap_or(path);
            format!("{key} in {parent}")
        }
        _ => format!("has({path})"),
    };
    format!("write `{asks} && …`, or check {path} on a line of its own")
}

fn root_of(node: &Node) -> &str {
    match &node.kind {
        Kind::Global(name) => name,
        Kind::Local(_) => "",
        _ => node.children().first().map_or("", |child| root_of(child)),
    }
}

impl<'a> Paths<'a> {
    /// `truth` says whether `true` here makes `true` of the whole.
    fn walk(&mut self, node: &'a Node, fate: Fate, truth: bool) {
        match &node.kind {
            Kind::Read(chain) => self.read(chain, fate),
            Kind::Has(operand, field) => {
                if let Kind::Read(chain) = &operand.kind
                    && let Some(path) = path_of(&chain.node)
                {
                    self.asked.push(crate::lower::with_field(path, field));
                }
                self.walk(operand, fate, truth);
            }
            Kind::Not(operand) => self.walk(operand, fate, !truth),
            Kind::Or(pair) => self.sides(pair, fate, truth, truth),
            Kind::And(pair) => self.sides(pair, fate, truth, !truth),
            Kind::Loop(each) if matches!(each.form, Form::All | Form::Exists) => {
                self.walk(&each.range, fate, truth);
                self.walk(&each.body, fate.max(Fate::Absorbed), truth);
            }
            Kind::Binary(Operator::In, pair) => {
                if let (Some(key), Kind::Read(chain)) = (pair[0].constant(), &pair[1].kind)
                    && let Some(path) = path_of(&chain.node)
                {
                    self.asked.push(crate::lower::with_index(path.clone(), key));
                    self.asked
                        .extend(key.as_text().map(|key| crate::lower::with_field(path, key)));
                }
                self.below(node, fate);
            }
            _ => self.below(node, fate),
        }
    }

    fn sides(&mut self, pair: &'a [Node; 2], fate: Fate, truth: bool, hides: bool) {
        let worse = fate.max(if hides { Fate::Hidden } else { Fate::Absorbed });
        for side in pair {
            self.walk(side, worse, truth);
        }
    }

    fn below(&mut self, node: &'a Node, fate: Fate) {
        for child in node.children() {
            self.walk(child, fate, true);
        }
    }

    fn read(&mut self, chain: &'a Chain, fate: Fate) {
        // An index within the chain may read paths of its own.
        let mut node = &chain.node;
        let mut depth = 0;
        loop {
            match &node.kind {
                Kind::Select(operand, _) => node = operand,
                Kind::Index(pair) => {
                    self.walk(&pair[1], fate, true);
                    node = &pair[0];
                }
                _ => break,
            }
            depth += 1;
        }
        // In a loop, each item would have to lack the field: that shows, unless `||` hides it.
        let is_excused = chain.is_local && fate != Fate::Hidden;
        if depth == 0 || is_excused {
            return;
        }
        if let Some(path) = path_of(&chain.node) {
            let best = self.seen.entry(path).or_insert((fate, chain));
            if fate < best.0 {
                *best = (fate, chain);
            }
        }
    }
}

/// The path as it is written, of a variable or of a loop's variable.
fn path_of(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Global(name) => Some(name.to_string()),
        Kind::Local(local) => Some(local.name.to_string()),
        Kind::Select(operand, field) => Some(crate::lower::with_field(path_of(operand)?, field)),
        Kind::Index(pair) => Some(crate::lower::with_index(
            path_of(&pair[0])?,
            pair[1].constant()?,
        )),
        _ => None,
    }
}

/// Comparisons of unlike kinds, and of a path with itself.
fn always_same(node: &Node, lints: &mut Vec<Lint>) {
    if let Kind::Binary(operator, pair) = &node.kind {
        let kinds = |side| infer::check(side).unwrap_or(Kinds::ANY);
        let (left, right) = (kinds(&pair[0]), kinds(&pair[1]));
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        let found = if is_equality && !left.meets(right) {
            let fix = "compare like with like: `int(x)`, `string(x)`";
            Some((format!("{left} never equals {right}"), fix))
        } else if is_compared_with_itself(pair) && *operator != Operator::Add {
            Some((
                "both sides are the same".to_owned(),
                "compare it with something else",
            ))
        } else {
            None
        };
        lints.extend(found.map(|(message, fix)| Lint {
            kind: LintKind::AlwaysSame,
            offset: node.offset as usize,
            len: node.len as usize,
            root: String::new(),
            message,
            fix: fix.to_owned(),
        }));
    }
    for child in node.children() {
        always_same(child, lints);
    }
}

fn is_compared_with_itself(pair: &[Node; 2]) -> bool {
    match (&pair[0].kind, &pair[1].kind) {
        (Kind::Read(a), Kind::Read(b)) => {
            let path = path_of(&a.node);
            path.is_some() && path == path_of(&b.node)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
