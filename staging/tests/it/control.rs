//! Runs over HTTP: their states, starting, cancelling, and whose they are.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::{Lab, User, soon, text};
use crate::promises::work::paused;

async fn states(lab: &Lab, user: &User, run: &str) -> Vec<String> {
    let read = lab
        .get(&format!("/api/agent/{run}/status"), Some(user))
        .await;
    assert_eq!(read.status, 200);
    let history = read.body["history"].as_array().unwrap();
    history.iter().map(|state| text(&state["status"])).collect()
}

async fn told(lab: &Lab, user: &User, what: &str, run: &str) -> (u16, Value) {
    let body = json!({ "run_id": run });
    let answer = lab.post(&format!("/api/agents/{what}"), user, &body).await;
    (answer.status, answer.body["status"].clone())
}

#[tokio::test]
async fn a_run_goes_through_its_states_once() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let run = paused(&lab, &user).await;
    assert_eq!(states(&lab, &user, &run).await, ["pending"]);
    assert_eq!(
        told(&lab, &user, "start", &run).await,
        (200, json!("running"))
    );
    assert_eq!(told(&lab, &user, "start", &run).await.0, 409);
    let over = async {
        while states(&lab, &user, &run).await.len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon("the end", over).await;
    assert_eq!(
        states(&lab, &user, &run).await,
        ["pending", "running", "completed"]
    );
    assert_eq!(told(&lab, &user, "cancel", &run).await.0, 409);
    lab.finish().await;
}

#[tokio::test]
async fn a_run_that_waits_can_be_cancelled_and_never_starts() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let run = paused(&lab, &user).await;
    assert_eq!(
        told(&lab, &user, "cancel", &run).await,
        (200, json!("cancelled"))
    );
    assert_eq!(told(&lab, &user, "cancel", &run).await.0, 409);
    assert_eq!(told(&lab, &user, "start", &run).await.0, 409);
    assert_eq!(states(&lab, &user, &run).await, ["pending", "cancelled"]);
    lab.finish().await;
}

#[tokio::test]
async fn a_run_is_its_owners() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let run = paused(&lab, &alice).await;
    assert_eq!(
        lab.get(&format!("/api/agent/{run}/status"), Some(&bob))
            .await
            .status,
        403
    );
    assert_eq!(told(&lab, &bob, "start", &run).await.0, 403);
    assert_eq!(told(&lab, &bob, "cancel", &run).await.0, 403);
    assert_eq!(told(&lab, &alice, "cancel", "run_of_nobody").await.0, 404);
    let bad = json!({ "message": "x", "step_ms": 0, "paused": "yes" });
    assert_eq!(
        lab.post("/api/agent/run_agent", &alice, &bad).await.status,
        422
    );
    lab.finish().await;
}
