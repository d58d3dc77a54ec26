//! Which values a part of a check can have when it gives one: its kinds, and of a number its bounds.
//! Bounds are outer ones: rounding and large whole numbers only ever widen them.

use super::facts::Facts;
use super::formula::always;
use super::same::same;
use crate::infer;
use crate::kinds::Kinds;
use crate::tree::{Form, Kind, Node, Operator};
use crate::value::Value;

/// Beyond it a double does not tell neighbouring whole numbers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) kinds: Kinds,
    /// Of the numbers among its values; both bounds are possible.
    pub(super) least: f64,
    pub(super) most: f64,
    /// Whether its numbers are whole.
    pub(super) is_whole: bool,
}

impl Range {
    pub(super) const ANY: Range = Range::of(Kinds::ANY);

    pub(super) const fn of(kinds: Kinds) -> Range {
        Range {
            kinds,
            least: f64::NEG_INFINITY,
            most: f64::INFINITY,
            is_whole: false,
        }
    }

    pub(super) fn number(least: f64, most: f64) -> Range {
        Range {
            kinds: Kinds::NUMBER,
            least: if least < -EXACT || least.is_nan() {
                f64::NEG_INFINITY
            } else {
                least.min(EXACT)
            },
            most: if most > EXACT || most.is_nan() {
                f64::INFINITY
            } else {
                most.max(-EXACT)
            },
            is_whole: false,
        }
    }

    pub(super) fn whole(least: f64, most: f64) -> Range {
        Range {
            is_whole: true,
            ..Range::number(least, most)
        }
    }

    fn if_whole(self, is_whole: bool) -> Range {
        Range { is_whole, ..self }
    }

    fn is_number(self) -> bool {
        self.kinds == Kinds::NUMBER
    }

    /// A range that holds all of both.
    fn or(self, other: Range) -> Range {
        Range {
            kinds: self.kinds.or(other.kinds),
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            is_whole: self.is_whole && other.is_whole,
        }
    }

    fn value(value: &Value) -> Range {
        match value.as_f64() {
            Some(number) => Range::number(number, number)
                .if_whole(value.whole().is_some() || value.as_int().is_some()),
            None => Range::of(Kinds::of(value)),
        }
    }
}

/// The values that `node` can have.
pub(super) fn range(node: &Node, facts: &Facts<'_>) -> Range {
    if !facts.may_go_on() {
        return Range::ANY;
    }
    match &node.kind {
        Kind::Constant(value) => Range::value(value),
        Kind::Global(name) => facts.global(name).range,
        Kind::Local(local) => facts.item(local.slot),
        Kind::Read(chain) => range(&chain.node, facts),
        Kind::Negate(operand) => {
            let of = range(operand, facts);
            Range::number(-of.most, -of.least).if_whole(of.is_whole)
        }
        Kind::Conditional(parts) => range(&parts[1], facts).or(range(&parts[2], facts)),
        Kind::Binary(operator, pair) => arithmetic(node, *operator, pair, facts),
        Kind::Call(function, arguments) => call(node, function.name, arguments, facts),
        _ => Range::of(kinds(node)),
    }
}

pub(super) fn kinds(node: &Node) -> Kinds {
    infer::check(node).unwrap_or(Kinds::ANY)
}

fn arithmetic(node: &Node, operator: Operator, pair: &[Node; 2], facts: &Facts<'_>) -> Range {
    let (left, right) = (range(&pair[0], facts), range(&pair[1], facts));
    let is_whole = left.is_whole && right.is_whole;
    match operator {
        Operator::Add if left.is_number() || right.is_number() => {
            Range::number(left.least + right.least, left.most + right.most).if_whole(is_whole)
        }
        // A finite number less itself is 0, exactly.
        Operator::Subtract if same(&pair[0], &pair[1]) => Range::whole(0.0, 0.0),
        Operator::Subtract => {
            Range::number(left.least - right.most, left.most - right.least).if_whole(is_whole)
        }
        Operator::Multiply => {
            let squared = if same(&pair[0], &pair[1]) {
                0.0
            } else {
                f64::NEG_INFINITY
            };
            let product = product(left, right);
            Range::number(product.least.max(squared), product.most).if_whole(is_whole)
        }
        Operator::Divide if left.least >= 0.0 && right.least >= 0.0 => {
            Range::number(0.0, f64::INFINITY)
        }
        Operator::Remainder if right.is_number() => remainder(left, right).if_whole(is_whole),
        Operator::Divide | Operator::Remainder => Range::number(f64::NEG_INFINITY, f64::INFINITY),
        _ => Range::of(kinds(node)),
    }
}

