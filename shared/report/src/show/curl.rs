//! A recorded HTTP request as a line for curl. Redacted values become shell variables, so that the
//! line works once the reader has set them.

use domain::record::{Exchange, ExchangeKind};

use crate::escape;

/// Headers that curl sets by itself, or that would be wrong when sent again.
const LEFT_OUT: [&str; 6] = [
    "host",
    "content-length",
    "connection",
    "accept-encoding",
    "traceparent",
    "transfer-encoding",
];

/// `None` for what curl can't send: messages of a socket.
pub fn curl(exchange: &Exchange) -> Option<String> {
    let is_request = matches!(exchange.kind, ExchangeKind::Http | ExchangeKind::Stream);
    if !is_request {
        return None;
    }
    let mut parts = vec!["curl".to_owned(), "-i".to_owned()];
    if exchange.kind == ExchangeKind::Stream {
        parts.push("-N".to_owned());
    }
    parts.push(format!("-X {}", quote(&exchange.method)));
    parts.push(quote(&exchange.url));
    let kept = |name: &String| !LEFT_OUT.contains(&name.to_ascii_lowercase().as_str());
    let headers = exchange
        .request_headers
        .iter()
        .filter(|(name, _)| kept(name));
    parts.extend(headers.map(|(name, value)| format!("-H {}", quote(&format!("{name}: {value}")))));
    if !exchange.request_body.text.is_empty() {
        parts.push(format!("--data-raw {}", quote(&exchange.request_body.text)));
    }
    let cut = if exchange.request_body.is_cut {
        "  # the body was cut when it was kept"
    } else {
        ""
    };
    Some(format!("{}{cut}", parts.join(" ")))
}

/// A word for a shell in which `‹token:3f9a12›` stands as `$TOKEN`.
fn quote(text: &str) -> String {
    let text = escape::block(text);
    let mut word = String::new();
    let mut rest = text.as_str();
    while let Some((before, name, after)) = next_redacted(rest) {
        push_quoted(&mut word, before);
        word.push_str(&format!("\"${}\"", variable(name)));
        rest = after;
    }
    push_quoted(&mut word, rest);
    match word.is_empty() {
        true => "''".to_owned(),
        false => word,
    }
}

/// Text before a redacted value, its name, and text behind it.
fn next_redacted(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('‹')?;
    let (inside, after) = rest.split_once('›')?;
    let name = inside.split(':').next().unwrap_or_default();
    Some((before, name, after))
}

fn push_quoted(word: &mut String, text: &str) {
    if !text.is_empty() {
        word.push('\'');
        word.push_str(&text.replace('\'', r"'\''"));
        word.push('\'');
    }
}

/// `$TOKEN` for whatever is a token, `$PASSWORD` and the like for the rest.
fn variable(name: &str) -> String {
    let upper: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    let is_name = upper.starts_with(|letter: char| letter.is_ascii_uppercase());
    match is_name && !upper.contains("TOKEN") {
        true => upper,
        false => "TOKEN".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::record::{Payload, Phases};

    fn exchange(kind: ExchangeKind, headers: &[(&str, &str)], body: &str) -> Exchange {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Exchange {
            kind,
            step: "steps[0]".to_owned(),
            line: 1,
            user: String::new(),
            method: "POST".to_owned(),
            url: "https://api/t?q=a b".to_owned(),
            peer: String::new(),
            request_headers: headers.iter().map(owned).collect(),
            request_body: Payload {
                text: body.to_owned(),
                bytes: 0,
                is_cut: false,
            },
            status: None,
            response_headers: Vec::new(),
            response_body: Payload::default(),
            at_ms: 0.0,
            phases: Phases::default(),
            error: None,
            span_id: String::new(),
        }
    }

    #[test]
    fn redacted_values_become_variables_and_the_rest_is_quoted() {
        let headers = [
            ("authorization", "Bearer ‹access_token:3f9a12›"),
            ("host", "api"),
            ("x-note", "it's"),
        ];
        let line = curl(&exchange(
            ExchangeKind::Http,
            &headers,
            r#"{"p":"‹password:ab›"}"#,
        ))
        .unwrap();
        assert_eq!(
            line,
            r#"curl -i -X 'POST' 'https://api/t?q=a b' -H 'authorization: Bearer '"$TOKEN" -H 'x-note: it'\''s' --data-raw '{"p":"'"$PASSWORD"'"}'"#
        );
    }

    #[test]
    fn what_is_no_request_has_no_line() {
        assert_eq!(curl(&exchange(ExchangeKind::Sent, &[], "{}")), None);
        assert_eq!(curl(&exchange(ExchangeKind::WebSocket, &[], "")), None);
    }

    #[test]
    fn a_redacted_value_of_any_name_is_a_safe_variable() {
        for (name, expected) in [
            ("token", "TOKEN"),
            ("a-b", "A_B"),
            ("", "TOKEN"),
            ("9x", "TOKEN"),
            ("$(rm)", "TOKEN"),
        ] {
            assert_eq!(variable(name), expected);
        }
        assert_eq!(quote("‹open"), "'‹open'");
    }
}
