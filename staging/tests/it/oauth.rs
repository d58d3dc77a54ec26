//! Logging in at the identity provider: a code and a state, each good once.

use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab, User};
use crate::promises::doors::{code, state};

#[tokio::test]
async fn a_login_at_the_provider_ends_in_an_account() {
    let lab = Lab::start(&[]).await;
    let state = state(&lab).await;
    let code = code(&lab, &state, "new@example.org").await;
    let path = format!("/auth/callback?code={code}&state={state}");
    let answer = lab.auth(Method::GET, &path, Ask::default()).await;
    assert_eq!(
        (answer.status, &answer.body["user"]["email"]),
        (200, &json!("new@example.org"))
    );
    let user = User::from(&answer.body);
    assert_eq!(lab.get("/api/threads", Some(&user)).await.status, 200);
    let again = lab.auth(Method::GET, &path, Ask::default()).await;
    assert_eq!(again.status, 400, "a state is good once");
    lab.finish().await;
}

#[tokio::test]
async fn the_same_address_is_the_same_account() {
    let lab = Lab::start(&[]).await;
    let alice = lab.user("alice").await;
    let state = state(&lab).await;
    let code = code(&lab, &state, "alice@example.org").await;
    let path = format!("/auth/callback?code={code}&state={state}");
    let answer = lab.auth(Method::GET, &path, Ask::default()).await;
    assert_eq!(answer.body["user"]["id"], alice.id);
    lab.finish().await;
}

#[tokio::test]
async fn states_are_fresh_and_strangers_get_no_code() {
    let lab = Lab::start(&[]).await;
    assert_ne!(state(&lab).await, state(&lab).await);
    let none = lab.auth(Method::GET, "/auth/login", Ask::default()).await;
    assert_eq!(none.status, 400);
    let lost = lab
        .auth(Method::GET, "/auth/callback?code=x", Ask::default())
        .await;
    assert_eq!(lost.status, 400);
    let own = state(&lab).await;
    let path = format!("/auth/callback?code=made-up&state={own}");
    assert_eq!(
        lab.auth(Method::GET, &path, Ask::default()).await.status,
        400
    );
    let provider = lab.environment_value("provider");
    for query in [
        "client_id=other&response_type=code",
        "client_id=reference-platform-web&response_type=code&redirect_uri=https://evil.example/",
    ] {
        let url = format!("{provider}/authorize?{query}&login_hint=a@b.c");
        let (status, headers) = lab.headers(Method::GET, &url, Ask::default()).await;
        assert_eq!(status, 400, "{query}");
        assert!(!headers.contains_key("location"));
    }
    lab.finish().await;
}
