//! What else a text might be: any text, and those that are addresses, tokens, times or numbers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use super::words::Words;

/// Other texts, each with a word for it.
pub(super) fn others(text: &str, words: &Words) -> Vec<(&'static str, String)> {
    let mut others = vec![
        ("another text", format!("{text}-muster")),
        ("empty", String::new()),
        ("a foreign text", "muster".to_owned()),
    ];
    let is_time = text.len() >= 19 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T';
    if is_time && let Some(rest) = text.get(4..) {
        others.push(("long ago", format!("1999{rest}")));
        others.push(("far ahead", format!("2999{rest}")));
    }
    if let Ok(number) = text.parse::<f64>() {
        for (word, other) in [("more", number + 1.0), ("less", number - 1.0)] {
            others.push((word, other.to_string()));
        }
        for (word, other) in [("zero", "0"), ("negative", "-1"), ("huge", "1000000000000")] {
            others.push((word, other.to_owned()));
        }
    }
    if let Some(half) = text.get(..text.len() / 2) {
        others.push(("half of it", half.to_owned()));
    }
    others.extend(addresses(text));
    others.extend(tokens(text, words));
    others
}

/// The same address with another part.
fn addresses(text: &str) -> Vec<(&'static str, String)> {
    let Ok(url) = Url::parse(text) else {
        return Vec::new();
    };
    let mut others = Vec::new();
    let mut add = |word, change: &dyn Fn(&mut Url)| {
        let mut other = url.clone();
        change(&mut other);
        others.push((word, other.to_string()));
    };
    let scheme = if url.scheme() == "https" {
        "http"
    } else {
        "https"
    };
    // What can't be set stays, and is then no other address.
    add("with another scheme", &|url| {
        let _ = url.set_scheme(scheme);
    });
    add("with another host", &|url| {
        let _ = url.set_host(Some("muster.invalid"));
    });
    add("with another path", &|url| url.set_path("/muster"));
    add("without its query", &|url| url.set_query(None));
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (name, _) in &pairs {
        for value in ["muster", ""] {
            add("with another parameter", &|url| {
                let other = pairs.iter().map(|(known, old)| {
                    let is_it = known == name;
                    (known.as_str(), if is_it { value } else { old.as_str() })
                });
                url.query_pairs_mut().clear().extend_pairs(other);
            });
        }
        // An address in an address.
        for value in ["http://muster.invalid/", "https://muster.invalid/muster"] {
            add("with another address in it", &|url| {
                let other = pairs.iter().map(|(known, old)| {
                    let is_it = known == name;
                    (known.as_str(), if is_it { value } else { old.as_str() })
                });
                url.query_pairs_mut().clear().extend_pairs(other);
            });
        }
    }
    others.retain(|(_, other)| other != text);
    others
}

/// The same token (JWT) with another claim, under the old signature.
fn tokens(text: &str, words: &Words) -> Vec<(&'static str, String)> {
    let parts: Vec<&str> = text.split('.').collect();
    let [head, payload, signature] = parts[..] else {
        return Vec::new();
    };
    let decoded = URL_SAFE_NO_PAD.decode(payload).ok();
    let claims = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(Value::Object(claims)) = claims else {
        return Vec::new();
    };
    let mut others = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| words.has(name)) {
        for other in claimed(value) {
            let mut claims = claims.clone();
            match other {
                Some(other) => claims.insert(name.clone(), other),
                None => claims.remove(name),
            };
            let payload = URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
            others.push((
                "with another claim",
                format!("{head}.{payload}.{signature}"),
            ));
        }
    }
    others
}

/// Other values of a claim; `None` takes it out.
fn claimed(value: &Value) -> Vec<Option<Value>> {
    let mut others = vec![None, Some(Value::Null)];
    match value.as_i64() {
        Some(number) => {
            let numbers = [
                number.saturating_add(1),
                number.saturating_add(1_000_000_000),
                0,
            ];
            others.extend(numbers.map(|number| Some(json!(number))));
        }
        None => others.push(Some(json!("muster"))),
    }
    others
}
