//! Sessions: begun by a login, ended by a logout, with all their tokens and sockets.

use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab, User, soon, text};
use crate::socket::Socket;

#[tokio::test]
async fn each_login_is_a_session_and_a_refresh_stays_in_it() {
    let lab = Lab::start(&[]).await;
    let first = lab.user("alice").await;
    let second = lab.log_in("alice").await;
    let id =
        async |user: User| text(&lab.get("/api/session", Some(&user)).await.body["session_id"]);
    let own = id(first.clone()).await;
    assert_ne!(own, id(second).await);
    let body = json!({ "refresh_token": first.refresh });
    let refreshed = lab.auth_post("/auth/refresh", None, &body).await;
    assert_eq!(id(User::from(&refreshed.body)).await, own);
    lab.finish().await;
}

#[tokio::test]
async fn a_logout_ends_the_session_with_its_refresh_token_and_its_socket() {
    let lab = Lab::start(&[]).await;
    let first = lab.user("alice").await;
    let second = lab.log_in("alice").await;
    let mut socket = Socket::open(&lab, &first, "n").await;
    lab.auth_post("/auth/logout", Some(&first.token), &json!({}))
        .await;
    let end = soon("the close", socket.try_next()).await.unwrap_err();
    assert!(end.contains("4401"), "{end}");
    let body = json!({ "refresh_token": first.refresh });
    assert_eq!(
        lab.auth_post("/auth/refresh", None, &body).await.status,
        401
    );
    assert_eq!(lab.get("/api/threads", Some(&second)).await.status, 200);
    lab.finish().await;
}

#[tokio::test]
async fn all_sessions_of_a_user_end_at_once() {
    let lab = Lab::start(&[]).await;
    let (first, bob) = (lab.user("alice").await, lab.user("bob").await);
    let second = lab.log_in("alice").await;
    assert_eq!(
        lab.auth_post("/auth/revoke_all", None, &json!({}))
            .await
            .status,
        401
    );
    let all = lab
        .auth_post("/auth/revoke_all", Some(&first.token), &json!({}))
        .await;
    assert_eq!((all.status, &all.body["revoked"]), (200, &json!(2)));
    for user in [&first, &second] {
        assert_eq!(lab.get("/api/threads", Some(user)).await.status, 401);
    }
    assert_eq!(lab.get("/api/threads", Some(&bob)).await.status, 200);
    lab.finish().await;
}

#[tokio::test]
async fn a_socket_ends_with_its_token() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let body = json!({ "lifetime_s": 2 });
    let short = lab.auth_post("/auth/token", Some(&user.token), &body).await;
    let brief = User {
        token: text(&short.body["access_token"]),
        ..user.clone()
    };
    let mut socket = Socket::open(&lab, &brief, "n").await;
    let end = soon("the close", socket.try_next()).await.unwrap_err();
    assert!(end.contains("4401"), "{end}");
    assert_eq!(lab.get("/api/threads", Some(&brief)).await.status, 401);
    assert_eq!(lab.get("/api/threads", Some(&user)).await.status, 200);
    let long = json!({ "lifetime_s": 10_000_000 });
    let refused = lab.auth_post("/auth/token", Some(&user.token), &long).await;
    assert_eq!(refused.status, 422);
    lab.finish().await;
}

#[tokio::test]
async fn a_value_is_kept_until_it_is_replaced() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let path = "/api/session/values/colour";
    assert_eq!(lab.get(path, Some(&user)).await.status, 404);
    for value in [json!("blue"), json!({ "of": [1, 2] })] {
        let ask = Ask {
            token: Some(&user.token),
            body: Some(json!({ "value": value }).to_string()),
            ..Ask::default()
        };
        assert_eq!(lab.api(Method::PUT, path, ask).await.status, 200);
        assert_eq!(lab.get(path, Some(&user)).await.body["value"], value);
    }
    let ask = Ask {
        token: Some(&user.token),
        body: Some("{}".into()),
        ..Ask::default()
    };
    assert_eq!(lab.api(Method::PUT, path, ask).await.status, 422);
    lab.finish().await;
}
