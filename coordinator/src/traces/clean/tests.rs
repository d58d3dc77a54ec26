//! Nothing that may be a secret gets past the cleaning; the canary is a token.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Status;

use super::*;

const CANARY: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl";

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn span(attributes: Vec<KeyValue>) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: format!("GET /reset/{CANARY}?token={CANARY}"),
        start_time_unix_nano: 5,
        end_time_unix_nano: 3,
        attributes,
        status: Some(Status {
            message: format!("refused {CANARY}"),
            code: StatusCode::Error as i32,
        }),
        ..Span::default()
    }
}

fn source() -> Source {
    Source::of(&ResourceSpans {
        resource: Some(Resource {
            attributes: vec![pair("service.name", "chat-api")],
            ..Resource::default()
        }),
        ..ResourceSpans::default()
    })
}

#[test]
fn nothing_that_may_be_a_secret_is_kept() {
    let attributes = vec![
        pair(
            "url.path",
            &format!("/api/v2/threads/{CANARY}/messages?key={CANARY}"),
        ),
        pair("url.query", &format!("token={CANARY}")),
        pair("url.full", &format!("https://user:{CANARY}@host/")),
        pair(
            "http.request.header.authorization",
            &format!("Bearer {CANARY}"),
        ),
        pair("db.query.text", &format!("SELECT '{CANARY}'")),
        pair("exception.message", CANARY),
        pair("error.type", CANARY),
        pair("http.route", "/api/v2/threads/{thread_id}/messages"),
    ];
    let kept = source().clean(&span(attributes)).unwrap();
    let said = format!("{kept:?}");
    assert!(!said.contains(CANARY) && !said.contains("eyJ"), "{said}");
    assert_eq!(kept.name, "GET /reset/{…}");
    let words: Vec<(&str, &str)> = kept
        .attributes
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            ("url.path", "/api/v2/threads/{…}/messages"),
            ("error.type", "{…}"),
            ("http.route", "/api/v2/threads/{thread_id}/messages"),
        ]
    );
    assert_eq!((kept.service.as_str(), kept.is_error), ("chat-api", true));
    assert_eq!((kept.start_ns, kept.end_ns), (5, 5));
}

#[test]
fn parts_of_a_path_are_masked_unless_they_are_words() {
    for (path, shown) in [
        ("/health/ready", "/health/ready"),
        ("/api/v1/threads/42", "/api/v1/threads/42"),
        ("/threads/thr_0f8a6c3d2b1e4f70", "/threads/{…}"),
        ("/users/ada@example.org/", "/users/{…}/"),
        ("/users/ada%40example.org", "/users/{…}"),
        ("//", "//"),
        ("", ""),
    ] {
        assert_eq!(masked(path, VALUE), shown, "{path}");
    }
    assert_eq!(masked(&"ö/".repeat(500), 10).len(), 10);
}

#[test]
fn a_span_without_proper_ids_is_refused() {
    let good = span(Vec::new());
    for bad in [
        Span {
            trace_id: vec![0; 16],
            ..good.clone()
        },
        Span {
            trace_id: vec![1; 15],
            ..good.clone()
        },
        Span {
            span_id: vec![0; 8],
            ..good.clone()
        },
        Span {
            span_id: Vec::new(),
            ..good.clone()
        },
        Span {
            parent_span_id: vec![1; 4],
            ..good.clone()
        },
    ] {
        assert_eq!(source().clean(&bad), None);
    }
    let many = (0..10_000).map(|_| pair("rpc.method", "x")).collect();
    assert_eq!(
        source().clean(&span(many)).unwrap().attributes.len(),
        ATTRIBUTES
    );
}
