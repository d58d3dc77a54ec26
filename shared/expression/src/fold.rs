//! Replaces what is known without data by its value: so a check that cannot vary is found, and
//! what never changes is computed once. `status == 200 || true` is known, whatever the status.

use std::sync::Arc;

use crate::budget::Budget;
use crate::error::{CompileError, ErrorKind};
use crate::evaluate;
use crate::library::pattern_of;
use crate::scope::{NoEffects, Scope};
use crate::tree::{Chain, Kind, Loop, Node};
use crate::value::Value;

/// Steps for one constant; what takes more is left to evaluation.
const STEPS: u64 = 5_000;
/// The weight of the largest constant that is kept instead of what makes it.
const MAX_WEIGHT: u64 = 2_000;

pub(crate) fn fold(node: Node, source: &str) -> Result<Node, CompileError> {
    let scope = Scope::new(Arc::new(NoEffects));
    Folding {
        source,
        scope,
        steps: Budget::new(20 * STEPS),
    }
    .node(node)
}

/// Whether a whole expression reads no variable and asks for no effect.
pub(crate) fn is_closed(node: &Node) -> bool {
    closed_within(node, 0)
}

/// Whether it reads only loop variables from the slot `from`, which are its own.
fn closed_within(node: &Node, from: usize) -> bool {
    let is_closed = match &node.kind {
        Kind::Global(_) => false,
        Kind::Local(local) => local.slot >= from,
        Kind::Call(function, _) => function.is_pure,
        _ => true,
    };
    is_closed
        && node
            .children()
            .into_iter()
            .all(|child| closed_within(child, from))
}

struct Folding<'a> {
    source: &'a str,
    scope: Scope,
    /// All steps that folding one expression may take.
    steps: Budget,
}

type Result<T, E = CompileError> = std::result::Result<T, E>;

