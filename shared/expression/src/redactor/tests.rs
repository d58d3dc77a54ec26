//! Redaction: each form of a secret, labels, many secrets, values.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SECRET: &str = "s3cr€t/+?&=\"\\ \n~tok";

fn knowing(secrets: &[(&str, &str)]) -> Redactor {
    let redactor = Redactor::new([7; 32]);
    secrets
        .iter()
        .for_each(|(name, secret)| redactor.learn(name, secret));
    redactor
}

/// Redacts a text in which nothing of the encoded secret may be left.
#[track_caller]
fn gone(redactor: &Redactor, encoded: &str) {
    let text = format!("before|{encoded}|after");
    let redacted = redactor.redact(&text);
    assert!(redacted.contains("‹token:"), "{encoded} stays: {redacted}");
    let label = redactor.label("token", SECRET.as_bytes());
    assert_eq!(redacted, format!("before|{label}|after"), "{encoded}");
}

#[test]
fn a_secret_is_replaced_raw_in_base64_and_in_hex() {
    let redactor = knowing(&[("token", SECRET)]);
    gone(&redactor, SECRET);
    gone(&redactor, &STANDARD.encode(SECRET));
    gone(&redactor, &STANDARD_NO_PAD.encode(SECRET));
    gone(&redactor, &URL_SAFE.encode(SECRET).replace('=', ""));
    gone(&redactor, &URL_SAFE_NO_PAD.encode(SECRET));
    gone(&redactor, &hex::encode(SECRET));
    gone(&redactor, &hex::encode_upper(SECRET));
}

#[test]
fn a_secret_within_encoded_bytes_is_replaced_at_every_alignment() {
    for secret in ["12345678", "123456789", "1234567890", SECRET] {
        let redactor = knowing(&[("token", secret)]);
        for before in ["", "u", "us", "use", "user:", "user1:"] {
            for after in ["", ":", ":x", "xyz"] {
                let whole = format!("{before}{secret}{after}");
                for encoded in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                    let redacted = redactor.redact(&format!("Basic {encoded}"));
                    assert!(redacted.contains("‹token:"), "{before} {after}: {redacted}");
                    // At most the digits that share their bits with the neighbours are left.
                    let core =
                        &encoded[(before.len() * 8).div_ceil(6)..][..secret.len() * 8 / 6 - 1];
                    assert!(!redacted.contains(core), "{redacted}");
                }
            }
        }
    }
}

#[test]
fn escapes_do_not_hide_a_secret() {
    let redactor = knowing(&[("token", SECRET)]);
    let strict: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let lower = strict.to_lowercase();
    let form = ::url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>();
    let json = json!(SECRET).to_string();
    let json = json.trim_matches('"');
    let unicode: String = SECRET
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    let twice = json!(json).to_string();
    let slashes = json.replace('/', "\\/");
    let json_in_url = ::url::form_urlencoded::byte_serialize(json.as_bytes()).collect::<String>();
    let base64_in_url = STANDARD
        .encode(SECRET)
        .replace('+', "%2B")
        .replace('=', "%3d");
    let cases = [
        &*strict,
        &lower,
        &form,
        json,
        &unicode,
        twice.trim_matches('"'),
        &slashes,
    ];
    for encoded in cases.into_iter().chain([&*json_in_url, &base64_in_url]) {
        gone(&redactor, encoded);
    }
}

#[test]
fn labels_tell_secrets_apart_and_depend_on_the_key() {
    let redactor = knowing(&[("token", "aaaaaaaaaa"), ("refresh", "bbbbbbbbbb")]);
    let redacted = redactor.redact("aaaaaaaaaa bbbbbbbbbb aaaaaaaaaa");
    let parts: Vec<&str> = redacted.split(' ').collect();
    assert_eq!(parts[0], parts[2]);
    assert!(
        parts[0].starts_with("‹token:") && parts[1].starts_with("‹refresh:"),
        "{redacted}"
    );
    let other = Redactor::new([8; 32]);
    assert_ne!(
        other.label("token", b"aaaaaaaaaa"),
        redactor.label("token", b"aaaaaaaaaa")
    );
    assert_eq!(
        redactor.label("token", b"x").chars().count(),
        "‹token:3f9a12›".chars().count()
    );
}

