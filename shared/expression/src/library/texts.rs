//! Functions over texts. Positions count characters, as CEL's do; patterns are RE2's, found anywhere
//! in the text.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::{Answer, Call, Refusal};
use crate::value::Value;

/// Bytes that a compiled pattern may take.
const MAX_PATTERN: usize = 1 << 20;
/// Steps that compiling a pattern costs, and per byte of it.
const PATTERN_COST: u64 = 500;

pub(super) fn starts_with(call: &mut Call<'_>) -> Answer {
    Ok(Value::bool(call.text(0)?.starts_with(call.text(1)?)))
}

pub(super) fn ends_with(call: &mut Call<'_>) -> Answer {
    Ok(Value::bool(call.text(0)?.ends_with(call.text(1)?)))
}

pub(super) fn contains(call: &mut Call<'_>) -> Answer {
    Ok(Value::bool(call.text(0)?.contains(call.text(1)?)))
}

/// A pattern known only now; those known beforehand are compiled with their expression.
pub(super) fn matches(call: &mut Call<'_>) -> Answer {
    let pattern = call.text(1)?;
    call.charge(PATTERN_COST + 10 * pattern.len() as u64)?;
    let regex = pattern_of(pattern).map_err(Refusal::new)?;
    Ok(Value::bool(regex.is_match(call.text(0)?)))
}

/// Compiles a pattern within its bound, or says what is wrong with it.
pub(crate) fn pattern_of(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text
                .lines()
                .next_back()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            format!("this pattern is not a regular expression: {last}")
        })
}

/// With a limit the last part keeps the rest.
pub(super) fn split(call: &mut Call<'_>) -> Answer {
    let (text, separator) = (call.text(0)?, call.text(1)?);
    let limit = if call.has(2) {
        call.whole(2)?
    } else {
        i64::MAX
    };
    let limit = usize::try_from(limit).map_err(|_| Refusal::new("split takes a limit from 0"))?;
    let most = if separator.is_empty() {
        text.len() + 2
    } else {
        text.len() / separator.len() + 1
    };
    call.charge(most.min(limit) as u64)?;
    let parts = text.splitn(limit, separator);
    // An empty separator parts the characters, without the empty texts at both ends.
    let parts: Vec<&str> = if separator.is_empty() && !call.has(2) {
        parts.filter(|part| !part.is_empty()).collect()
    } else {
        parts.collect()
    };
    Ok(Value::list(parts.into_iter().map(Value::from)))
}

pub(super) fn lower(call: &mut Call<'_>) -> Answer {
    Ok(Value::text(call.text(0)?.to_lowercase()))
}

pub(super) fn trim(call: &mut Call<'_>) -> Answer {
    Ok(Value::text(call.text(0)?.trim()))
}

pub(super) fn substring(call: &mut Call<'_>) -> Answer {
    let text = call.text(0)?;
    let size = text.chars().count();
    let start = position(call, 1, size)?;
    let end = if call.has(2) {
        position(call, 2, size)?
    } else {
        size
    };
    if end < start {
        return Err(Refusal::new("substring ends before it starts"));
    }
    let part: String = text.chars().skip(start).take(end - start).collect();
    Ok(Value::text(Arc::<str>::from(part)))
}

fn position(call: &Call<'_>, argument: usize, size: usize) -> Result<usize, Refusal> {
    let position = call.whole(argument)?;
    usize::try_from(position)
        .ok()
        .filter(|position| *position <= size)
        .ok_or_else(|| {
            Refusal::new(format!(
                "substring at {position} of a text of {size} characters"
            ))
        })
}

pub(super) fn replace(call: &mut Call<'_>) -> Answer {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let found = text.matches(old).count();
    call.charge_bytes(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Value::text(text.replace(old, new)))
}
