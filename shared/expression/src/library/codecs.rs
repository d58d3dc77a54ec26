//! Encodings, digests, and the formats that tests look into. Digests give lower-case hex; `jwt`
//! shows what a token says and checks no signature.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::{Answer, Call, Refusal};
use crate::value::{Marks, Value};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const FROM_STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const FROM_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// The value that a JSON text says.
pub(super) fn json(call: &mut Call<'_>) -> Answer {
    let bytes = call.data(0)?;
    // Reading JSON makes a node from as little as two bytes.
    call.charge(bytes.len() as u64 / 4)?;
    parsed(bytes)
        .ok_or_else(|| Refusal::new(format!("{} is not JSON", call.arguments[0].excerpt(40))))
}

fn parsed(bytes: &[u8]) -> Option<Value> {
    let json: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    Some(Value::from_json(&json, Marks::NONE))
}

pub(super) fn to_json(call: &mut Call<'_>) -> Answer {
    let value = call.argument(0)?;
    call.charge(value.weight())?;
    Ok(Value::text(value.to_json().to_string()))
}

pub(super) fn base64(call: &mut Call<'_>) -> Answer {
    Ok(Value::text(STANDARD.encode(call.data(0)?)))
}

/// Without padding, as tokens have it.
pub(super) fn base64url(call: &mut Call<'_>) -> Answer {
    Ok(Value::text(URL_SAFE_NO_PAD.encode(call.data(0)?)))
}

pub(super) fn hex(call: &mut Call<'_>) -> Answer {
    Ok(Value::text(::hex::encode(call.data(0)?)))
}

pub(super) fn from_base64(call: &mut Call<'_>) -> Answer {
    let decoded = FROM_STANDARD.decode(call.text(0)?).ok();
    decoded
        .map(Value::bytes)
        .ok_or_else(|| Refusal::new("this text is not base64"))
}

pub(super) fn from_base64url(call: &mut Call<'_>) -> Answer {
    let decoded = FROM_URL_SAFE.decode(call.text(0)?).ok();
    decoded
        .map(Value::bytes)
        .ok_or_else(|| Refusal::new("this text is not base64url"))
}

pub(super) fn from_hex(call: &mut Call<'_>) -> Answer {
    let decoded = ::hex::decode(call.text(0)?).ok();
    decoded
        .map(Value::bytes)
        .ok_or_else(|| Refusal::new("this text is not hex"))
}

pub(super) fn sha256(call: &mut Call<'_>) -> Answer {
    Ok(Value::text(::hex::encode(Sha256::digest(call.data(0)?))))
}

pub(super) fn hmac_sha256(call: &mut Call<'_>) -> Answer {
    let mac = Hmac::<Sha256>::new_from_slice(call.data(0)?);
    let mut mac = mac.map_err(|_| Refusal::new("this key cannot be used"))?;
    mac.update(call.data(1)?);
    Ok(Value::text(::hex::encode(mac.finalize().into_bytes())))
}

/// `{header, payload, signature}`, the first two read as JSON, the last as it stands there.
pub(super) fn jwt(call: &mut Call<'_>) -> Answer {
    let token = call.text(0)?;
    call.charge(token.len() as u64 / 4)?;
    let mut parts = token.splitn(3, '.');
    let mut read = || parsed(&FROM_URL_SAFE.decode(parts.next()?).ok()?);
    let (header, payload) = (read(), read());
    match (header, payload, parts.next()) {
        (Some(header), Some(payload), Some(signature)) => Ok(Value::map([
            ("header", header),
            ("payload", payload),
            ("signature", Value::text(signature)),
        ])),
        _ => Err(Refusal::new("this text is not a JSON web token")),
    }
}

/// `{scheme, host, port, path, query, fragment}`; of a query key that comes twice the last counts.
pub(super) fn url(call: &mut Call<'_>) -> Answer {
    let text = call.text(0)?;
    let url = ::url::Url::parse(text)
        .map_err(|error| Refusal::new(format!("this text is not an absolute URL: {error}")))?;
    let optional = |text: Option<&str>| text.map_or_else(Value::null, Value::from);
    let query = url
        .query_pairs()
        .map(|(key, value)| (key.into_owned(), Value::text(&*value)));
    let port = url
        .port_or_known_default()
        .map_or_else(Value::null, |port| Value::int(port.into()));
    Ok(Value::map([
        ("scheme", Value::from(url.scheme())),
        ("host", optional(url.host_str())),
        ("port", port),
        ("path", Value::from(url.path())),
        ("query", Value::map(query)),
        ("fragment", optional(url.fragment())),
    ]))
}