#[test]
fn short_values_are_not_learned_and_innocent_texts_stay() {
    let redactor = knowing(&[("type", "Bearer"), ("token", "abcdefgh")]);
    assert_eq!(redactor.len(), 1);
    let text = "Bearer abcdefg %41 \\u0041 + é";
    assert_eq!(redactor.redact(text), text);
    assert_eq!(redactor.redact_bytes(b"\xff abcdefgh \xfe")[..2], *b"\xff ");
    assert_eq!(Redactor::new([0; 32]).redact(text), text);
}

#[test]
fn secrets_that_overlap_or_contain_each_other_leave_nothing() {
    let redactor = knowing(&[
        ("part", "abcdefgh"),
        ("whole", "abcdefghij"),
        ("next", "ghijklmn"),
    ]);
    let redacted = redactor.redact("<abcdefghijklmn>");
    assert!(
        redacted.starts_with("<‹whole:") && redacted.ends_with("›>"),
        "{redacted}"
    );
    assert_eq!(redacted.matches('‹').count(), 1);
}

#[test]
fn credentials_in_headers_are_learned_without_their_scheme_or_name() {
    let redactor = Redactor::new([1; 32]);
    redactor.learn_header("Authorization", "Bearer abcdef-123456");
    redactor.learn_header(
        "Set-Cookie",
        "sid=0123456789abcdef; Path=/; HttpOnly; Domain=example.org",
    );
    redactor.learn_header("cookie", "a=cookie-number-1; b=cookie-number-2");
    let redacted = redactor.redact("abcdef-123456 0123456789abcdef cookie-number-2 example.org");
    assert!(
        !redacted.contains("123456") && !redacted.contains("number-2"),
        "{redacted}"
    );
    assert!(
        redacted.contains("‹sid:") && redacted.contains("example.org"),
        "{redacted}"
    );
}

#[test]
fn values_show_their_secrets_as_labels() {
    let redactor = Redactor::new([1; 32]);
    let body = json!({"token": "abcdefghij", "pin": 1234, "list": ["abcdefghij", null], "id": 5});
    let body = Value::from_json(&body, Marks::RECEIVED)
        .taint_fields(|name| matches!(name, "token" | "pin"));
    redactor.learn_value("login", &body);
    let shown = redactor.redact_value("body", &body);
    let token = redactor.label("token", b"abcdefghij");
    let pin = redactor.label("pin", b"1234");
    assert_eq!(
        shown,
        json!({"token": token, "pin": pin, "list": [token, null], "id": 5})
    );
    assert_eq!(redactor.len(), 1);
}

#[test]
fn thousands_of_tokens_alike_at_their_beginning_are_each_found() {
    let redactor = Redactor::new([1; 32]);
    let token = |n: usize| {
        let signature = hex::encode((n * 7_919).to_be_bytes());
        format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.{signature}")
    };
    (0..3_000).for_each(|n| redactor.learn("token", &token(n)));
    let text = format!("{} {} {}", token(0), "x".repeat(100_000), token(2_999));
    let redacted = redactor.redact(&text);
    assert!(!redacted.contains("eyJ"), "a token stays");
    assert_eq!(redacted.matches("‹token:").count(), 2);
}

proptest! {
    #[test]
    fn no_form_of_any_secret_survives(secret in "[ -~é€]{8,40}", before in "[a-z]{0,5}", after in "[a-z]{0,5}") {
        let redactor = knowing(&[("s", &secret)]);
        let whole = format!("{before}{secret}{after}");
        let percent: String = whole.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let json = json!(whole).to_string();
        for text in [whole.clone(), percent, json, STANDARD.encode(&whole), hex::encode(&whole)] {
            let redacted = redactor.redact(&text);
            prop_assert!(redacted.contains("‹s:"), "{text} {redacted}");
            prop_assert!(!redacted.contains(&secret));
        }
    }

    #[test]
    fn redaction_never_panics(secret in ".{0,20}", text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let redactor = knowing(&[("s", &secret)]);
        let _ = redactor.redact_bytes(&text);
        let _ = redactor.redact(&String::from_utf8_lossy(&text));
    }
}
