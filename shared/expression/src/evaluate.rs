//! Evaluates a tree: every node takes a step from the budget, errors are absorbed where CEL says
//! so (a spent budget never is), and marks spread to all that is computed from what has them.
//!
//! Operators are in `evaluate/operators.rs`, loops in `evaluate/loops.rs`, chains of selections and
//! what is recorded of them in `evaluate/reads.rs`.

mod loops;
pub(crate) mod operators;
mod reads;

use crate::budget::{Budget, bytes_cost};
use crate::error::{ErrorKind, EvalError};
use crate::expression::Evaluated;
use crate::library::{Function, Refusal};
use crate::scope::Scope;
use crate::tree::{Kind, Loop, Node, Operator};
use crate::value::{Key, Marks, Value};

/// The weight of the largest result: 64 MiB of text.
const MAX_RESULT: u64 = 1 << 20;

pub(crate) fn evaluate(
    tree: &Node,
    source: &str,
    scope: &Scope,
    budget: &mut Budget,
) -> Result<Evaluated, EvalError> {
    let mut evaluator = Evaluator::new(source, scope, budget);
    let outcome = evaluator.node(tree).and_then(|value| {
        // Parts are shared, so that little work can make what is huge once it is written out.
        let is_huge = value.weight() > MAX_RESULT;
        if is_huge {
            Err(refused(tree, Refusal::budget()))
        } else {
            Ok(value)
        }
    });
    match outcome {
        Ok(value) => {
            let Evaluator {
                reads,
                read_received,
                ..
            } = evaluator;
            Ok(Evaluated {
                value,
                reads,
                read_received,
            })
        }
        Err(fault) => Err(EvalError {
            kind: fault.kind,
            message: fault.message,
            offset: fault.offset as usize,
            len: fault.len as usize,
            reads: evaluator.reads,
        }),
    }
}

/// The value of a node that reads no variable but those of loops within it.
pub(crate) fn evaluate_closed(
    node: &Node,
    source: &str,
    scope: &Scope,
    budget: &mut Budget,
) -> Outcome {
    Evaluator::new(source, scope, budget).node(node)
}

/// Why a node gave no value.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) offset: u32,
    pub(crate) len: u32,
}

pub(crate) type Outcome = Result<Value, Box<Fault>>;

/// One side of `&&` or `||`, its error kept until the other side is known.
type Side = Result<(bool, Marks), Box<Fault>>;

struct Evaluator<'a> {
    source: &'a str,
    scope: &'a Scope,
    budget: &'a mut Budget,
    /// The loops around, each with its item, the outermost first.
    frames: Vec<Frame<'a>>,
    reads: Vec<(String, Value)>,
    read_received: bool,
    recording: Recording,
}

struct Frame<'a> {
    item: Value,
    position: usize,
    each: &'a Loop,
}

/// Which reads are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recording {
    /// What begins at a free variable.
    Globals,
    /// What begins at a loop's variable too: in the item that decided the loop.
    All,
    /// Nothing: a path is being written.
    Off,
}

impl<'a> Evaluator<'a> {
    fn new(source: &'a str, scope: &'a Scope, budget: &'a mut Budget) -> Self {
        Evaluator {
            source,
            scope,
            budget,
            frames: Vec::new(),
            reads: Vec::new(),
            read_received: false,
            recording: Recording::Globals,
        }
    }