fn product(left: Range, right: Range) -> Range {
    let times = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
    let corners = [
        times(left.least, right.least),
        times(left.least, right.most),
        times(left.most, right.least),
        times(left.most, right.most),
    ];
    let least = corners.iter().copied().fold(f64::INFINITY, f64::min);
    let most = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Range::number(least, most)
}

/// It has the sign of what is divided, and is smaller than the divisor.
fn remainder(left: Range, right: Range) -> Range {
    let divisor = right.least.abs().max(right.most.abs());
    let least = if left.least >= 0.0 { 0.0 } else { -divisor };
    let most = if left.most <= 0.0 { 0.0 } else { divisor };
    let is_below = left.is_whole && right.is_whole && divisor >= 1.0 && divisor.is_finite();
    let closer = if is_below { 1.0 } else { 0.0 };
    Range::number(
        if least < 0.0 { least + closer } else { least },
        if most > 0.0 { most - closer } else { most },
    )
}

fn call(node: &Node, name: &str, arguments: &[Node], facts: &Facts<'_>) -> Range {
    let first = arguments.first();
    let of_first = || first.map_or(Range::ANY, |first| range(first, facts));
    let unbounded = Range::number(f64::NEG_INFINITY, f64::INFINITY);
    match name {
        "size" => first.map_or(Range::ANY, |first| size(first, facts)),
        "abs" => {
            let of = of_first();
            let most = of.least.abs().max(of.most.abs());
            Range::number(of.least.max(-of.most).max(0.0), most).if_whole(of.is_whole)
        }
        "int" => match of_first() {
            of if of.is_number() => Range::whole(of.least.floor(), of.most.ceil()),
            _ => unbounded.if_whole(true),
        },
        "double" => match of_first() {
            of if of.is_number() => Range::number(of.least, of.most),
            _ => unbounded,
        },
        "min" | "max" => extreme(name == "min", arguments, facts),
        "sum" => match first.map(|first| item_range(first, facts)) {
            Some(item) if item.is_number() => Range::number(
                if item.least >= 0.0 {
                    0.0
                } else {
                    f64::NEG_INFINITY
                },
                if item.most <= 0.0 { 0.0 } else { f64::INFINITY },
            )
            .if_whole(item.is_whole),
            _ => unbounded,
        },
        "avg" | "percentile" => match first.map(|first| item_range(first, facts)) {
            Some(item) if item.is_number() && item.least >= 0.0 => {
                Range::number(0.0, f64::INFINITY)
            }
            _ => unbounded,
        },
        _ => Range::of(kinds(node)),
    }
}

/// Of several values, or of a list: if one of them is a number, all of them are.
fn extreme(is_least: bool, arguments: &[Node], facts: &Facts<'_>) -> Range {
    let of_items: Vec<Range> = match arguments {
        [only] => match &only.kind {
            Kind::List(items) => items.iter().map(|item| range(item, facts)).collect(),
            _ => vec![item_range(only, facts)],
        },
        several => several.iter().map(|item| range(item, facts)).collect(),
    };
    let Some(all) = of_items.iter().copied().reduce(Range::or) else {
        return Range::ANY;
    };
    let has_number = of_items.iter().any(|item| item.is_number());
    let (least, most): (Vec<f64>, Vec<f64>) =
        of_items.iter().map(|item| (item.least, item.most)).unzip();
    let bound = |bounds: &[f64]| {
        let picked = bounds.iter().copied();
        if is_least {
            picked.fold(f64::INFINITY, f64::min)
        } else {
            picked.fold(f64::NEG_INFINITY, f64::max)
        }
    };
    let kinds = if has_number { Kinds::NUMBER } else { all.kinds };
    Range {
        kinds,
        ..Range::number(bound(&least), bound(&most)).if_whole(all.is_whole)
    }
}

/// The values that the items of a list can have, or the keys of a map.
pub(super) fn item_range(node: &Node, facts: &Facts<'_>) -> Range {
    if !facts.may_go_on() {
        return Range::ANY;
    }
    let hull =
        |items: &mut dyn Iterator<Item = Range>| items.reduce(Range::or).unwrap_or(Range::ANY);
    match &node.kind {
        Kind::Constant(value) => {
            let items = value.as_list().unwrap_or_default();
            hull(&mut items.iter().map(Range::value))
        }
        Kind::List(items) => hull(&mut items.iter().map(|item| range(item, facts))),
        Kind::Read(chain) => item_range(&chain.node, facts),
        Kind::Conditional(parts) => item_range(&parts[1], facts).or(item_range(&parts[2], facts)),
        Kind::Loop(each) if each.form == Form::Map => range(&each.body, &facts.inside(each)),
        Kind::Loop(each) if each.form == Form::SortBy => item_range(&each.range, facts),
        Kind::Call(function, arguments) => match (function.name, arguments.as_slice()) {
            ("sorted" | "distinct", [list]) => item_range(list, facts),
            ("range", _) => Range::whole(f64::NEG_INFINITY, f64::INFINITY),
            ("deltas", _) => Range::of(Kinds::NUMBER),
            ("split", _) => Range::of(Kinds::TEXT),
            _ => Range::ANY,
        },
        _ => Range::ANY,
    }
}

