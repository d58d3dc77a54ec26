//! Probes of what is stored and told: messages, threads, sessions, sockets, refusals.

use http::Method;
use serde_json::{Value, json};

use crate::lab::{Ask, Lab, text};
use crate::socket::Socket;

pub(super) async fn pong_names_its_ping(lab: &Lab) -> bool {
    let user = lab.user("pinging").await;
    let mut socket = Socket::open(lab, &user, "n").await;
    socket
        .send(json!({ "type": "ping", "data": { "id": "p-1" } }))
        .await;
    socket.next().await["data"]["id"] == "p-1"
}

pub(super) async fn pong_names_its_user(lab: &Lab) -> bool {
    let (alice, bob) = (lab.user("first").await, lab.user("second").await);
    let mut socket = Socket::open(lab, &alice, "n").await;
    let _other = Socket::open(lab, &bob, "n").await;
    socket.send(json!({ "type": "ping" })).await;
    socket.next().await["data"]["user_id"] == alice.id
}

pub(super) async fn message_keeps_metadata(lab: &Lab) -> bool {
    let user = lab.user("annotating").await;
    let thread = lab.thread(&user).await;
    let metadata = json!({ "source": "here" });
    let body = json!({ "thread_id": thread, "content": "x", "metadata": metadata });
    let id = text(&lab.post("/api/messages", &user, &body).await.body["message"]["id"]);
    let read = lab.get(&format!("/api/messages/{id}"), Some(&user)).await;
    read.body["metadata"] == metadata
}

pub(super) async fn thread_keeps_metadata(lab: &Lab) -> bool {
    let user = lab.user("filing").await;
    let body = json!({ "title": "t", "metadata": { "topic": "costs" } });
    let id = text(&lab.post("/api/threads", &user, &body).await.body["id"]);
    let read = lab.get(&format!("/api/threads/{id}"), Some(&user)).await;
    read.body["metadata"]["topic"] == "costs"
}

pub(super) async fn messages_stay_in_their_thread(lab: &Lab) -> bool {
    let user = lab.user("switching").await;
    let (one, _two) = (lab.thread(&user).await, lab.thread(&user).await);
    let body = json!({ "thread_id": one, "content": "in one" });
    assert_eq!(lab.post("/api/messages", &user, &body).await.status, 200);
    let list = lab
        .get(&format!("/api/messages?thread_id={one}"), Some(&user))
        .await;
    list.body["total_count"] == 1
}

pub(super) async fn refusals_are_discreet(lab: &Lab) -> bool {
    let refused = lab.get("/api/nothing", None).await;
    assert_eq!(refused.status, 404);
    let message = text(&refused.body["message"]);
    !message.contains("src/") && !message.contains("SELECT")
}

pub(super) async fn sessions_stay_apart(lab: &Lab) -> bool {
    let first = lab.user("twice").await;
    let second = lab.log_in("twice").await;
    let path = "/api/session/values/colour";
    let ask = Ask {
        token: Some(&first.token),
        body: Some(json!({ "value": "blue" }).to_string()),
        ..Ask::default()
    };
    assert_eq!(lab.api(Method::PUT, path, ask).await.status, 200);
    let own = lab.get(path, Some(&first)).await;
    assert_eq!(own.body["value"], "blue");
    lab.get(path, Some(&second)).await.status == 404
}

pub(super) async fn long_threads_keep_their_order(lab: &Lab) -> bool {
    let user = lab.user("writing").await;
    let thread = lab.thread(&user).await;
    for i in 0..31 {
        let body = json!({ "thread_id": thread, "content": format!("m{i}") });
        assert_eq!(lab.post("/api/messages", &user, &body).await.status, 200);
    }
    let list = lab
        .get(
            &format!("/api/messages?thread_id={thread}&limit=100"),
            Some(&user),
        )
        .await;
    let numbers: Vec<Value> = list.body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["seq"].clone())
        .collect();
    numbers == (1..=31).map(|n| json!(n)).collect::<Vec<_>>()
}
