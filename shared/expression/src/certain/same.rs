//! Parts that are equal by what they are: the same reads, calls and operators, whatever the data.
//! What asks for an effect (`random()`) is the same as nothing.

use super::facts::Facts;
use super::range::size;
use crate::kinds::Kinds;
use crate::tree::{Form, Kind, Node, Operator};
use crate::value::Value;

/// Done twice they give what they gave once.
const IDEMPOTENT: [&str; 4] = ["lower", "trim", "sorted", "distinct"];

/// Whether both give the same value wherever both give one.
pub(super) fn same(left: &Node, right: &Node) -> bool {
    equal(left, right) && left.is_pure()
}

fn equal(left: &Node, right: &Node) -> bool {
    let (left, right) = (core(left), core(right));
    let all = |left: &[Node], right: &[Node]| {
        left.len() == right.len() && left.iter().zip(right).all(|(a, b)| equal(a, b))
    };
    match (&left.kind, &right.kind) {
        (Kind::Constant(a), Kind::Constant(b)) => a == b && a.to_string() == b.to_string(),
        (Kind::Global(a), Kind::Global(b)) => a == b,
        (Kind::Local(a), Kind::Local(b)) => a.slot == b.slot,
        (Kind::Select(a, x), Kind::Select(b, y)) | (Kind::Has(a, x), Kind::Has(b, y)) => {
            x == y && equal(a, b)
        }
        (Kind::Not(a), Kind::Not(b)) | (Kind::Negate(a), Kind::Negate(b)) => equal(a, b),
        (Kind::Index(a), Kind::Index(b))
        | (Kind::And(a), Kind::And(b))
        | (Kind::Or(a), Kind::Or(b)) => all(&**a, &**b),
        (Kind::Conditional(a), Kind::Conditional(b)) => all(&**a, &**b),
        (Kind::Binary(x, a), Kind::Binary(y, b)) => x == y && all(&**a, &**b),
        (Kind::List(a), Kind::List(b)) => all(a, b),
        (Kind::Map(a), Kind::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((k, v), (l, w))| equal(k, l) && equal(v, w))
        }
        (Kind::Call(f, a), Kind::Call(g, b)) if f.name == "size" && g.name == "size" => {
            let (a, b) = (a.first().map(as_large), b.first().map(as_large));
            matches!((a, b), (Some(a), Some(b)) if equal(a, b))
        }
        (Kind::Call(f, a), Kind::Call(g, b)) => f.name == g.name && all(a, b),
        (Kind::Matches(a, x), Kind::Matches(b, y)) => x.as_str() == y.as_str() && equal(a, b),
        (Kind::Loop(a), Kind::Loop(b)) => {
            let filters = match (&a.filter, &b.filter) {
                (None, None) => true,
                (Some(a), Some(b)) => equal(a, b),
                _ => false,
            };
            let is_alike = a.form == b.form && a.slot == b.slot && filters;
            is_alike && equal(&a.range, &b.range) && equal(&a.body, &b.body)
        }
        _ => false,
    }
}

/// The part without what changes nothing.
fn core(mut node: &Node) -> &Node {
    loop {
        node = match &node.kind {
            Kind::Read(chain) => &chain.node,
            Kind::Call(function, arguments) if IDEMPOTENT.contains(&function.name) => {
                match arguments.first().map(|inner| (inner, &inner.kind)) {
                    Some((inner, Kind::Call(again, _))) if again.name == function.name => inner,
                    _ => return node,
                }
            }
            _ => return node,
        };
    }
}

/// What has as many items as `node`: that which `node` reorders or goes over.
fn as_large(mut node: &Node) -> &Node {
    loop {
        node = match &core(node).kind {
            Kind::Call(function, arguments) if function.name == "sorted" => match arguments.first()
            {
                Some(inner) => inner,
                None => return node,
            },
            Kind::Loop(each) if each.form == Form::SortBy => &each.range,
            Kind::Loop(each) if each.form == Form::Map && each.filter.is_none() => &each.range,
            _ => return core(node),
        };
    }
}

