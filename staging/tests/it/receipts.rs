//! Receipts: the platform's own account of what a test did.

use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab};
use crate::socket::Socket;

#[tokio::test]
async fn what_came_with_a_nonce_is_told_by_it() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let baggage = "muster.nonce=n-1,muster.case=the%20case,muster.attempt=2".to_owned();
    let ask = |token| Ask {
        token,
        headers: vec![("baggage", baggage.clone())],
        body: None,
    };
    lab.api(Method::GET, "/api/threads?limit=3", ask(Some(&user.token)))
        .await;
    lab.api(Method::GET, "/api/threads", ask(None)).await;
    let receipts = lab.get("/__ref/receipts/n-1", None).await.body;
    let seen: Vec<_> = receipts["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| json!([r["method"], r["path"], r["status"], r["user"]]))
        .collect();
    let expected = [
        json!(["GET", "/api/threads", 200, user.id]),
        json!(["GET", "/api/threads", 403, null]),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        (&receipts["case"], &receipts["attempt"]),
        (&json!("the case"), &json!("2"))
    );
    let counts = lab.get("/__ref/receipts", None).await.body;
    assert_eq!(counts["cases"]["the case"]["2"]["requests"], 2);
    assert_eq!(lab.get("/__ref/receipts/unknown", None).await.status, 404);
    lab.finish().await;
}

#[tokio::test]
async fn sockets_open_at_once_are_counted_at_their_peak() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(Socket::open(&lab, &user, "n-2").await);
    }
    open[0].send(json!({ "type": "ping" })).await;
    open[0].next().await;
    let receipts = lab.get("/__ref/receipts/n-2", None).await.body;
    let expected = json!({ "opened": 3, "open": 3, "peak": 3, "aborted": 0 });
    assert_eq!(
        (&receipts["websockets"], &receipts["messages"]),
        (&expected, &json!(1))
    );
    assert_eq!(receipts["requests"][0]["status"], 101);
    lab.finish().await;
}

#[tokio::test]
async fn requests_in_flight_at_once_are_counted_at_their_peak() {
    let lab = Lab::start(&[]).await;
    let asked = (0..4).map(|i| {
        let body = json!({ "type": "data", "message": format!("q{i}"), "simulate_delay_ms": 600 });
        let ask = Ask {
            headers: vec![("baggage", "muster.nonce=n-3".to_owned())],
            body: Some(body.to_string()),
            ..Ask::default()
        };
        lab.api(Method::POST, "/api/agents/execute", ask)
    });
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let receipts = lab.get("/__ref/receipts/n-3", None).await.body;
    assert_eq!(receipts["in_flight"], json!({ "now": 0, "peak": 4 }));
    lab.finish().await;
}
