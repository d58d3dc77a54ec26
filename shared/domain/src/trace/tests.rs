//! Server spans find their place whatever their clocks and parents say.

use crate::record::{ExchangeKind, Payload, Phases};

use super::*;

const TRACE: &str = "00000000000000010000000000000002";

fn own(id: &str, parent: &str, start_ms: f64, end_ms: f64) -> Span {
    Span {
        trace_id: TRACE.to_owned(),
        span_id: id.to_owned(),
        parent_id: parent.to_owned(),
        name: id.to_owned(),
        start_ms,
        end_ms,
        ..Span::default()
    }
}

fn server(id: &str, parent: &str, start_ns: u64, end_ns: u64) -> ServerSpan {
    ServerSpan {
        trace_id: TRACE.to_owned(),
        span_id: id.to_owned(),
        parent_id: parent.to_owned(),
        name: format!("GET /{id}"),
        service: "api".to_owned(),
        start_ns,
        end_ns,
        ..ServerSpan::default()
    }
}

fn tried() -> TryRecord {
    TryRecord {
        spans: vec![
            own("run", "", 0.0, 100.0),
            own("first", "run", 10.0, 20.0),
            own("second", "run", 50.0, 80.0),
        ],
        ..TryRecord::default()
    }
}

fn found<'a>(tried: &'a TryRecord, id: &str) -> &'a Span {
    tried.spans.iter().find(|span| span.span_id == id).unwrap()
}

#[test]
fn a_server_span_lies_within_the_exchange_that_caused_it_whatever_its_clock_says() {
    let mut tried = tried();
    // The server's clock is a year off.
    let year = 31_536_000_000_000_000;
    let theirs = [
        server("a", "first", year, year + 4_000_000),
        server("db", "a", year + 1_000_000, year + 2_000_000),
        server("b", "second", year + 40_000_000, year + 60_000_000),
    ];
    assert_eq!(join(&mut tried, &theirs), 3);
    let times = |id: &str| {
        let span = found(&tried, id);
        (span.start_ms, span.end_ms)
    };
    assert_eq!(times("a"), (13.0, 17.0));
    assert_eq!(times("db"), (14.0, 15.0));
    assert_eq!(times("b"), (55.0, 75.0));
    let span = found(&tried, "a");
    assert_eq!(
        (span.name.as_str(), span.parent_id.as_str()),
        ("api: GET /a", "first")
    );
    let clock = span
        .attributes
        .iter()
        .find(|(key, _)| key == CLOCK)
        .unwrap();
    assert_eq!(clock.1, "within its exchange, ±3.0 ms");
}

#[test]
fn no_server_worked_before_it_was_connected_to() {
    let mut tried = tried();
    tried.exchanges.push(Exchange {
        kind: ExchangeKind::Http,
        step: String::new(),
        line: 1,
        user: String::new(),
        method: "GET".to_owned(),
        url: String::new(),
        peer: String::new(),
        request_headers: Vec::new(),
        request_body: Payload::default(),
        status: Some(200),
        response_headers: Vec::new(),
        response_body: Payload::default(),
        at_ms: 10.0,
        phases: Phases {
            dns_ms: 1.0,
            connect_ms: 2.0,
            tls_ms: 3.0,
            ..Phases::default()
        },
        error: None,
        span_id: "first".to_owned(),
    });
    join(&mut tried, &[server("a", "first", 0, 2_000_000)]);
    let span = found(&tried, "a");
    assert_eq!((span.start_ms, span.end_ms), (17.0, 19.0));
}

#[test]
fn two_requests_of_one_exchange_keep_their_order() {
    let mut tried = tried();
    let theirs = [
        server("later", "first", 6_000_000, 8_000_000),
        server("sooner", "first", 0, 2_000_000),
    ];
    join(&mut tried, &theirs);
    assert!(found(&tried, "sooner").end_ms < found(&tried, "later").start_ms);
}

#[test]
fn work_that_outlasts_its_exchange_begins_with_it() {
    let mut tried = tried();
    join(&mut tried, &[server("long", "first", 0, 30_000_000)]);
    let span = found(&tried, "long");
    assert_eq!((span.start_ms, span.end_ms), (10.0, 40.0));
}

#[test]
fn repeats_forgeries_strangers_and_circles_do_no_harm() {
    let mut tried = tried();
    let stranger = ServerSpan {
        trace_id: "f".repeat(32),
        ..server("stranger", "first", 0, 1)
    };
    let theirs = [
        server("a", "first", 0, 1_000_000),
        server("a", "first", 5_000_000, 6_000_000),
        server("run", "first", 0, 1),
        stranger,
        server("x", "y", 0, 1),
        server("y", "x", 0, 1),
        server("lost", "gone", 2_000_000, 1_000_000),
    ];
    assert_eq!(join(&mut tried, &theirs), 4);
    assert_eq!(found(&tried, "run").name, "run");
    let lost = found(&tried, "lost");
    assert!(lost.end_ms >= lost.start_ms);
    assert!(
        lost.attributes
            .iter()
            .any(|(_, value)| value.contains("not aligned"))
    );
    assert_eq!(join(&mut TryRecord::default(), &theirs), 0);
}

#[test]
fn runs_have_marks_of_their_own() {
    let ids = (0..2_000).map(|number| RunId::from(format!("20260101-000000-{number:04}")));
    let marks: BTreeSet<String> = ids.map(|id| mark(&id)).collect();
    assert_eq!(marks.len(), 2_000);
    assert!(marks.iter().all(|mark| mark.len() == 16));
}
