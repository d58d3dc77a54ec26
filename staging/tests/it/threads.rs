//! Threads: kept, listed, changed and archived by their owner only.

use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab};

#[tokio::test]
async fn a_thread_is_kept_listed_changed_and_archived() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let body = json!({ "title": "plans", "metadata": { "colour": "red" } });
    let made = lab.post("/api/threads", &user, &body).await;
    assert_eq!(made.status, 201);
    let path = format!("/api/threads/{}", made.body["id"].as_str().unwrap());
    assert_eq!(lab.get(&path, Some(&user)).await.body, made.body);
    let change = Ask {
        token: Some(&user.token),
        body: Some(json!({ "title": "better plans" }).to_string()),
        ..Ask::default()
    };
    let changed = lab.api(Method::PUT, &path, change).await.body;
    assert_eq!(
        (&changed["title"], &changed["metadata"]["colour"]),
        (&json!("better plans"), &json!("red"))
    );
    let listed = lab.get("/api/threads", Some(&user)).await.body;
    assert_eq!(
        (&listed["total"], &listed["threads"][0]["title"]),
        (&json!(1), &changed["title"])
    );
    let ask = Ask {
        token: Some(&user.token),
        ..Ask::default()
    };
    assert_eq!(
        lab.api(Method::DELETE, &path, ask.clone()).await.status,
        200
    );
    assert_eq!(lab.get(&path, Some(&user)).await.status, 404);
    assert_eq!(lab.api(Method::DELETE, &path, ask).await.status, 404);
    lab.finish().await;
}

#[tokio::test]
async fn another_user_can_do_nothing_with_it() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let thread = lab.thread(&alice).await;
    let path = format!("/api/threads/{thread}");
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PUT, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::GET, format!("{path}/messages")),
        (Method::GET, format!("/api/messages?thread_id={thread}")),
    ] {
        let ask = Ask {
            token: Some(&bob.token),
            body: Some("{}".into()),
            headers: Vec::new(),
        };
        let answer = lab.api(method.clone(), &path, ask).await;
        assert_eq!(answer.status, 403, "{method} {path}");
    }
    let listed = lab.get("/api/threads", Some(&bob)).await.body;
    assert_eq!(listed["total"], 0);
    lab.finish().await;
}

#[tokio::test]
async fn credentials_are_needed_and_must_be_good() {
    let lab = Lab::start(&[]).await;
    assert_eq!(lab.get("/api/threads", None).await.status, 403);
    let bad = Ask {
        token: Some("nonsense"),
        ..Ask::default()
    };
    let refused = lab.api(Method::GET, "/api/threads", bad).await;
    assert_eq!(
        (refused.status, &refused.body["error_code"]),
        (401, &json!("AUTHENTICATION_FAILED"))
    );
    lab.finish().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_with_the_usual_headers() {
    let lab = Lab::start(&[]).await;
    let unknown = lab.get("/api/nothing", None).await;
    assert_eq!(
        (unknown.status, &unknown.body["error_code"]),
        (404, &json!("NOT_FOUND"))
    );
    assert_eq!(
        lab.api(Method::PATCH, "/api/threads", Ask::default())
            .await
            .status,
        405
    );
    for (name, value) in [("x-frame-options", "DENY"), ("x-api-version", "1.0")] {
        assert_eq!(unknown.headers[name], value);
    }
    assert_eq!(
        unknown.headers["x-trace-id"],
        unknown.body["trace_id"].as_str().unwrap()
    );
    lab.finish().await;
}
