//! Hexadecimal text at half its size, and any other text as it is.

use proto::v1::HexText;
use proto::v1::hex_text::Form;

use crate::bad_message::{BadMessage, required};

/// Lower-case hexadecimal travels as the bytes it stands for.
pub fn encode(text: &str) -> HexText {
    let form = to_bytes(text).map_or_else(|| Form::Text(text.to_owned()), Form::Hex);
    HexText { form: Some(form) }
}

/// As `encode`; empty text is left out.
pub fn encode_some(text: &str) -> Option<HexText> {
    (!text.is_empty()).then(|| encode(text))
}

pub fn decode(field: &'static str, message: Option<HexText>) -> Result<String, BadMessage> {
    let message = required(field, message)?;
    match required(field, message.form)? {
        Form::Hex(bytes) => Ok(to_text(&bytes)),
        Form::Text(text) => Ok(text),
    }
}

/// What was left out is empty text.
pub fn decode_some(field: &'static str, message: Option<HexText>) -> Result<String, BadMessage> {
    message.map_or_else(|| Ok(String::new()), |message| decode(field, Some(message)))
}

/// Lower-case hexadecimal of bytes.
pub fn to_text(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    bytes
        .iter()
        .flat_map(|&byte| [digit(byte >> 4), digit(byte)])
        .collect()
}

fn to_bytes(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let byte = |[high, low]: &[u8; 2]| Some(value(*high)? << 4 | value(*low)?);
    pairs.iter().map(byte).collect()
}
