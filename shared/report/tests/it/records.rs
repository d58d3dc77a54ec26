//! Records as a worker makes them, redacted, small.

use domain::record::{
    CaseRecord, Check, Exchange, ExchangeKind, Failure, Payload, Phases, Span, TryRecord,
};

pub(crate) fn exchange(at_ms: f64, waiting_ms: f64, status: u16) -> Exchange {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Exchange {
        kind: ExchangeKind::Http,
        step: "steps[0]".to_owned(),
        line: 30,
        user: "bob".to_owned(),
        method: "GET".to_owned(),
        url: "https://api.staging.example/api/threads/th_1".to_owned(),
        peer: "127.0.0.1:8443".to_owned(),
        request_headers: vec![header("authorization", "Bearer ‹token:3f9a12›")],
        request_body: Payload::default(),
        status: Some(status),
        response_headers: vec![header("content-type", "application/json")],
        response_body: Payload {
            text: r#"{"id": "th_1", "title": "private"}"#.to_owned(),
            bytes: 34,
            is_cut: false,
        },
        at_ms,
        phases: Phases {
            connect_ms: 0.5,
            send_ms: 0.1,
            waiting_ms,
            receive_ms: 0.2,
            ..Phases::default()
        },
        error: None,
        span_id: "00000000000000a2".to_owned(),
    }
}

pub(crate) fn check(held: bool) -> Check {
    Check {
        step: "steps[0]".to_owned(),
        line: 31,
        expression: "status == 403".to_owned(),
        held,
        is_evidence: true,
        actual: vec![(
            "status".to_owned(),
            if held { "403" } else { "200" }.to_owned(),
        )],
        expected: "403".to_owned(),
        error: None,
        soft: false,
    }
}

/// A check that allows a time at most.
fn target(elapsed_ms: f64) -> Check {
    let actual = [("elapsed_ms", elapsed_ms), ("vars.limit_ms", 10.0)];
    Check {
        line: 32,
        expression: "elapsed_ms <= vars.limit_ms".to_owned(),
        held: elapsed_ms <= 10.0,
        expected: "true".to_owned(),
        actual: actual
            .map(|(name, value)| (name.to_owned(), value.to_string()))
            .to_vec(),
        ..check(true)
    }
}

pub(crate) fn span(id: &str, parent: &str, name: &str, start_ms: f64, end_ms: f64) -> Span {
    Span {
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        span_id: id.to_owned(),
        parent_id: parent.to_owned(),
        name: name.to_owned(),
        start_ms,
        end_ms,
        attributes: Vec::new(),
        is_error: name.contains("→ 200"),
    }
}

fn one_try(held: bool, waiting_ms: f64) -> TryRecord {
    let status = if held { 403 } else { 200 };
    TryRecord {
        exchanges: vec![exchange(1.0, waiting_ms, status)],
        checks: vec![check(held), target(waiting_ms)],
        saved: vec![("thread".to_owned(), "th_1".to_owned())],
        spans: vec![
            span("a1", "", "test_016", 0.0, 10.0),
            span(
                "a2",
                "a1",
                &format!("GET /api/threads/th_1 → {status}"),
                1.0,
                1.0 + waiting_ms,
            ),
        ],
        failure: None,
    }
}

pub(crate) fn passed(waiting_ms: f64) -> CaseRecord {
    CaseRecord {
        tries: vec![one_try(true, waiting_ms)],
    }
}

pub(crate) fn check_failed() -> CaseRecord {
    let mut failed = one_try(false, 5.0);
    failed.failure = Some(Failure {
        step: "steps[0]".to_owned(),
        line: 31,
        message: "another user's thread was shown".to_owned(),
        expected: "403".to_owned(),
        actual: "200".to_owned(),
    });
    CaseRecord {
        tries: vec![failed],
    }
}

/// A first try that failed, and one that passed.
pub(crate) fn flaky() -> CaseRecord {
    CaseRecord {
        tries: vec![one_try(false, 12.0), one_try(true, 7.0)],
    }
}

/// An exchange that nothing checks.
pub(crate) fn bare() -> CaseRecord {
    let mut bare = one_try(true, 8.0);
    bare.checks.clear();
    CaseRecord { tries: vec![bare] }
}

pub(crate) fn login_failed() -> CaseRecord {
    CaseRecord {
        tries: vec![TryRecord {
            exchanges: vec![exchange(0.0, 9.0, 500)],
            failure: Some(Failure {
                step: "login[member].login[0]".to_owned(),
                line: 14,
                message: "login answered 500".to_owned(),
                ..Failure::default()
            }),
            ..TryRecord::default()
        }],
    }
}
