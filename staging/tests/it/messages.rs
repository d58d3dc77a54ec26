//! Messages: read back as posted, in order, page by page.

use serde_json::{Value, json};

use crate::lab::{Lab, text};

#[tokio::test]
async fn a_message_is_read_back_as_posted() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let thread = lab.thread(&user).await;
    let body =
        json!({ "thread_id": thread, "content": "häßliche \"Zeichen\"\n", "metadata": { "a": 1 } });
    let posted = lab.post("/api/messages", &user, &body).await;
    assert_eq!(
        (posted.status, &posted.body["status"]),
        (200, &json!("created"))
    );
    let message = &posted.body["message"];
    let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
    let read = lab.get(&path, Some(&user)).await.body;
    assert_eq!(&read, message);
    assert_eq!(
        (&read["content"], &read["metadata"]),
        (&body["content"], &body["metadata"])
    );
    let bob = lab.user("bob").await;
    assert_eq!(lab.get(&path, Some(&bob)).await.status, 403);
    lab.finish().await;
}

#[tokio::test]
async fn twenty_five_messages_are_three_pages() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let thread = lab.thread(&user).await;
    for i in 0..25 {
        let body = json!({ "thread_id": thread, "content": format!("m{i}") });
        assert_eq!(lab.post("/api/messages", &user, &body).await.status, 200);
    }
    let mut contents: Vec<String> = Vec::new();
    for (page, (size, more)) in [(10, true), (10, true), (5, false)].into_iter().enumerate() {
        let path = format!(
            "/api/messages?thread_id={thread}&limit=10&offset={}",
            page * 10
        );
        let body = lab.get(&path, Some(&user)).await.body;
        let found = body["messages"].as_array().unwrap();
        assert_eq!((found.len(), &body["has_more"]), (size, &json!(more)));
        assert_eq!(
            (&body["total_count"], &body["page"]),
            (&json!(25), &json!(page + 1))
        );
        contents.extend(found.iter().map(|message| text(&message["content"])));
    }
    let expected: Vec<_> = (0..25).map(|i| format!("m{i}")).collect();
    assert_eq!(contents, expected);
    let own = lab.get("/api/messages?limit=1", Some(&user)).await.body;
    assert_eq!(own["messages"][0]["content"], "m24", "newest first");
    let path = format!("/api/threads/{thread}/messages?limit=2&offset=1");
    let lines = lab.get(&path, Some(&user)).await.body;
    assert_eq!(
        (&lines["total"], &lines["messages"][0]["content"]),
        (&json!(25), &json!("m1"))
    );
    lab.finish().await;
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let thread = lab.thread(&alice).await;
    let content = |content: String| json!({ "thread_id": thread, "content": content });
    for body in [
        content(String::new()),
        content("x".repeat(8001)),
        json!([]),
        Value::Null,
    ] {
        assert_eq!(
            lab.post("/api/messages", &alice, &body).await.status,
            422,
            "{body}"
        );
    }
    assert_eq!(
        lab.post("/api/messages", &alice, &content("x".repeat(8000)))
            .await
            .status,
        200
    );
    assert_eq!(
        lab.post("/api/messages", &bob, &content("x".into()))
            .await
            .status,
        403
    );
    let nowhere = json!({ "thread_id": "thread_0", "content": "x" });
    assert_eq!(
        lab.post("/api/messages", &alice, &nowhere).await.status,
        404
    );
    for query in ["limit=0", "limit=101", "limit=x", "offset=-1"] {
        let path = format!("/api/messages?{query}");
        assert_eq!(lab.get(&path, Some(&alice)).await.status, 422, "{query}");
    }
    lab.finish().await;
}