    fn node(&mut self, node: &'a Node) -> Outcome {
        self.charge(node, 1)?;
        match &node.kind {
            Kind::Constant(value) => Ok(value.clone()),
            Kind::Read(chain) => self.read(chain),
            Kind::Global(_) | Kind::Local(_) => self.step(node),
            Kind::Select(..) | Kind::Index(_) => self.step(node),
            Kind::Has(operand, field) => {
                let operand = self.node(operand)?;
                let has = operand.get(field).is_some();
                Ok(Value::bool(has).with_marks(operand.own_marks()))
            }
            Kind::Not(operand) => {
                let operand_value = self.node(operand)?;
                let truth = self.truth(operand, &operand_value)?;
                Ok(Value::bool(!truth).with_marks(operand_value.marks()))
            }
            Kind::Negate(operand) => {
                let value = self.node(operand)?;
                let negated = operators::negate(&value).map_err(|why| refused(node, why))?;
                Ok(negated.with_marks(value.marks()))
            }
            Kind::And(pair) => self.either(pair, false),
            Kind::Or(pair) => self.either(pair, true),
            Kind::Conditional(parts) => self.conditional(parts),
            Kind::Binary(operator, pair) => self.binary(node, *operator, pair),
            Kind::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.node(item))
                    .collect::<Result<Vec<_>, _>>();
                Ok(Value::list(items?))
            }
            Kind::Map(entries) => self.map(entries),
            Kind::Call(function, arguments) => self.call(node, function, arguments),
            Kind::Matches(operand, pattern) => {
                let value = self.node(operand)?;
                let Some(text) = value.as_text() else {
                    let message = format!("matches takes text, not {}", value.type_name());
                    return Err(fault(operand, ErrorKind::Type, message));
                };
                self.charge(node, bytes_cost(text.len()))?;
                Ok(Value::bool(pattern.is_match(text)).with_marks(value.marks()))
            }
            Kind::Loop(each) => self.each(node, each),
        }
    }

    /// `&&` and `||`: whichever side is `decisive` decides, whatever the other side is or lacks.
    fn either(&mut self, pair: &'a [Node; 2], decisive: bool) -> Outcome {
        let first = self.side(&pair[0])?;
        if let Ok((truth, marks)) = &first
            && *truth == decisive
        {
            return Ok(Value::bool(decisive).with_marks(*marks));
        }
        let second = self.side(&pair[1])?;
        match (first, second) {
            (_, Ok((truth, marks))) if truth == decisive => {
                Ok(Value::bool(decisive).with_marks(marks))
            }
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
            (Ok((_, a)), Ok((_, b))) => Ok(Value::bool(!decisive).with_marks(a.union(b))),
        }
    }

    /// One side, its error kept for later, unless the budget is spent.
    fn side(&mut self, node: &'a Node) -> Result<Side, Box<Fault>> {
        let side = self
            .node(node)
            .and_then(|value| Ok((self.truth(node, &value)?, value.marks())));
        match side {
            Err(fault) if fault.kind == ErrorKind::Budget => Err(fault),
            side => Ok(side),
        }
    }

    fn truth(&self, node: &Node, value: &Value) -> Result<bool, Box<Fault>> {
        value.as_bool().ok_or_else(|| {
            let message = format!(
                "{} is {}, not true or false",
                self.text_of(node),
                value.type_name()
            );
            fault(node, ErrorKind::Type, message)
        })
    }

    fn conditional(&mut self, parts: &'a [Node; 3]) -> Outcome {
        let [condition, yes, no] = parts;
        let decided = self.node(condition)?;
        let branch = if self.truth(condition, &decided)? {
            yes
        } else {
            no
        };
        let value = self.node(branch)?;
        self.spread(branch, value, decided.marks())
    }

    /// Gives all of a value more marks, at the cost of walking it.
    fn spread(&mut self, node: &Node, value: Value, marks: Marks) -> Outcome {
        if marks != Marks::NONE {
            self.charge(node, value.weight())?;
        }
        Ok(value.with_marks(marks))
    }

    fn binary(&mut self, node: &'a Node, operator: Operator, pair: &'a [Node; 2]) -> Outcome {
        let (left, right) = (self.node(&pair[0])?, self.node(&pair[1])?);
        self.charge(node, operators::cost(operator, &left, &right))?;
        let value = operators::binary(operator, &left, &right).map_err(|why| refused(node, why))?;
        if value.as_list().is_some() {
            // A list joined of two: its items keep their own marks.
            return Ok(value.with_own_marks(left.own_marks().union(right.own_marks())));
        }
        Ok(value.with_marks(operators::marks(operator, &left, &right)))
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Outcome {
        let mut made = Vec::with_capacity(entries.len());
        let mut marks = Marks::NONE;
        for (key_node, value) in entries {
            let key = self.node(key_node)?;
            marks = marks.union(key.marks());
            made.push((self.key(key_node, &key)?, self.node(value)?));
        }
        Ok(Value::map(made).with_own_marks(marks))
    }

    fn key(&self, node: &Node, value: &Value) -> Result<Key, Box<Fault>> {
        Key::of(value).ok_or_else(|| {
            let kind = value.type_name();
            fault(
                node,
                ErrorKind::Type,
                format!("a {kind} cannot be a key: use a text"),
            )
        })
    }

    fn call(
        &mut self,
        node: &'a Node,
        function: &'static Function,
        arguments: &'a [Node],
    ) -> Outcome {
        let values = arguments.iter().map(|argument| self.node(argument));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let called = function.call(&values, self.budget, self.scope.effects());
        called.map_err(|why| refused(node, why))
    }

    fn charge(&mut self, node: &Node, steps: u64) -> Result<(), Box<Fault>> {
        if self.budget.take(steps) {
            return Ok(());
        }
        Err(refused(node, Refusal::budget()))
    }

    /// The source of a node, cut short.
    fn text_of(&self, node: &Node) -> String {
        let (start, end) = (node.offset as usize, (node.offset + node.len) as usize);
        let text = self.source.get(start..end).unwrap_or("this").trim();
        match text.char_indices().nth(60) {
            Some((cut, _)) => format!("{}…", &text[..cut]),
            None => text.to_owned(),
        }
    }
}

fn fault(node: &Node, kind: ErrorKind, message: String) -> Box<Fault> {
    Box::new(Fault {
        kind,
        message,
        offset: node.offset,
        len: node.len,
    })
}

fn refused(node: &Node, why: Refusal) -> Box<Fault> {
    fault(node, why.kind, why.message)
}

#[cfg(test)]
mod tests;
