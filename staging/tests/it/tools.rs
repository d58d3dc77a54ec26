//! Tools: for whom they are, and what they refuse.

use serde_json::json;

use crate::lab::Lab;

#[tokio::test]
async fn tools_are_listed_with_who_may_use_them() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    assert_eq!(lab.get("/api/tools", None).await.status, 403);
    let list = lab.get("/api/tools", Some(&user)).await.body;
    assert_eq!(
        (&list["total_tools"], &list["available_tools"]),
        (&json!(4), &json!(3))
    );
    let closed = json!({ "tool_name": "audit_report", "arguments": { "text": "x" } });
    assert_eq!(
        lab.post("/api/tools/execute", &user, &closed).await.status,
        403
    );
    lab.finish().await;
}

#[tokio::test]
async fn unknown_tools_and_bad_arguments_are_refused() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let status = async |body| lab.post("/api/tools/execute", &user, &body).await.status;
    assert_eq!(
        status(json!({ "tool_name": "none", "arguments": {} })).await,
        404
    );
    assert_eq!(
        status(json!({ "tool_name": "sum", "arguments": { "numbers": "7" } })).await,
        422
    );
    assert_eq!(
        status(json!({ "tool_name": "sum", "arguments": 7 })).await,
        422
    );
    assert_eq!(status(json!({ "arguments": {} })).await, 422);
    lab.finish().await;
}