/// How many items, entries, characters or bytes `node` can have.
pub(super) fn size(node: &Node, facts: &Facts<'_>) -> Range {
    let any = Range::whole(0.0, f64::INFINITY);
    if !facts.may_go_on() {
        return any;
    }
    let exactly = |size: usize| Range::whole(size as f64, size as f64);
    match &node.kind {
        Kind::Constant(value) => size_of(value).map_or(any, exactly),
        Kind::List(items) => exactly(items.len()),
        Kind::Read(chain) => size(&chain.node, facts),
        Kind::Conditional(parts) => size(&parts[1], facts).or(size(&parts[2], facts)),
        Kind::Binary(Operator::Add, pair) => {
            let (left, right) = (size(&pair[0], facts), size(&pair[1], facts));
            Range::whole(left.least + right.least, left.most + right.most)
        }
        Kind::Loop(each) => {
            let whole = size(&each.range, facts);
            let filter = each.filter.as_ref();
            match (
                each.form,
                filter.map(|filter| always(filter, &facts.inside(each))),
            ) {
                (Form::Map | Form::SortBy, None | Some(Some(true))) => whole,
                (Form::Map, Some(Some(false))) => exactly(0),
                (Form::Group, _) => Range::whole(whole.least.min(1.0), whole.most),
                _ => Range::whole(0.0, whole.most),
            }
        }
        Kind::Call(function, arguments) => size_of_call(function.name, arguments, facts),
        _ => any,
    }
}

fn size_of(value: &Value) -> Option<usize> {
    match (value.as_list(), value.as_map(), value.as_bytes()) {
        (Some(list), _, _) => Some(list.len()),
        (_, Some(map), _) => Some(map.len()),
        (_, _, Some(bytes)) => Some(bytes.len()),
        _ => value.as_text().map(|text| text.chars().count()),
    }
}

fn size_of_call(name: &str, arguments: &[Node], facts: &Facts<'_>) -> Range {
    let any = Range::whole(0.0, f64::INFINITY);
    let Some(first) = arguments.first() else {
        return any;
    };
    let inner = || size(first, facts);
    match name {
        "sorted" => inner(),
        "distinct" => Range::whole(inner().least.min(1.0), inner().most),
        "trim" => Range::whole(0.0, inner().most),
        "deltas" => {
            let list = inner();
            Range::whole((list.least - 1.0).max(0.0), (list.most - 1.0).max(0.0))
        }
        "zip" => {
            let other = arguments.get(1).map_or(any, |other| size(other, facts));
            Range::whole(inner().least.min(other.least), inner().most.min(other.most))
        }
        // Without a separator the characters are parted, and an empty text has none.
        "split" => match arguments
            .get(1)
            .and_then(Node::constant)
            .and_then(Value::as_text)
        {
            Some(separator) if !separator.is_empty() && arguments.len() == 2 => {
                Range::whole(1.0, f64::INFINITY)
            }
            _ => any,
        },
        "sha256" | "hmac_sha256" => Range::whole(64.0, 64.0),
        "to_json" => Range::whole(1.0, f64::INFINITY),
        "string" => written(first, range(first, facts)).unwrap_or(any),
        _ => any,
    }
}

/// How many characters a value is written with, where it is never a text itself.
fn written(node: &Node, of: Range) -> Option<Range> {
    if of.kinds.meets(Kinds::TEXT.or(Kinds::BYTES)) {
        return None;
    }
    let digits = |number: f64| number.to_string().len() as f64;
    // What was computed may be a fraction that happens to be whole, and is written otherwise.
    let is_read =
        matches!(&node.kind, Kind::Read(chain) if matches!(chain.node.kind, Kind::Global(_)));
    let is_plain = is_read && of.is_whole && of.least >= 0.0 && of.most < EXACT;
    Some(if is_plain {
        Range::whole(digits(of.least.ceil()), digits(of.most.floor()))
    } else {
        Range::whole(1.0, f64::INFINITY)
    })
}
