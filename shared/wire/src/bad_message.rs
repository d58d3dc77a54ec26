//! What can be wrong with a message, named by its field.

use std::time::Duration;

/// A message that can't be turned into the domain's nouns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    #[error("`{field}` is missing; the sender speaks another version of muster, or is broken")]
    Missing { field: &'static str },
    #[error(
        "`{field}` is {value}, which this muster does not know; use the same version on both sides"
    )]
    Invalid { field: &'static str, value: String },
    #[error("{what} can't be read: {why}")]
    Unreadable { what: &'static str, why: String },
}

impl BadMessage {
    pub fn missing(field: &'static str) -> Self {
        Self::Missing { field }
    }

    pub fn invalid(field: &'static str, value: impl ToString) -> Self {
        Self::Invalid {
            field,
            value: value.to_string(),
        }
    }
}

/// Reads an encoded message.
pub(crate) fn read<M: prost::Message + Default>(
    what: &'static str,
    bytes: &[u8],
) -> Result<M, BadMessage> {
    M::decode(bytes).map_err(|error| BadMessage::Unreadable {
        what,
        why: error.to_string(),
    })
}

/// A message field that must be there.
pub(crate) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, BadMessage> {
    value.ok_or(BadMessage::Missing { field })
}

/// A name that must not be empty.
pub(crate) fn name<T: From<String>>(field: &'static str, text: String) -> Result<T, BadMessage> {
    if text.is_empty() {
        return Err(BadMessage::missing(field));
    }
    Ok(T::from(text))
}

pub(crate) fn names<T: From<String>>(texts: Vec<String>) -> Vec<T> {
    texts.into_iter().map(T::from).collect()
}

/// A small number that travels in a wider field.
pub(crate) fn narrow(field: &'static str, value: Option<u32>) -> Result<Option<u16>, BadMessage> {
    let narrow = |wide| u16::try_from(wide).map_err(|_| BadMessage::invalid(field, wide));
    value.map(narrow).transpose()
}

/// Whole nanoseconds; 584 years is the longest.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

pub(crate) fn decode_all<M, T>(
    messages: Vec<M>,
    decode: impl Fn(M) -> Result<T, BadMessage>,
) -> Result<Vec<T>, BadMessage> {
    messages.into_iter().map(decode).collect()
}
