//! The operators. Arithmetic mixes number kinds: whole numbers stay whole and exact while they can,
//! a division that does not come out is a fraction, and beyond the whole numbers is an error.

use std::cmp::Ordering;

use crate::error::ErrorKind;
use crate::library::{Answer, Refusal};
use crate::tree::Operator;
use crate::value::{Key, Marks, Repr, Value};

pub(crate) fn binary(operator: Operator, left: &Value, right: &Value) -> Answer {
    let ordered = |wanted: fn(Ordering) -> bool| match left.compare(right) {
        Some(order) => Ok(Value::bool(wanted(order))),
        None if is_number(left) && is_number(right) => Ok(Value::bool(false)),
        None => Err(no_order(left, right)),
    };
    match operator {
        Operator::Add => add(left, right),
        Operator::Subtract => subtract(left, right),
        Operator::Multiply => arithmetic("*", left, right, i128::checked_mul, |left, right| {
            left * right
        }),
        Operator::Divide => divide(left, right),
        Operator::Remainder => remainder(left, right),
        Operator::Equal => Ok(Value::bool(left == right)),
        Operator::NotEqual => Ok(Value::bool(left != right)),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessOrEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        Operator::In => contains(left, right),
    }
}

/// What an operator costs beyond its own step: reading texts and lists, making new ones.
pub(crate) fn cost(operator: Operator, left: &Value, right: &Value) -> u64 {
    match operator {
        Operator::Add => match (left.as_list(), right.as_list()) {
            (Some(left), Some(right)) => (left.len() + right.len()) as u64,
            _ => left.weight().saturating_add(right.weight()),
        },
        Operator::In => match right.as_map() {
            Some(_) => left.weight(),
            None => right.weight(),
        },
        Operator::Equal | Operator::NotEqual => left.weight().min(right.weight()),
        _ => 0,
    }
}

/// The marks of a result that is one scalar: asking for a key looks at no value of the map.
pub(crate) fn marks(operator: Operator, left: &Value, right: &Value) -> Marks {
    let looked_at = match (operator, right.as_map()) {
        (Operator::In, Some(_)) => right.own_marks(),
        _ => right.marks(),
    };
    left.marks().union(looked_at)
}

pub(crate) fn add(left: &Value, right: &Value) -> Answer {
    match (&left.repr, &right.repr) {
        (Repr::Text(left), Repr::Text(right)) => {
            let mut text = String::with_capacity(left.len() + right.len());
            text.push_str(left);
            text.push_str(right);
            Ok(Value::text(text))
        }
        (Repr::Bytes(left), Repr::Bytes(right)) => Ok(Value::bytes([&**left, &**right].concat())),
        (Repr::List(left), Repr::List(right)) => {
            Ok(Value::list(left.items.iter().chain(&right.items).cloned()))
        }
        (Repr::Text(_), _) | (_, Repr::Text(_)) => {
            Err(Refusal::kind(text_and(left.type_name(), right.type_name())))
        }
        _ => arithmetic("+", left, right, i128::checked_add, |left, right| {
            left + right
        }),
    }
}

/// The message for a text and something else.
pub(crate) fn text_and(left: &str, right: &str) -> String {
    format!("{left} + {right}: to make a text of both write `\"…${{x}}\"`, or `… + string(x)`")
}

pub(crate) fn subtract(left: &Value, right: &Value) -> Answer {
    arithmetic("-", left, right, i128::checked_sub, |left, right| {
        left - right
    })
}

pub(crate) fn divide(left: &Value, right: &Value) -> Answer {
    refuse_zero(right)?;
    match (left.whole(), right.whole()) {
        (Some(a), Some(b)) if a % b != 0 => double(a as f64 / b as f64),
        _ => arithmetic("/", left, right, i128::checked_div, |left, right| {
            left / right
        }),
    }
}

fn remainder(left: &Value, right: &Value) -> Answer {
    refuse_zero(right)?;
    arithmetic("%", left, right, i128::checked_rem, |left, right| {
        left % right
    })
}

fn refuse_zero(divisor: &Value) -> Result<(), Refusal> {
    if divisor.as_f64() == Some(0.0) {
        Err(Refusal::new("division by zero"))
    } else {
        Ok(())
    }
}

pub(crate) fn negate(value: &Value) -> Answer {
    match (value.whole(), value.as_f64()) {
        (Some(number), _) => whole(-number),
        (None, Some(number)) => Ok(Value::double(-number)),
        _ => Err(Refusal::kind(format!(
            "-{}: only a number has a negative",
            value.type_name()
        ))),
    }
}

fn arithmetic(
    symbol: &str,
    left: &Value,
    right: &Value,
    on_whole: fn(i128, i128) -> Option<i128>,
    on_doubles: fn(f64, f64) -> f64,
) -> Answer {
    if let (Some(left), Some(right)) = (left.whole(), right.whole()) {
        return on_whole(left, right).map_or_else(too_large, whole);
    }
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => double(on_doubles(left, right)),
        _ => {
            let (left, right) = (left.type_name(), right.type_name());
            Err(Refusal::kind(format!(
                "{left} {symbol} {right}: both sides must be numbers"
            )))
        }
    }
}

/// Results are `i64`: only JSON itself may bring larger whole numbers.
fn whole(number: i128) -> Answer {
    i64::try_from(number).map_or_else(|_| too_large(), |number| Ok(Value::int(number)))
}

fn double(number: f64) -> Answer {
    if number.is_finite() {
        Ok(Value::double(number))
    } else {
        too_large()
    }
}

fn too_large() -> Answer {
    Err(Refusal::new(
        "the result is beyond the numbers that can be held",
    ))
}

fn is_number(value: &Value) -> bool {
    value.as_f64().is_some()
}

/// The error for two values of which neither comes first.
pub(crate) fn no_order(left: &Value, right: &Value) -> Refusal {
    let (left, right) = (left.type_name(), right.type_name());
    Refusal {
        kind: ErrorKind::Type,
        message: format!("{left} and {right} have no order"),
    }
}

fn contains(item: &Value, all: &Value) -> Answer {
    match (all.as_list(), all.as_map()) {
        (Some(list), _) => Ok(Value::bool(list.contains(item))),
        (_, Some(map)) => Ok(Value::bool(
            Key::of(item).is_some_and(|key| map.get_key(&key).is_some()),
        )),
        _ if all.as_text().is_some() => Err(Refusal::kind(
            "`in` looks into lists and maps: for a text write `text.contains(x)`",
        )),
        _ => Err(Refusal::kind(format!(
            "`in` looks into lists and maps, not {}",
            all.type_name()
        ))),
    }
}
