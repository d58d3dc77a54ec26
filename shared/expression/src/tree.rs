//! The tree that is evaluated: CEL's syntax tree with macros recognised as loops, names bound to
//! variables or slots, functions bound to the library. It never holds an unknown name of a function.

use std::sync::Arc;

use crate::library::Function;
use crate::value::Value;

/// One node with its place in the source, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Constant(Value),
    /// A free variable, looked up in the scope.
    Global(Arc<str>),
    /// A loop's variable, by slot: the loops around it, the outermost first.
    Local(Local),
    /// The outermost of a chain of selections and indexes on a variable.
    Read(Box<Chain>),
    Select(Box<Node>, Arc<str>),
    Has(Box<Node>, Arc<str>),
    Index(Box<[Node; 2]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Conditional(Box<[Node; 3]>),
    Binary(Operator, Box<[Node; 2]>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Call(&'static Function, Vec<Node>),
    /// `matches` with a pattern that is known beforehand.
    Matches(Box<Node>, regex::Regex),
    Loop(Box<Loop>),
}

#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) slot: usize,
    pub(crate) name: Arc<str>,
}

/// A chain as one read: `body.messages[0].id`.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) node: Node,
    /// The path as text, where no index has to be computed for it.
    pub(crate) path: Option<Arc<str>>,
    /// Whether it begins at a loop's variable.
    pub(crate) is_local: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Loop {
    pub(crate) form: Form,
    pub(crate) range: Node,
    pub(crate) slot: usize,
    /// Only `map` and `filter` have one.
    pub(crate) filter: Option<Node>,
    pub(crate) body: Node,
}

/// The macros, `filter` being a `map` of each item to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    All,
    Exists,
    ExistsOne,
    Map,
    SortBy,
    Group,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Operator {
    /// The operator as it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "in",
        }
    }
}

impl Node {
    /// The nodes directly below, in the order they are written.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Constant(_) | Kind::Global(_) | Kind::Local(_) => Vec::new(),
            Kind::Read(chain) => vec![&chain.node],
            Kind::Select(node, _) | Kind::Has(node, _) | Kind::Matches(node, _) => vec![node],
            Kind::Not(node) | Kind::Negate(node) => vec![node],
            Kind::Index(pair) | Kind::And(pair) | Kind::Or(pair) | Kind::Binary(_, pair) => {
                pair.iter().collect()
            }
            Kind::Conditional(parts) => parts.iter().collect(),
            Kind::List(items) | Kind::Call(_, items) => items.iter().collect(),
            Kind::Map(entries) => entries
                .iter()
                .flat_map(|(key, value)| [key, value])
                .collect(),
            Kind::Loop(each) => {
                let mut children = vec![&each.range];
                children.extend(&each.filter);
                children.push(&each.body);
                children
            }
        }
    }

    /// Whether it calls nothing that asks for effects.
    pub(crate) fn is_pure(&self) -> bool {
        let is_pure = match &self.kind {
            Kind::Call(function, _) => function.is_pure,
            _ => true,
        };
        is_pure && self.children().into_iter().all(Node::is_pure)
    }

    /// The value, where it is known without evaluating.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Constant(value) => Some(value),
            _ => None,
        }
    }
}