/// Whether `size(a)` is never more than `size(b)`, because `a` is a part of `b`.
fn is_part(mut a: &Node, b: &Node) -> bool {
    let b = as_large(b);
    loop {
        a = as_large(a);
        if equal(a, b) {
            return a.is_pure();
        }
        a = match &a.kind {
            Kind::Call(function, arguments)
                if matches!(function.name, "distinct" | "trim" | "substring" | "deltas") =>
            {
                match arguments.first() {
                    Some(inner) => inner,
                    None => return false,
                }
            }
            Kind::Loop(each) if matches!(each.form, Form::Map | Form::Group) => &each.range,
            _ => return false,
        };
    }
}

/// What can be said of the order of two parts: which of less, equal and greater are possible.
#[derive(Debug, Clone, Copy)]
pub(super) struct Orders {
    pub(super) less: bool,
    pub(super) equal: bool,
    pub(super) greater: bool,
}

/// What a call of `size` is about.
fn sized(node: &Node) -> Option<&Node> {
    match &core(node).kind {
        Kind::Call(function, arguments) if function.name == "size" => arguments.first(),
        _ => None,
    }
}

/// Whether two sizes are compared, one of what the other's is made of.
pub(super) fn orders_are_of_sizes(left: &Node, right: &Node) -> bool {
    match (sized(left), sized(right)) {
        (Some(a), Some(b)) => !equal(a, b) && (is_part(a, b) || is_part(b, a)),
        _ => false,
    }
}

/// The orders that `left` and `right` can stand in.
pub(super) fn orders(left: &Node, right: &Node, facts: &Facts<'_>) -> Orders {
    if same(left, right) {
        return Orders {
            less: false,
            equal: true,
            greater: false,
        };
    }
    let (a, b) = (
        super::range::range(left, facts),
        super::range::range(right, facts),
    );
    let (is_left_part, is_right_part) = match (sized(left), sized(right)) {
        (Some(left), Some(right)) => (is_part(left, right), is_part(right, left)),
        _ => (false, false),
    };
    let is_longer = is_lengthened(left, right, facts) || is_lengthened(right, left, facts);
    Orders {
        less: a.least < b.most && !is_right_part,
        equal: a.least <= b.most && b.least <= a.most && !is_longer,
        greater: a.most > b.least && !is_left_part,
    }
}

/// Whether `node` is `of` with something appended that is not empty: never equal to it.
fn is_lengthened(node: &Node, of: &Node, facts: &Facts<'_>) -> bool {
    let Kind::Binary(Operator::Add, pair) = &core(node).kind else {
        return false;
    };
    let is_piece = |piece: &Node| {
        let kinds = super::range::kinds(piece);
        let is_sequence = kinds == Kinds::TEXT || kinds == Kinds::LIST || kinds == Kinds::BYTES;
        is_sequence && size(piece, facts).least > 0.0
    };
    (same(&pair[0], of) && is_piece(&pair[1])) || (same(&pair[1], of) && is_piece(&pair[0]))
}

/// Whether a pattern is found in every text: it may match nothing, wherever it stands.
pub(super) fn is_found_everywhere(pattern: &regex::Regex) -> bool {
    let written = pattern.as_str();
    let free = written.strip_prefix('^').unwrap_or(written);
    let asserts = ['^', '$'].iter().any(|sign| free.contains(*sign))
        || ["\\b", "\\B", "\\A", "\\z", "\\<", "\\>"]
            .iter()
            .any(|sign| free.contains(sign));
    // A `^` before one of several ways binds that way alone.
    let binds_all = free.len() == written.len() || !free.contains('|');
    !asserts && binds_all && pattern.is_match("")
}

/// Whether a constant is the empty text.
pub(super) fn is_empty_text(node: &Node) -> bool {
    node.constant().and_then(Value::as_text) == Some("")
}
