//! Health that checks: alive without a database, ready only with one.

use http::Method;
use serde_json::json;

use crate::lab::{Ask, Lab};

#[tokio::test]
async fn ready_means_that_the_database_answers() {
    let lab = Lab::start(&[]).await;
    let ready = lab.get("/health/ready", None).await;
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (200, &json!("ready"))
    );
    assert_eq!(ready.body["checks"]["database"]["ok"], true);
    let switch = "/__ref/outages/database";
    lab.api(Method::PUT, switch, Ask::default()).await;
    assert_eq!(lab.get("/health/live", None).await.status, 200);
    assert_eq!(lab.get("/health", None).await.status, 200);
    assert_eq!(lab.get("/health/ready", None).await.status, 503);
    assert_eq!(
        lab.auth(Method::GET, "/auth/health", Ask::default())
            .await
            .status,
        503
    );
    let body = json!({ "email": "a@example.org", "password": "a good password" });
    assert_eq!(
        lab.auth_post("/auth/register", None, &body).await.status,
        503
    );
    lab.api(Method::DELETE, switch, Ask::default()).await;
    let back = lab.get("/health/ready", None).await;
    assert_eq!(
        (back.status, &back.body["instance"]),
        (200, &ready.body["instance"])
    );
    lab.finish().await;
}
