//! Configuration and discovery: who sees what, and whose settings are whose.

use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab, User};

async fn admin(lab: &Lab) -> User {
    let key = lab.environment_value("admin_key");
    let body = json!({
        "email": "root@example.org", "password": "a good password", "role": "admin",
        "admin_key": key,
    });
    let answer = lab.auth_post("/auth/register", None, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    User::from(&answer.body)
}

fn sent<'a>(user: &'a User, body: serde_json::Value) -> Ask<'a> {
    Ask {
        token: Some(&user.token),
        body: Some(body.to_string()),
        ..Ask::default()
    }
}

#[tokio::test]
async fn the_configuration_is_for_administrators() {
    let lab = Lab::start(&[]).await;
    let (root, alice) = (admin(&lab).await, lab.user("alice").await);
    assert_eq!(lab.get("/api/config", None).await.status, 403);
    assert_eq!(lab.get("/api/config", Some(&alice)).await.status, 403);
    let change = json!({ "max_agents": 3 });
    let refused = lab
        .api(Method::PUT, "/api/config", sent(&alice, change.clone()))
        .await;
    assert_eq!(refused.status, 403);
    let changed = lab
        .api(Method::PUT, "/api/config", sent(&root, change))
        .await;
    assert_eq!(
        (changed.status, &changed.body["max_agents"]),
        (200, &json!(3))
    );
    let read = lab.get("/api/config", Some(&root)).await;
    assert_eq!(read.body, changed.body);
    let bad = json!({ "default_agent": "nobody" });
    assert_eq!(
        lab.api(Method::PUT, "/api/config", sent(&root, bad))
            .await
            .status,
        422
    );
    lab.finish().await;
}

#[tokio::test]
async fn nobody_becomes_administrator_without_the_key() {
    let lab = Lab::start(&[]).await;
    let body = json!({
        "email": "x@example.org", "password": "a good password", "role": "admin",
        "admin_key": "guess",
    });
    assert_eq!(
        lab.auth_post("/auth/register", None, &body).await.status,
        403
    );
    let body = json!({ "email": "x@example.org", "password": "a good password", "role": "king" });
    assert_eq!(
        lab.auth_post("/auth/register", None, &body).await.status,
        422
    );
    lab.finish().await;
}

#[tokio::test]
async fn settings_are_their_users_own() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let path = "/api/users/settings";
    let patch = |user, body| lab.api(Method::PATCH, path, sent(user, body));
    patch(&alice, json!({ "theme": "dark", "size": 3 })).await;
    let patched = patch(&alice, json!({ "size": null })).await;
    assert_eq!(patched.body["settings"], json!({ "theme": "dark" }));
    assert_eq!(
        lab.get(path, Some(&alice)).await.body["settings"]["theme"],
        "dark"
    );
    assert_eq!(lab.get(path, Some(&bob)).await.body["settings"], json!({}));
    lab.finish().await;
}

#[tokio::test]
async fn servers_are_listed_and_told_one_by_one() {
    let lab = Lab::start(&[]).await;
    let list = lab.get("/api/mcp/servers", None).await.body;
    for server in list["data"].as_array().unwrap() {
        let name = server["name"].as_str().unwrap();
        let one = lab
            .get(&format!("/api/mcp/servers/{name}/status"), None)
            .await;
        assert_eq!(&one.body, server);
    }
    assert_eq!(
        lab.get("/api/mcp/servers/none/status", None).await.status,
        404
    );
    let config = lab.get("/api/mcp/config", None).await.body;
    assert_eq!(config["http"]["url"], lab.running.api_url());
    lab.finish().await;
}
