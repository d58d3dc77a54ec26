//! Headers: credentials and W3C trace context and baggage on the way in, security headers out.
//!
//! Formats: <https://www.w3.org/TR/trace-context/> and <https://www.w3.org/TR/baggage/>.

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName};
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

/// What ties a request to the test, the trace and the client it came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Correlation {
    /// `muster.nonce` of the baggage: unique per try of a case.
    pub(crate) nonce: Option<String>,
    /// `muster.case` of the baggage.
    pub(crate) case: Option<String>,
    /// `muster.attempt` of the baggage.
    pub(crate) attempt: Option<String>,
    /// 32 hexadecimal digits, from `traceparent` or made up here.
    pub(crate) trace_id: String,
    /// The client's `X-Request-ID`, or one made up here.
    pub(crate) request_id: String,
}

impl Correlation {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let baggage = text("baggage").unwrap_or_default();
        Self {
            nonce: member(baggage, "muster.nonce"),
            case: member(baggage, "muster.case"),
            attempt: member(baggage, "muster.attempt"),
            trace_id: text("traceparent")
                .and_then(trace_id)
                .unwrap_or_else(fresh_id),
            request_id: text("x-request-id").map_or_else(fresh_id, str::to_owned),
        }
    }
}

/// The bearer token of an `Authorization` header, if it has one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// The headers that every answer bears.
pub(crate) fn stamp(headers: &mut HeaderMap, correlation: &Correlation, api_path: bool) {
    for (name, value) in SECURITY {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    );
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    if api_path {
        headers.insert("x-api-version", HeaderValue::from_static("1.0"));
    }
    for (name, id) in [
        ("x-trace-id", &correlation.trace_id),
        ("x-request-id", &correlation.request_id),
    ] {
        if let Ok(value) = HeaderValue::from_str(id) {
            headers.insert(name, value);
        }
    }
}

const SECURITY: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
    ("x-robots-tag", "noindex, nofollow"),
    (
        "strict-transport-security",
        "max-age=86400; includeSubDomains",
    ),
];

const CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";

/// The value of one member of a baggage header, percent-decoded, its properties left out.
fn member(baggage: &str, wanted: &str) -> Option<String> {
    baggage.split(',').find_map(|entry| {
        let (key, value) = entry.split_once('=')?;
        let value = value.split(';').next()?.trim();
        (key.trim() == wanted && !value.is_empty()).then(|| percent_decoded(value))
    })
}

/// A text as it stands in a query: everything but letters, digits and `-._~` is escaped.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(hex_byte);
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let mut byte = [0];
    hex::decode_to_slice(digits, &mut byte).ok()?;
    Some(byte[0])
}

fn trace_id(traceparent: &str) -> Option<String> {
    let id = traceparent.split('-').nth(1)?;
    let good = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    good.then(|| id.to_owned())
}

fn fresh_id() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baggage_is_read_with_spaces_properties_and_escapes() {
        let baggage = "other=1, muster.nonce = a%2Fb;ttl=3 ,muster.case=c%201,muster.attempt=";
        assert_eq!(member(baggage, "muster.nonce").as_deref(), Some("a/b"));
        assert_eq!(member(baggage, "muster.case").as_deref(), Some("c 1"));
        assert_eq!(member(baggage, "muster.attempt"), None);
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_encoded("a b/é"), "a%20b%2F%C3%A9");
    }

    #[test]
    fn only_a_bearer_token_is_a_credential() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer(&headers), None);
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic abc"));
        assert_eq!(bearer(&headers), None);
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer "));
        assert_eq!(bearer(&headers), None);
        headers.insert(AUTHORIZATION, HeaderValue::from_static("bearer abc"));
        assert_eq!(bearer(&headers), Some("abc"));
    }
}
