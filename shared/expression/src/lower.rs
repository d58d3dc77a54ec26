//! From CEL's syntax tree to ours: macros become loops, names become variables or slots, calls
//! become functions of the library. Refuses what Muster's CEL does not have, and what is too big.

mod calls;
mod macros;

use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue, SelectExpr, operators};

use crate::error::CompileError;
use crate::parse::Syntax;
use crate::tree::{Chain, Kind, Local, Node};
use crate::value::{Key, Value};

/// Nodes of one expression.
const MAX_NODES: usize = 3_000;
/// Loops within loops: the steps of an evaluation are bounded, this bounds how they multiply.
const MAX_LOOPS: usize = 4;

pub(crate) struct Lowered {
    pub(crate) tree: Node,
    pub(crate) roots: Vec<Arc<str>>,
}

pub(crate) fn lower(source: &str, syntax: &Syntax) -> Result<Lowered> {
    let mut lowering = Lowering {
        source,
        syntax,
        roots: Vec::new(),
        locals: Vec::new(),
        nodes: 0,
    };
    let tree = lowering.node(&syntax.root)?;
    Ok(Lowered {
        tree,
        roots: lowering.roots,
    })
}

struct Lowering<'a> {
    source: &'a str,
    syntax: &'a Syntax,
    roots: Vec<Arc<str>>,
    /// The variables of the loops around, the outermost first.
    locals: Vec<Arc<str>>,
    nodes: usize,
}

type Result<T> = std::result::Result<T, CompileError>;

impl Lowering<'_> {
    fn node(&mut self, expr: &IdedExpr) -> Result<Node> {
        if !is_chain(expr) {
            return self.link(expr);
        }
        let node = self.link(expr)?;
        let path = static_path(&node).map(Arc::from);
        let chain = Chain {
            path,
            is_local: begins_at_local(&node),
            node: node.clone(),
        };
        Ok(Node {
            kind: Kind::Read(Box::new(chain)),
            ..node
        })
    }

    /// A node that is part of a chain, or no chain at all.
    fn link(&mut self, expr: &IdedExpr) -> Result<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the expression has more than {MAX_NODES} parts");
            return self.refuse(expr, message, "save parts of it first");
        }
        let kind = match &expr.expr {
            Expr::Literal(literal) => Kind::Constant(constant(literal)),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => return self.select(expr, select),
            Expr::List(list) => Kind::List(self.nodes(&list.elements)?),
            Expr::Map(map) => {
                let entries = map.entries.iter().map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => {
                        Ok((self.node(&entry.key)?, self.node(&entry.value)?))
                    }
                    EntryExpr::StructField(_) => self.no_messages(expr),
                });
                Kind::Map(entries.collect::<Result<_>>()?)
            }
            Expr::Call(call) => return self.call(expr, call),
            Expr::Comprehension(comprehension) => {
                return self.comprehension(expr, comprehension);
            }
            Expr::Struct(_) => return self.no_messages(expr),
            Expr::Unspecified => {
                return self.refuse(expr, "this is not an expression".to_owned(), "rewrite it");
            }
        };
        let (offset, len) = self.token(expr);
        Ok(self.spanning(offset, len, kind))
    }

    /// A loop, because this is part of each level of a deep tree: collecting the results takes a dozen
    /// frames of stack a level where nothing is optimised.
    fn nodes(&mut self, exprs: &[IdedExpr]) -> Result<Vec<Node>> {
        let mut nodes = Vec::with_capacity(exprs.len());
        for expr in exprs {
            nodes.push(self.node(expr)?);
        }
        Ok(nodes)
    }

    /// The part of a chain that stands before a selection or an index.
    fn operand(&mut self, expr: &IdedExpr) -> Result<Node> {
        if is_chain(expr) {
            self.link(expr)
        } else {
            self.node(expr)
        }
    }

    fn variable(&mut self, name: &str) -> Kind {
        let name = name.trim_start_matches('.');
        if let Some(slot) = self.locals.iter().rposition(|local| **local == *name) {
            return Kind::Local(Local {
                slot,
                name: Arc::clone(&self.locals[slot]),
            });
        }
        if let Some(known) = self.roots.iter().find(|root| ***root == *name) {
            return Kind::Global(Arc::clone(known));
        }
        let root: Arc<str> = name.into();
        self.roots.push(Arc::clone(&root));
        Kind::Global(root)
    }

    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Result<Node> {
        let field: Arc<str> = select.field.as_str().into();
        let (dot, _) = self.token(expr);
        let blank = self.source[dot..].find(&*field).unwrap_or(1);
        let end = blank + field.len();
        if select.test {
            let operand = self.node(&select.operand)?;
            return Ok(self.spanning(dot, end, Kind::Has(Box::new(operand), field)));
        }
        let operand = self.operand(&select.operand)?;
        Ok(self.spanning(dot, end, Kind::Select(Box::new(operand), field)))
    }

    fn no_messages<T>(&self, expr: &IdedExpr) -> Result<T> {
        let message = "there are no message types here".to_owned();
        self.refuse(expr, message, "write a map: `{\"field\": value}`")
    }

    /// Place and length in bytes of a node's own token.
    fn token(&self, expr: &IdedExpr) -> (usize, usize) {
        let (start, stop) = self.syntax.places.offset_for(expr.id).unwrap_or((0, 0));
        let start = self.source.floor_char_boundary(start as usize);
        let stop = self
            .source
            .ceil_char_boundary((stop as usize + 1).max(start));
        (start, stop - start)
    }

    /// A node whose place reaches over its own token and all nodes below.
    fn spanning(&self, offset: usize, len: usize, kind: Kind) -> Node {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let node = Node {
            offset: narrow(offset),
            len: narrow(len),
            kind,
        };
        let below = node
            .children()
            .into_iter()
            .map(|child| (child.offset, child.offset + child.len));
        let whole = (node.offset, node.offset + node.len);
        let (start, end) = below.fold(whole, |(start, end), (s, e)| (start.min(s), end.max(e)));
        Node {
            offset: start,
            len: end - start,
            kind: node.kind,
        }
    }

    fn refuse<T>(&self, expr: &IdedExpr, message: String, fix: &str) -> Result<T> {
        let (offset, len) = self.token(expr);
        Err(CompileError {
            offset,
            len,
            message,
            fix: Some(fix.to_owned()),
        })
    }
}

