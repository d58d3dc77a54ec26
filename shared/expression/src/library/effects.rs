//! The functions whose results are not in their arguments: all of it comes through
//! [`Effects`](crate::Effects), which the engine seeds and records.

use super::{Answer, Call, Refusal};
use crate::value::Value;

/// A random UUID, version 4.
pub(super) fn uuid(call: &mut Call<'_>) -> Answer {
    let bits = (u128::from(call.effects.random()) << 64) | u128::from(call.effects.random());
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    Ok(Value::text(parts.join("-")))
}

/// A fraction from 0 up to and without 1; of a number a whole one from 0 up to and without it.
pub(super) fn random(call: &mut Call<'_>) -> Answer {
    if !call.has(0) {
        // A double holds 53 bits exactly.
        let bits = call.effects.random() >> 11;
        return Ok(Value::double(bits as f64 / (1_u64 << 53) as f64));
    }
    let limit = u64::try_from(call.whole(0)?)
        .ok()
        .filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| Refusal::new("random takes a number from 1"))?;
    let scaled = (u128::from(call.effects.random()) * u128::from(limit)) >> 64;
    Ok(Value::unsigned(u64::try_from(scaled).unwrap_or(0)))
}

/// Milliseconds since the Unix epoch.
pub(super) fn now(call: &mut Call<'_>) -> Answer {
    Ok(Value::int(call.effects.now_ms()))
}

/// A custom measure, over the entries with these labels.
pub(super) fn metric(call: &mut Call<'_>) -> Answer {
    let name = call.text(0)?;
    let none = Value::map(std::iter::empty::<(&str, Value)>());
    let labels = if call.has(1) {
        call.argument(1)?
    } else {
        &none
    };
    let measured = call.effects.metric(name, labels);
    measured.ok_or_else(|| Refusal::new(format!("there is no measure {name:?}: see `measure:`")))
}
