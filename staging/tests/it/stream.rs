//! A streamed answer: chunks one by one, and together the whole text.

use std::time::{Duration, Instant};

use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::lab::{Ask, Lab, User, soon};

/// The events of a stream, each with the time at which it arrived.
pub(crate) async fn streamed(lab: &Lab, user: &User, message: &str) -> Vec<(Instant, Value)> {
    let body = Some(json!({ "message": message }).to_string());
    let ask = Ask {
        token: Some(&user.token),
        body,
        ..Ask::default()
    };
    let url = format!("{}/api/agent/stream", lab.running.api_url());
    let mut response = lab.raw(Method::POST, &url, ask).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut events, mut pending) = (Vec::new(), String::new());
    while let Some(frame) = soon("a chunk", response.frame()).await {
        let bytes = frame.unwrap().into_data().unwrap();
        pending.push_str(std::str::from_utf8(&bytes).unwrap());
        while let Some((event, rest)) = pending.split_once("\n\n") {
            let data = event
                .lines()
                .find_map(|line| line.strip_prefix("data: "))
                .unwrap();
            events.push((Instant::now(), serde_json::from_str(data).unwrap()));
            pending = rest.to_owned();
        }
    }
    events
}

/// The text of all chunks together.
pub(crate) fn joined(events: &[(Instant, Value)]) -> String {
    events
        .iter()
        .filter_map(|(_, event)| event["delta"].as_str())
        .collect()
}

/// How many neighbouring events arrived at least 10 ms apart.
pub(crate) fn gaps(events: &[(Instant, Value)]) -> usize {
    let apart = Duration::from_millis(10);
    events
        .windows(2)
        .filter(|pair| pair[1].0 - pair[0].0 >= apart)
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_arrive_one_by_one_and_are_the_answer() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let events = streamed(&lab, &user, "tell me of nonce-42").await;
    let kinds: Vec<_> = events
        .iter()
        .map(|(_, event)| event["type"].as_str().unwrap())
        .collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("start", "end"));
    assert!(
        kinds.iter().filter(|kind| **kind == "delta").count() >= 5,
        "{kinds:?}"
    );
    assert!(gaps(&events) >= 5, "the chunks came together");
    let text = joined(&events);
    assert!(text.contains("nonce-42"));
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    assert_eq!(events.last().unwrap().1["sha256"], hex::encode(digest));
    lab.finish().await;
}

#[tokio::test]
async fn a_stream_wants_a_user_and_a_message() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let path = "/api/agent/stream";
    let nobody = Ask {
        body: Some(r#"{"message":"x"}"#.into()),
        ..Ask::default()
    };
    assert_eq!(lab.api(Method::POST, path, nobody).await.status, 403);
    assert_eq!(
        lab.post(path, &user, &json!({ "message": "" }))
            .await
            .status,
        422
    );
    let other = json!({ "message": "x", "agent": "gardener" });
    assert_eq!(lab.post(path, &user, &other).await.status, 422);
    lab.finish().await;
}

#[tokio::test]
async fn an_agent_answers_in_one_piece_too() {
    let lab = Lab::start(&[]).await;
    let ask = |body: Value| Ask {
        body: Some(body.to_string()),
        ..Ask::default()
    };
    let path = "/api/agents/execute";
    let asked = json!({ "type": "data", "message": "nonce-7" });
    let answer = lab.api(Method::POST, path, ask(asked)).await;
    assert_eq!(
        (answer.status, &answer.body["status"]),
        (200, &json!("success"))
    );
    assert!(
        answer.body["response"]
            .as_str()
            .unwrap()
            .contains("nonce-7")
    );
    let unknown = json!({ "type": "gardener", "message": "x" });
    assert_eq!(lab.api(Method::POST, path, ask(unknown)).await.status, 422);
    let bad = Ask {
        token: Some("x.y.z"),
        ..ask(json!({ "type": "data", "message": "x" }))
    };
    assert_eq!(lab.api(Method::POST, path, bad).await.status, 401);
    lab.finish().await;
}

#[tokio::test]
async fn a_stream_in_progress_does_not_hold_up_the_stop() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let body = Some(json!({ "message": "x" }).to_string());
    let ask = Ask {
        token: Some(&user.token),
        body,
        ..Ask::default()
    };
    let url = format!("{}/api/agent/stream", lab.running.api_url());
    let mut response = lab.raw(Method::POST, &url, ask).await;
    soon("the first chunk", response.frame())
        .await
        .unwrap()
        .unwrap();
    soon("the stop", lab.running.stop()).await;
}
