//! Functions over numbers. Whole numbers stay whole and exact; an empty list has no least, greatest
//! or average, and saying so is an error.

use std::cmp::Ordering;

use super::{Answer, Call, Refusal, not};
use crate::evaluate::operators::{self, add, subtract};
use crate::value::Value;

pub(super) fn abs(call: &mut Call<'_>) -> Answer {
    let value = call.argument(0)?;
    match value.compare(&Value::int(0)) {
        Some(Ordering::Less) => operators::negate(value),
        _ => Ok(value.clone()),
    }
}

pub(super) fn sum(call: &mut Call<'_>) -> Answer {
    total(call.list(0)?)
}

fn total(numbers: &[Value]) -> Answer {
    numbers.iter().try_fold(Value::int(0), |sum, number| {
        number.as_f64().ok_or_else(|| not("a number", number))?;
        add(&sum, number)
    })
}

pub(super) fn min(call: &mut Call<'_>) -> Answer {
    extreme(call, "min", Ordering::Less)
}

pub(super) fn max(call: &mut Call<'_>) -> Answer {
    extreme(call, "max", Ordering::Greater)
}

/// Of a list, or of several values.
fn extreme(call: &mut Call<'_>, name: &str, wanted: Ordering) -> Answer {
    let values = if call.has(1) {
        call.arguments
    } else {
        call.list(0)?
    };
    call.charge(values.len() as u64)?;
    let Some((first, rest)) = values.split_first() else {
        return Err(Refusal::new(format!("{name} of an empty list")));
    };
    if first.compare(first).is_none() {
        return Err(not("a number or a text", first));
    }
    let best = rest
        .iter()
        .try_fold(first, |best, value| match value.compare(best) {
            Some(order) => Ok(if order == wanted { value } else { best }),
            None => Err(operators::no_order(value, best)),
        })?;
    Ok(best.clone())
}

pub(super) fn avg(call: &mut Call<'_>) -> Answer {
    let numbers = call.list(0)?;
    if numbers.is_empty() {
        return Err(Refusal::new("avg of an empty list"));
    }
    operators::divide(&total(numbers)?, &Value::int(numbers.len() as i64))
}

/// Between the two nearest ranks it is interpolated, as k6 does it for trends.
pub(super) fn percentile(call: &mut Call<'_>) -> Answer {
    let mut numbers = Vec::new();
    for number in call.list(0)? {
        numbers.push(number.as_f64().ok_or_else(|| not("a number", number))?);
    }
    let share = call.argument(1)?.as_f64().unwrap_or(f64::NAN);
    if !(0.0..=100.0).contains(&share) {
        return Err(Refusal::new("percentile takes a number from 0 to 100"));
    }
    call.charge(numbers.len() as u64 * 4)?;
    numbers.sort_by(f64::total_cmp);
    let rank = share / 100.0 * numbers.len().saturating_sub(1) as f64;
    let (below, above) = (rank.floor() as usize, rank.ceil() as usize);
    match (numbers.get(below), numbers.get(above)) {
        (Some(low), Some(high)) => Ok(Value::double(low + (high - low) * rank.fract())),
        _ => Err(Refusal::new("percentile of an empty list")),
    }
}

/// The differences between neighbours: one fewer than there are numbers.
pub(super) fn deltas(call: &mut Call<'_>) -> Answer {
    let numbers = call.list(0)?;
    let pairs = numbers.iter().zip(numbers.iter().skip(1));
    let deltas = pairs.map(|(before, after)| subtract(after, before));
    Ok(Value::list(deltas.collect::<Result<Vec<_>, _>>()?))
}