impl Folding<'_> {
    fn node(&mut self, node: Node) -> Result<Node> {
        let Node { offset, len, kind } = node;
        let kind = self.below(kind)?;
        self.whole(Node { offset, len, kind })
    }

    fn boxed(&mut self, node: Node) -> Result<Box<Node>> {
        self.node(node).map(Box::new)
    }

    fn pair(&mut self, pair: [Node; 2]) -> Result<Box<[Node; 2]>> {
        let [left, right] = pair;
        Ok(Box::new([self.node(left)?, self.node(right)?]))
    }

    fn below(&mut self, kind: Kind) -> Result<Kind> {
        Ok(match kind {
            Kind::Read(chain) => {
                let Chain {
                    node,
                    path,
                    is_local,
                } = *chain;
                let kind = self.below(node.kind)?;
                Kind::Read(Box::new(Chain {
                    node: Node { kind, ..node },
                    path,
                    is_local,
                }))
            }
            Kind::Select(operand, field) => Kind::Select(self.boxed(*operand)?, field),
            Kind::Has(operand, field) => Kind::Has(self.boxed(*operand)?, field),
            Kind::Matches(operand, pattern) => Kind::Matches(self.boxed(*operand)?, pattern),
            Kind::Not(operand) => Kind::Not(self.boxed(*operand)?),
            Kind::Negate(operand) => Kind::Negate(self.boxed(*operand)?),
            Kind::Index(pair) => Kind::Index(self.pair(*pair)?),
            Kind::And(pair) => Kind::And(self.pair(*pair)?),
            Kind::Or(pair) => Kind::Or(self.pair(*pair)?),
            Kind::Binary(operator, pair) => Kind::Binary(operator, self.pair(*pair)?),
            Kind::Conditional(parts) => {
                let [condition, yes, no] = *parts;
                let parts = [self.node(condition)?, self.node(yes)?, self.node(no)?];
                Kind::Conditional(Box::new(parts))
            }
            Kind::List(items) => Kind::List(self.all(items)?),
            Kind::Call(function, arguments) => Kind::Call(function, self.all(arguments)?),
            Kind::Map(entries) => {
                let fold = |(key, value)| Ok((self.node(key)?, self.node(value)?));
                Kind::Map(entries.into_iter().map(fold).collect::<Result<_>>()?)
            }
            Kind::Loop(each) => {
                let Loop {
                    form,
                    range,
                    slot,
                    filter,
                    body,
                } = *each;
                let filter = filter.map(|filter| self.node(filter)).transpose()?;
                let (range, body) = (self.node(range)?, self.node(body)?);
                Kind::Loop(Box::new(Loop {
                    form,
                    range,
                    slot,
                    filter,
                    body,
                }))
            }
            leaf => leaf,
        })
    }

    /// A loop for the sake of the stack, as in lowering.
    fn all(&mut self, nodes: Vec<Node>) -> Result<Vec<Node>> {
        let mut folded = Vec::with_capacity(nodes.len());
        for node in nodes {
            folded.push(self.node(node)?);
        }
        Ok(folded)
    }

    /// Folds a node whose parts are folded.
    fn whole(&mut self, node: Node) -> Result<Node> {
        let Node { offset, len, kind } = node;
        let decided = |pair: &[Node; 2], decisive: bool| {
            pair.iter()
                .any(|side| side.constant() == Some(&Value::bool(decisive)))
        };
        let kind = match kind {
            Kind::Constant(_) => kind,
            Kind::Or(pair) if decided(&pair, true) => Kind::Constant(Value::bool(true)),
            Kind::And(pair) if decided(&pair, false) => Kind::Constant(Value::bool(false)),
            Kind::Conditional(parts) => match parts[0].constant().and_then(Value::as_bool) {
                Some(truth) => {
                    let [_, yes, no] = *parts;
                    return Ok(if truth { yes } else { no });
                }
                None => Kind::Conditional(parts),
            },
            Kind::Call(function, arguments) if function.name == "matches" => {
                return self.matches(Node {
                    offset,
                    len,
                    kind: Kind::Call(function, arguments),
                });
            }
            Kind::Call(function, arguments) => {
                check_share(function.name, &arguments)?;
                Kind::Call(function, arguments)
            }
            kind => kind,
        };
        self.evaluated(Node { offset, len, kind })
    }

    /// `matches` with a known pattern, which is compiled once and for all.
    fn matches(&mut self, node: Node) -> Result<Node> {
        let Node { offset, len, kind } = node;
        let Kind::Call(function, mut arguments) = kind else {
            return Ok(Node { offset, len, kind });
        };
        let known = arguments
            .get(1)
            .and_then(Node::constant)
            .and_then(Value::as_text);
        let Some(pattern) = known.map(pattern_of) else {
            return Ok(Node {
                offset,
                len,
                kind: Kind::Call(function, arguments),
            });
        };
        let pattern = pattern.map_err(|message| CompileError {
            offset: arguments[1].offset as usize,
            len: arguments[1].len as usize,
            message,
            fix: Some("use RE2's syntax; a raw text `r\"\\d+\"` keeps its backslashes".to_owned()),
        })?;
        let text = Box::new(arguments.swap_remove(0));
        self.evaluated(Node {
            offset,
            len,
            kind: Kind::Matches(text, pattern),
        })
    }

    fn evaluated(&mut self, node: Node) -> Result<Node> {
        let is_open =
            matches!(node.kind, Kind::Constant(_)) || !closed_within(&node, self.own(&node));
        if is_open {
            return Ok(node);
        }
        let mut budget = Budget::new(STEPS.min(self.steps.left()));
        let given = budget.left();
        let outcome = evaluate::evaluate_closed(&node, self.source, &self.scope, &mut budget);
        let _ = self.steps.take(given - budget.left());
        match outcome {
            Ok(value) if value.weight() <= MAX_WEIGHT => Ok(Node {
                kind: Kind::Constant(value),
                ..node
            }),
            Ok(_) => Ok(node),
            Err(fault) if fault.kind == ErrorKind::Budget => Ok(node),
            Err(fault) => Err(CompileError {
                offset: fault.offset as usize,
                len: fault.len as usize,
                message: format!("this fails whatever the data: {}", fault.message),
                fix: None,
            }),
        }
    }

    /// The first slot that is a node's own: that of the outermost loop in it.
    fn own(&self, node: &Node) -> usize {
        match &node.kind {
            Kind::Loop(each) => each.slot,
            _ => node
                .children()
                .into_iter()
                .map(|child| self.own(child))
                .min()
                .unwrap_or(usize::MAX),
        }
    }
}

/// A share that no list has: `percentile(xs, 101)`.
fn check_share(name: &str, arguments: &[Node]) -> Result<()> {
    let (true, Some(share)) = (name == "percentile", arguments.get(1)) else {
        return Ok(());
    };
    match share.constant().and_then(Value::as_f64) {
        Some(number) if !(0.0..=100.0).contains(&number) => Err(CompileError {
            offset: share.offset as usize,
            len: share.len as usize,
            message: "percentile takes a number from 0 to 100".to_owned(),
            fix: Some("write `percentile(xs, 95)`".to_owned()),
        }),
        _ => Ok(()),
    }
}
