//! What goes out, and what happens when nobody takes it; the whole way is tried in `e2e`.

use super::*;

fn span(id: &str, parent: &str, attributes: &[(&str, &str)]) -> Recorded {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Recorded {
        trace_id: "ab".repeat(16),
        span_id: id.repeat(8),
        parent_id: parent.repeat(8),
        name: format!("api: {id}"),
        start_ms: 1.5,
        end_ms: 2.0,
        attributes: attributes.iter().map(pair).collect(),
        is_error: false,
    }
}

#[test]
fn server_spans_go_out_under_the_name_of_their_service() {
    let tried = Tried {
        started_at_ms: 1_000,
        spans: vec![
            span("01", "", &[("muster.case", "p1::t@eu")]),
            span(
                "02",
                "01",
                &[
                    ("url.full", "http://h/"),
                    ("http.response.status_code", "200"),
                ],
            ),
            span("03", "02", &[(SERVICE, "api")]),
            Recorded {
                span_id: "no".to_owned(),
                ..span("04", "01", &[])
            },
        ],
    };
    let requests = requests(&[tried]);
    let [request] = requests.as_slice() else {
        panic!("one request is enough: {requests:?}");
    };
    assert_eq!(count(request), 3);
    let spans: Vec<(String, &Span)> = request
        .resource_spans
        .iter()
        .flat_map(|one| {
            let service = format!("{:?}", one.resource);
            one.scope_spans[0]
                .spans
                .iter()
                .map(move |span| (service.clone(), span))
        })
        .collect();
    let (service, server) = spans
        .iter()
        .find(|(_, span)| span.span_id == [3; 8])
        .unwrap();
    assert!(service.contains("\"api\""), "{service}");
    assert_eq!(
        (server.name.as_str(), server.kind),
        ("03", SpanKind::Server as i32)
    );
    assert_eq!(server.parent_span_id, [2; 8]);
    assert_eq!(server.start_time_unix_nano, 1_001_500_000);
    let (service, exchange) = spans
        .iter()
        .find(|(_, span)| span.span_id == [2; 8])
        .unwrap();
    assert!(service.contains("\"muster\"") && exchange.kind == SpanKind::Client as i32);
    let status = exchange.attributes[1].value.clone().unwrap().value;
    assert_eq!(status, Some(Value::IntValue(200)));
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_spans_and_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let tried = Tried {
        started_at_ms: 0,
        spans: vec![span("01", "", &[])],
    };
    for url in [
        format!("http://{address}"),
        address.to_string(),
        "https://x".to_owned(),
        "::".to_owned(),
    ] {
        let collector = Collector {
            url,
            authority: None,
        };
        let exported = export(&collector, std::slice::from_ref(&tried)).await;
        assert_eq!((exported.sent, exported.dropped), (0, 1));
        assert!(exported.why.is_some());
    }
}
