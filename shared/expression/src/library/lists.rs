//! Functions over lists. Items keep their marks wherever they go.

use std::cmp::Ordering;

use super::{Answer, Call, Refusal};
use crate::evaluate::operators;
use crate::value::{Key, Marks, Value};

/// From 0, or from one number, up to and without another.
pub(super) fn range(call: &mut Call<'_>) -> Answer {
    let (from, to) = if call.has(1) {
        (call.whole(0)?, call.whole(1)?)
    } else {
        (0, call.whole(0)?)
    };
    let length = i128::from(to) - i128::from(from);
    call.charge(u64::try_from(length.max(0)).unwrap_or(u64::MAX))?;
    Ok(Value::list((from..to).map(Value::int)))
}

pub(super) fn sorted(call: &mut Call<'_>) -> Answer {
    let list = call.list(0)?;
    sort(
        list.iter()
            .map(|item| (item.clone(), item.clone()))
            .collect(),
        call,
    )
}

/// Values in the order of their keys, equal ones in the order they came.
fn sort(keyed: Vec<(Value, Value)>, call: &mut Call<'_>) -> Answer {
    let (sorted, cost) = sort_by_key(keyed)?;
    call.charge(cost)?;
    Ok(sorted)
}

/// Sorts and tells what that costs in steps; refused if two keys have no order.
pub(crate) fn sort_by_key(mut keyed: Vec<(Value, Value)>) -> Result<(Value, u64), Refusal> {
    let cost = (keyed.len() as u64).saturating_mul(u64::from(keyed.len().max(1).ilog2()) + 1);
    let first = keyed
        .first()
        .map(|(key, _)| key.clone())
        .unwrap_or_default();
    if let Some((odd, _)) = keyed.iter().find(|(key, _)| key.compare(&first).is_none()) {
        return Err(operators::no_order(odd, &first));
    }
    keyed.sort_by(|(a, _), (b, _)| a.compare(b).unwrap_or(Ordering::Equal));
    Ok((Value::list(keyed.into_iter().map(|(_, item)| item)), cost))
}

pub(super) fn distinct(call: &mut Call<'_>) -> Answer {
    let mut seen = std::collections::BTreeSet::new();
    let mut others: Vec<&Value> = Vec::new();
    let mut kept = Vec::new();
    for item in call.list(0)? {
        let is_new = match Key::of(item) {
            Some(key) => seen.insert(key),
            None => {
                call.charge(others.len() as u64 * item.weight())?;
                let is_new = !others.contains(&item);
                others.push(item);
                is_new
            }
        };
        if is_new {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

/// One level, or as many as the second value says.
pub(super) fn flatten(call: &mut Call<'_>) -> Answer {
    let levels = if call.has(1) { call.whole(1)? } else { 1 };
    if levels < 0 {
        return Err(Refusal::new("flatten takes a number of levels from 0"));
    }
    let mut flat = call.list(0)?.to_vec();
    let mut marks = Marks::NONE;
    for _ in 0..levels {
        if flat.iter().all(|item| item.as_list().is_none()) {
            break;
        }
        let length: usize = flat
            .iter()
            .map(|item| item.as_list().map_or(1, <[Value]>::len))
            .sum();
        call.charge(length as u64)?;
        let mut next = Vec::with_capacity(length);
        for item in flat {
            match item.as_list() {
                Some(inner) => {
                    marks = marks.union(item.own_marks());
                    next.extend_from_slice(inner);
                }
                None => next.push(item),
            }
        }
        flat = next;
    }
    Ok(Value::list(flat).with_own_marks(marks))
}

/// Pairs, as many as the shorter list has items.
pub(super) fn zip(call: &mut Call<'_>) -> Answer {
    let pairs = call.list(0)?.iter().zip(call.list(1)?);
    Ok(Value::list(
        pairs.map(|(a, b)| Value::list([a.clone(), b.clone()])),
    ))
}

pub(super) fn join(call: &mut Call<'_>) -> Answer {
    let separator = if call.has(1) { call.text(1)? } else { "" };
    let mut joined = String::new();
    for (position, item) in call.list(0)?.iter().enumerate() {
        let Some(text) = item.as_text() else {
            let kind = item.type_name();
            let message = format!("join takes texts, not {kind}: map them with `string(x)` first");
            return Err(Refusal::kind(message));
        };
        call.charge_bytes(text.len() + separator.len())?;
        if position > 0 {
            joined += separator;
        }
        joined += text;
    }
    Ok(Value::text(joined))
}

/// Characters of a text, bytes of bytes, items of a list, entries of a map.
pub(super) fn size(call: &mut Call<'_>) -> Answer {
    let value = call.argument(0)?;
    let size = match (value.as_list(), value.as_map(), value.as_bytes()) {
        (Some(list), _, _) => list.len(),
        (_, Some(map), _) => map.len(),
        (_, _, Some(bytes)) => bytes.len(),
        _ => call.text(0)?.chars().count(),
    };
    Ok(Value::int(size as i64))
}
