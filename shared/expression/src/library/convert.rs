//! Conversions between kinds. What does not convert exactly as meant is an error, never a guess.

use super::{Answer, Call, Refusal};
use crate::value::Value;

/// Of a text the number it spells, of a fraction its whole part.
pub(super) fn int(call: &mut Call<'_>) -> Answer {
    let value = call.argument(0)?;
    if value.whole().is_some() {
        return Ok(value.clone());
    }
    let whole = match (value.as_f64(), value.as_bool()) {
        (Some(double), _) => whole_part(double),
        (_, Some(value)) => Some(i64::from(value)),
        _ => utf8(call)?.trim().parse().ok(),
    };
    whole
        .map(Value::int)
        .ok_or_else(|| refused("a whole number", value))
}

fn whole_part(double: f64) -> Option<i64> {
    // 2^63 is a double, the greatest `i64` is not: the bound above is exclusive.
    let is_within = double >= i64::MIN as f64 && double < i64::MAX as f64;
    is_within.then_some(double as i64)
}

pub(super) fn double(call: &mut Call<'_>) -> Answer {
    let value = call.argument(0)?;
    let double = match (value.as_f64(), value.as_bool()) {
        (Some(double), _) => Some(double),
        (_, Some(value)) => Some(f64::from(u8::from(value))),
        _ => utf8(call)?
            .trim()
            .parse()
            .ok()
            .filter(|double: &f64| double.is_finite()),
    };
    double
        .map(Value::double)
        .ok_or_else(|| refused("a number", value))
}

pub(super) fn string(call: &mut Call<'_>) -> Answer {
    let value = call.argument(0)?;
    if value.as_text().is_some() {
        return Ok(value.clone());
    }
    if value.as_bytes().is_some() {
        return Ok(Value::text(utf8(call)?));
    }
    Ok(Value::text(value.to_string()))
}

pub(super) fn boolean(call: &mut Call<'_>) -> Answer {
    let value = call.argument(0)?;
    match value.as_text() {
        None => Ok(value.clone()),
        Some("true") => Ok(Value::bool(true)),
        Some("false") => Ok(Value::bool(false)),
        Some(_) => Err(refused("true or false", value)),
    }
}

pub(super) fn bytes(call: &mut Call<'_>) -> Answer {
    Ok(Value::bytes(call.data(0)?))
}

fn utf8<'a>(call: &mut Call<'a>) -> Result<&'a str, Refusal> {
    std::str::from_utf8(call.data(0)?).map_err(|_| Refusal::new("these bytes are not UTF-8"))
}

fn refused(wanted: &str, value: &Value) -> Refusal {
    Refusal::new(format!("{} is not {wanted}", value.excerpt(40)))
}