fn constant(literal: &LiteralValue) -> Value {
    match literal {
        LiteralValue::Null => Value::null(),
        LiteralValue::Boolean(value) => Value::bool(*value.inner()),
        LiteralValue::Int(value) => Value::int(*value.inner()),
        LiteralValue::UInt(value) => Value::unsigned(*value.inner()),
        LiteralValue::Double(value) => Value::double(*value.inner()),
        LiteralValue::String(value) => Value::text(value.inner()),
        LiteralValue::Bytes(value) => Value::bytes(value.inner()),
    }
}

fn is_chain(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Ident(_) => true,
        Expr::Select(select) => !select.test && is_chain(&select.operand),
        Expr::Call(call) if call.func_name == operators::INDEX => {
            call.args.first().is_some_and(is_chain)
        }
        _ => false,
    }
}

fn begins_at_local(node: &Node) -> bool {
    match &node.kind {
        Kind::Local(_) => true,
        Kind::Select(operand, _) => begins_at_local(operand),
        Kind::Index(pair) => begins_at_local(&pair[0]),
        _ => false,
    }
}

/// The path of a chain as text, if no index in it has to be computed.
fn static_path(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Global(name) => Some(name.to_string()),
        Kind::Select(operand, field) => Some(with_field(static_path(operand)?, field)),
        Kind::Index(pair) => Some(with_index(static_path(&pair[0])?, pair[1].constant()?)),
        _ => None,
    }
}

/// `path.field`, or `path["odd field"]`.
pub(crate) fn with_field(path: String, field: &str) -> String {
    let is_name = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name && !field.starts_with(|c: char| c.is_ascii_digit()) {
        path + "." + field
    } else {
        with_index(path, &Key::from(field).to_value())
    }
}

/// `path[0]` or `path["key"]`, the index hidden if it is secret.
pub(crate) fn with_index(path: String, index: &Value) -> String {
    format!("{path}[{}]", index.excerpt(60))
}
