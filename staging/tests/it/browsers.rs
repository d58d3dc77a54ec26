//! What browsers are told: origins that may read, cookies out of reach of scripts, the way to TLS.

use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab};
use crate::promises::doors::{cookie, shared};

const OURS: &str = "https://app.reference.test";

#[tokio::test]
async fn only_allowed_origins_are_echoed_and_never_a_star() {
    let lab = Lab::start(&[]).await;
    let (status, asked) = shared(&lab, Method::OPTIONS, OURS).await;
    assert_eq!(
        (status, &asked["access-control-allow-origin"]),
        (204, &OURS.parse().unwrap())
    );
    assert_eq!(asked["access-control-max-age"], "3600");
    let (status, read) = shared(&lab, Method::GET, OURS).await;
    assert_eq!(
        (status, &read["access-control-allow-credentials"]),
        (200, &"true".parse().unwrap())
    );
    assert!(!read.contains_key("access-control-allow-methods"));
    for origin in [
        "https://app.reference.test.evil.example",
        "http://app.reference.test",
        "null",
    ] {
        let (_, other) = shared(&lab, Method::OPTIONS, origin).await;
        assert!(
            !other.contains_key("access-control-allow-origin"),
            "{origin}"
        );
        assert_eq!(other["vary"], "Origin");
    }
    lab.finish().await;
}

#[tokio::test]
async fn a_visit_is_told_by_its_cookie_and_belongs_to_whoever_logged_in_last() {
    let lab = Lab::start(&[]).await;
    let alice = lab.user("alice").await;
    let session = lab.auth(Method::GET, "/auth/session", Ask::default()).await;
    assert_eq!(session.body["authenticated"], false);
    let text = session.headers["set-cookie"].to_str().unwrap();
    for part in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/auth"] {
        assert!(text.split("; ").any(|p| p == part), "{text}");
    }
    let body = json!({ "email": "alice@example.org", "password": "a good password" });
    let login = lab.auth_post("/auth/login", None, &body).await;
    let with = |cookie: String| Ask {
        headers: vec![("cookie", cookie)],
        ..Ask::default()
    };
    let own = lab
        .auth(Method::GET, "/auth/session", with(cookie(&login.headers)))
        .await;
    assert_eq!(
        own.body,
        json!({ "authenticated": true, "user_id": alice.id })
    );
    assert!(
        !own.headers.contains_key("set-cookie"),
        "a visit that goes on keeps its cookie"
    );
    let made_up = format!("visit={}", "0".repeat(32));
    let unknown = lab
        .auth(Method::GET, "/auth/session", with(made_up.clone()))
        .await;
    assert_eq!(unknown.body["authenticated"], false);
    assert_ne!(cookie(&unknown.headers), made_up);
    lab.finish().await;
}

#[tokio::test]
async fn documents_are_read_from_their_folder_only() {
    let lab = Lab::start(&[]).await;
    assert_eq!(
        lab.get("/api/documents/welcome.txt", None).await.status,
        200
    );
    for name in [
        "..%2fjwt.secret",
        "%2e%2e%2fca.pem",
        "none.txt",
        "%2fetc%2fpasswd",
    ] {
        let refused = lab.get(&format!("/api/documents/{name}"), None).await;
        assert_eq!(
            (refused.status, &refused.body["error"]),
            (404, &json!(true)),
            "{name}"
        );
    }
    lab.finish().await;
}
