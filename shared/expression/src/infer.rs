//! Finds errors of kinds that need no data: `"a" + 1`, `1 && true`, `size(3)`. What a variable
//! holds is never known here, so that only what cannot be right is refused.

use crate::error::CompileError;
use crate::evaluate::operators::text_and;
use crate::kinds::Kinds;
use crate::tree::{Form, Kind, Loop, Node, Operator};

type Result<T> = std::result::Result<T, CompileError>;

/// The kinds that a node can give.
pub(crate) fn check(node: &Node) -> Result<Kinds> {
    match &node.kind {
        Kind::Constant(value) => Ok(Kinds::of(value)),
        Kind::Global(_) | Kind::Local(_) => Ok(Kinds::ANY),
        Kind::Read(chain) => check(&chain.node),
        Kind::Select(operand, field) => {
            let fix = format!("only a map has fields, such as `{field}`");
            expect(operand, Kinds::MAP.or(Kinds::NULL), &fix)?;
            Ok(Kinds::ANY)
        }
        Kind::Has(operand, _) => check(operand).map(|_| Kinds::BOOL),
        Kind::Index(pair) => {
            expect(
                &pair[0],
                Kinds::LIST.or(Kinds::MAP),
                "only a list or a map has an index",
            )?;
            let key = Kinds::NUMBER.or(Kinds::TEXT).or(Kinds::BOOL);
            expect(&pair[1], key, "index a list by a number, a map by a text")?;
            Ok(Kinds::ANY)
        }
        Kind::Not(operand) => truth(operand),
        Kind::Negate(operand) => expect(operand, Kinds::NUMBER, "only a number has a negative"),
        Kind::And(pair) | Kind::Or(pair) => {
            truth(&pair[0])?;
            truth(&pair[1])
        }
        Kind::Conditional(parts) => {
            truth(&parts[0])?;
            Ok(check(&parts[1])?.or(check(&parts[2])?))
        }
        Kind::Binary(operator, pair) => binary(node, *operator, pair),
        Kind::List(items) => {
            items.iter().try_for_each(|item| check(item).map(drop))?;
            Ok(Kinds::LIST)
        }
        Kind::Map(entries) => map(entries),
        Kind::Call(function, arguments) => {
            for (position, argument) in arguments.iter().enumerate() {
                let fix = format!("{} is used like `{}`", function.name, function.usage);
                expect(argument, function.takes_at(position), &fix)?;
            }
            Ok(function.gives)
        }
        Kind::Matches(operand, _) => {
            expect(operand, Kinds::TEXT, "matches looks into a text")?;
            Ok(Kinds::BOOL)
        }
        Kind::Loop(each) => each_kind(each),
    }
}

fn truth(node: &Node) -> Result<Kinds> {
    expect(node, Kinds::BOOL, "compare it with something: `x == 1`")?;
    Ok(Kinds::BOOL)
}

fn map(entries: &[(Node, Node)]) -> Result<Kinds> {
    let key_kinds = Kinds::TEXT.or(Kinds::NUMBER).or(Kinds::BOOL);
    for (key, value) in entries {
        expect(key, key_kinds, "a key is a text, a number or a bool")?;
        check(value)?;
    }
    Ok(Kinds::MAP)
}

fn each_kind(each: &Loop) -> Result<Kinds> {
    expect(
        &each.range,
        Kinds::LIST.or(Kinds::MAP),
        "loops go over lists and maps",
    )?;
    if let Some(filter) = &each.filter {
        truth(filter)?;
    }
    match each.form {
        Form::All | Form::Exists | Form::ExistsOne => truth(&each.body),
        Form::Map | Form::SortBy => check(&each.body).map(|_| Kinds::LIST),
        Form::Group => check(&each.body).map(|_| Kinds::MAP),
    }
}

fn binary(node: &Node, operator: Operator, pair: &[Node; 2]) -> Result<Kinds> {
    let (left, right) = (check(&pair[0])?, check(&pair[1])?);
    let refuse = |message: String, fix: Option<&str>| Err(error(node, message, fix));
    match operator {
        Operator::Equal | Operator::NotEqual => Ok(Kinds::BOOL),
        Operator::In => {
            let fix = "for a text write `text.contains(x)`";
            meets(&pair[1], right, Kinds::LIST.or(Kinds::MAP), fix).map(|_| Kinds::BOOL)
        }
        Operator::Add => {
            let mut sums = [Kinds::NUMBER, Kinds::TEXT, Kinds::BYTES, Kinds::LIST].into_iter();
            let both = |kind: &Kinds| left.meets(*kind) && right.meets(*kind);
            let possible = sums.by_ref().filter(both).reduce(Kinds::or);
            match possible {
                Some(kinds) => Ok(kinds),
                None if left == Kinds::TEXT || right == Kinds::TEXT => {
                    refuse(text_and(&left.to_string(), &right.to_string()), None)
                }
                None => refuse(format!("{left} + {right} cannot be added"), None),
            }
        }
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            let ordered = [Kinds::NUMBER, Kinds::TEXT, Kinds::BYTES, Kinds::BOOL];
            if ordered
                .iter()
                .any(|kind| left.meets(*kind) && right.meets(*kind))
            {
                return Ok(Kinds::BOOL);
            }
            refuse(
                format!("{left} and {right} have no order"),
                Some("compare like with like"),
            )
        }
        _ => {
            let fix = format!("both sides of `{}` must be numbers", operator.symbol());
            meets(&pair[0], left, Kinds::NUMBER, &fix)?;
            meets(&pair[1], right, Kinds::NUMBER, &fix)
        }
    }
}

fn expect(node: &Node, wanted: Kinds, fix: &str) -> Result<Kinds> {
    meets(node, check(node)?, wanted, fix)
}

/// The same of a node that has been checked: to check it again would double the work at every level
/// of a long row of operators.
fn meets(node: &Node, found: Kinds, wanted: Kinds, fix: &str) -> Result<Kinds> {
    if found.meets(wanted) {
        return Ok(found);
    }
    Err(error(
        node,
        format!("this is {found}, not {wanted}"),
        Some(fix),
    ))
}

fn error(node: &Node, message: String, fix: Option<&str>) -> CompileError {
    let (offset, len) = (node.offset as usize, node.len as usize);
    CompileError {
        offset,
        len,
        message,
        fix: fix.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use crate::Expression;

    /// Were an operand checked twice, the work would double with each operator, and this never end.
    #[test]
    fn a_long_row_of_operators_is_checked_in_one_walk() {
        for row in ["a - b", "a * b", "a / b", "a % b"] {
            let (_, more) = row.split_once('a').unwrap();
            let row = format!("{row}{}", more.repeat(100));
            assert!(Expression::compile(&row).is_ok(), "{row}");
        }
    }
}
