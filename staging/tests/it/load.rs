//! Many clients at once: every request is answered, nothing is lost, nothing blocks.

use futures_util::future::join_all;
use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab, User, send, soon};
use crate::socket::{Socket, numbers};

/// Posts messages on one connection that is kept open.
async fn post_many(lab: &Lab, user: &User, thread: &str, count: usize) {
    let uri: http::Uri = format!("{}/api/messages", lab.running.api_url())
        .parse()
        .unwrap();
    let mut sender = lab.connect(lab.api_authority()).await;
    for i in 0..count {
        let body = Some(json!({ "thread_id": thread, "content": format!("m{i}") }).to_string());
        let ask = Ask {
            token: Some(&user.token),
            body,
            ..Ask::default()
        };
        let response = send(&mut sender, Method::POST, &uri, ask).await;
        assert_eq!(response.status(), 200);
        http_body_util::BodyExt::collect(response.into_body())
            .await
            .unwrap();
        sender.ready().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_many_clients_are_all_stored() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let thread = lab.thread(&user).await;
    let clients = (0..20).map(|_| post_many(&lab, &user, &thread, 25));
    soon("500 posts", join_all(clients)).await;
    let list = lab
        .get(
            &format!("/api/messages?thread_id={thread}&limit=1"),
            Some(&user),
        )
        .await;
    assert_eq!(list.body["total_count"], 500);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_runs_at_once_each_keep_their_order() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let runs = (0..40).map(|_| async {
        let mut socket = Socket::open(&lab, &user, "n").await;
        socket.start_run("a prompt", None).await;
        numbers(&socket.until("agent_completed").await)
    });
    for numbers in soon("40 runs", join_all(runs)).await {
        assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    }
    let receipts = lab.get("/__ref/receipts/n", None).await.body;
    assert_eq!(receipts["websockets"]["opened"], 40);
    lab.finish().await;
}
