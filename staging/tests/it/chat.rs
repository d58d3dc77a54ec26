//! The socket: who gets in, what is replied, and what ends it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::lab::{Ask, Lab, soon};
use crate::socket::Socket;

#[tokio::test]
async fn only_a_good_token_opens_a_socket() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
    let refused = |headers: Vec<(&'static str, String)>| {
        let lab = &lab;
        async move { Socket::try_open(lab, &headers).await.err() }
    };
    assert_eq!(refused(vec![]).await, Some(403));
    assert_eq!(
        refused(bearer(&format!("{}x", user.token))).await,
        Some(401)
    );
    assert_eq!(refused(bearer(&user.refresh)).await, Some(401));
    assert_eq!(
        refused(bearer(&lab.environment_value("expired"))).await,
        Some(401)
    );
    assert_eq!(
        refused(bearer(&lab.environment_value("foreign_audience"))).await,
        Some(401)
    );
    for token in [user.token.clone(), URL_SAFE_NO_PAD.encode(&user.token)] {
        let headers = [("sec-websocket-protocol", format!("jwt-auth, jwt.{token}"))];
        let mut socket = Socket::try_open(&lab, &headers).await.ok().unwrap();
        assert_eq!(socket.subprotocol.as_deref(), Some("jwt-auth"));
        assert_eq!(socket.next().await["data"]["user_id"], user.id);
    }
    lab.finish().await;
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let lab = Lab::start(&[]).await;
    assert_eq!(lab.get("/ws", None).await.status, 426);
    let headers = vec![
        ("upgrade", "websocket".to_owned()),
        ("connection", "upgrade".to_owned()),
    ];
    let ask = Ask {
        headers,
        ..Ask::default()
    };
    assert_eq!(lab.api(http::Method::GET, "/ws", ask).await.status, 400);
    lab.finish().await;
}

#[tokio::test]
async fn a_ping_is_echoed_with_the_user() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    socket
        .send(json!({ "type": "ping", "data": { "nonce": "n-1" } }))
        .await;
    let pong = socket.next().await;
    assert_eq!(
        (&pong["type"], &pong["data"]["nonce"]),
        (&json!("pong"), &json!("n-1"))
    );
    assert_eq!(pong["data"]["user_id"], user.id);
    socket.send(json!({ "type": "wave" })).await;
    let ack = socket.next().await;
    assert_eq!(
        (&ack["type"], &ack["received_type"]),
        (&json!("ack"), &json!("wave"))
    );
    lab.finish().await;
}

#[tokio::test]
async fn a_chat_message_is_stored_once_under_the_clients_id() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let thread = lab.thread(&user).await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    let chat = json!({
        "type": "user_message", "message_id": "m-1",
        "payload": { "thread_id": thread, "content": "hello" },
    });
    for status in ["stored", "stored_before"] {
        socket.send(chat.clone()).await;
        let ack = socket.next().await;
        assert_eq!(
            (&ack["message_id"], &ack["status"]),
            (&json!("m-1"), &json!(status))
        );
    }
    let list = lab
        .get(&format!("/api/messages?thread_id={thread}"), Some(&user))
        .await
        .body;
    assert_eq!(
        (&list["total_count"], &list["messages"][0]["id"]),
        (&json!(1), &json!("m-1"))
    );
    assert_eq!(list["messages"][0]["content"], "hello");
    lab.finish().await;
}

#[tokio::test]
async fn a_message_for_anothers_thread_is_refused_on_the_socket_too() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let thread = lab.thread(&alice).await;
    let mut socket = Socket::open(&lab, &bob, "n").await;
    socket
        .send(json!({ "type": "chat", "thread_id": thread, "content": "hello" }))
        .await;
    assert_eq!(socket.next().await["error_code"], "FORBIDDEN");
    lab.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_ends_the_socket_in_the_end() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    socket.send_text("{").await;
    assert_eq!(socket.next().await["error_code"], "FORMAT_ERROR");
    socket.send_text(&"x".repeat(8193)).await;
    assert_eq!(socket.next().await["error_code"], "FRAME_TOO_LARGE");
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await["type"], "pong");
    for _ in 0..5 {
        socket.send_text("{").await;
    }
    let (errors, end) = socket.until_end().await;
    assert_eq!(errors.len(), 5);
    assert!(end.contains("Policy"), "{end}");
    lab.finish().await;
}

#[tokio::test]
async fn the_stop_of_the_platform_closes_sockets_properly() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    let (_, (_, end)) = tokio::join!(soon("the stop", lab.running.stop()), socket.until_end());
    assert!(end.contains("Away"), "{end}");
}
