//! Accounts and tokens: registering, logging in, refreshing once, logging out.

use std::time::Duration;

use http::Method;
use serde_json::json;
use staging::Config;

use crate::lab::{Ask, Lab, User};

#[tokio::test]
async fn an_account_logs_in_with_its_password_only() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let good = json!({ "email": "Alice@example.org", "password": "a good password" });
    let answer = lab.auth_post("/auth/login", None, &good).await;
    assert_eq!(
        (answer.status, &answer.body["user"]["id"]),
        (200, &json!(user.id))
    );
    let bad = json!({ "email": "alice@example.org", "password": "a bad password" });
    let refused = lab.auth_post("/auth/login", None, &bad).await;
    assert_eq!(
        (refused.status, &refused.headers["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
    let unknown = json!({ "email": "bob@example.org", "password": "a good password" });
    assert_eq!(
        lab.auth_post("/auth/login", None, &unknown).await.status,
        401
    );
    assert_eq!(
        lab.auth_post("/auth/register", None, &good).await.status,
        409
    );
    lab.finish().await;
}

#[tokio::test]
async fn every_problem_of_a_registration_is_listed() {
    let lab = Lab::start(&[]).await;
    let body = json!({ "email": "nobody", "password": "short" });
    let refused = lab.auth_post("/auth/register", None, &body).await;
    assert_eq!(refused.status, 422);
    let problems = &refused.body["details"]["validation_errors"];
    let fields: Vec<_> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["field"].clone())
        .collect();
    assert_eq!(fields, ["email", "password"]);
    let ask = Ask {
        body: Some("{".into()),
        ..Ask::default()
    };
    assert_eq!(
        lab.auth(Method::POST, "/auth/register", ask).await.status,
        422
    );
    let huge = Ask {
        body: Some("x".repeat(1024 * 1024 + 1)),
        ..Ask::default()
    };
    assert_eq!(
        lab.auth(Method::POST, "/auth/register", huge).await.status,
        413
    );
    lab.finish().await;
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_refresh() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let body = json!({ "refresh_token": user.refresh });
    let first = lab.auth_post("/auth/refresh", None, &body).await;
    assert_eq!(first.status, 200);
    assert_eq!(
        lab.auth_post("/auth/refresh", None, &body).await.status,
        401
    );
    let next = User::from(&first.body);
    assert_ne!((&next.token, &next.refresh), (&user.token, &user.refresh));
    assert_eq!(lab.get("/api/threads", Some(&next)).await.status, 200);
    let access = json!({ "refreshToken": next.token });
    assert_eq!(
        lab.auth_post("/auth/refresh", None, &access).await.status,
        401
    );
    assert_eq!(
        lab.auth_post("/auth/refresh", None, &json!({}))
            .await
            .status,
        422
    );
    lab.finish().await;
}

#[tokio::test]
async fn a_token_that_was_logged_out_is_dead_and_stays_dead() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    assert_eq!(lab.get("/api/threads", Some(&user)).await.status, 200);
    let gone = lab
        .auth_post("/auth/logout", Some(&user.token), &json!({}))
        .await;
    assert_eq!(
        (gone.status, &gone.body["status"]),
        (200, &json!("success"))
    );
    assert_eq!(lab.get("/api/threads", Some(&user)).await.status, 401);
    let Lab { running, dir, .. } = lab;
    running.stop().await;
    let config = Config::new(dir.path().join("data"));
    let lab = Lab::with(config, dir).await;
    assert_eq!(lab.get("/api/threads", Some(&user)).await.status, 401);
    lab.finish().await;
}

#[tokio::test]
async fn a_token_lives_as_long_as_was_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path().join("data"));
    config.access_lifetime = Duration::from_secs(2);
    let lab = Lab::with(config, dir).await;
    let body = json!({ "email": "a@example.org", "password": "a good password" });
    let answer = lab.auth_post("/auth/register", None, &body).await;
    assert_eq!(answer.body["expires_in"], 2);
    let user = User::from(&answer.body);
    assert_eq!(verified(&lab, &user).await, json!(true));
    let expired = async {
        while verified(&lab, &user).await == json!(true) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    crate::lab::soon("the expiry", expired).await;
    assert_eq!(lab.get("/api/threads", Some(&user)).await.status, 401);
    lab.finish().await;
}

async fn verified(lab: &Lab, user: &User) -> serde_json::Value {
    let answer = lab
        .auth_post("/auth/verify", None, &json!({ "token": user.token }))
        .await;
    answer.body["valid"].clone()
}

#[tokio::test]
async fn who_is_asking_is_told() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let ask = |token| Ask {
        token,
        ..Ask::default()
    };
    let me = lab
        .auth(Method::GET, "/auth/me", ask(Some(&user.token)))
        .await;
    assert_eq!((me.status, &me.body["user_id"]), (200, &json!(user.id)));
    assert_eq!(
        lab.auth(Method::GET, "/auth/me", ask(None)).await.status,
        401
    );
    let verify = lab
        .auth(Method::GET, "/auth/verify", ask(Some("a.b.c")))
        .await;
    assert_eq!((verify.status, &verify.body["valid"]), (200, &json!(false)));
    lab.finish().await;
}
