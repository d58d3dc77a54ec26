//! Probes of what agents, tools and servers do.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::lab::{Lab, User, text};
use crate::socket::{Socket, kinds};

pub(super) async fn all_servers_are_listed(lab: &Lab) -> bool {
    let servers = lab.get("/api/mcp/servers", None).await.body;
    let listed: Vec<_> = servers["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| text(&server["name"]))
        .collect();
    lab.environment_value("servers") == format!("[{}]", listed.join(", "))
}

async fn executed(lab: &Lab, user: &User, message: &str, delay_ms: u64) -> String {
    let body = json!({ "type": "triage", "message": message, "simulate_delay_ms": delay_ms });
    let answer = lab.post("/api/agents/execute", user, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    text(&answer.body["response"])
}

pub(super) async fn answer_fits(lab: &Lab) -> bool {
    let user = lab.user("asking").await;
    executed(lab, &user, "about nonce-7", 0)
        .await
        .contains("about nonce-7")
}

pub(super) async fn answers_stay_apart(lab: &Lab) -> bool {
    let user = lab.user("many").await;
    let asked = (0..5).map(|i| {
        let user = user.clone();
        async move {
            let question = format!("question {i}.");
            executed(lab, &user, &question, 500)
                .await
                .contains(&question)
        }
    });
    join_all(asked).await.into_iter().all(|fits| fits)
}

/// A run that is paused, and what it says of itself.
pub(crate) async fn paused(lab: &Lab, user: &User) -> String {
    let body = json!({ "message": "wait", "step_ms": 20, "paused": true });
    let begun = lab.post("/api/agent/run_agent", user, &body).await;
    assert_eq!(
        (begun.status, &begun.body["status"]),
        (202, &json!("pending"))
    );
    text(&begun.body["run_id"])
}

pub(super) async fn states_are_gone_through(lab: &Lab) -> bool {
    let user = lab.user("watching").await;
    let run = paused(lab, &user).await;
    let body = json!({ "run_id": run });
    let started = lab.post("/api/agents/start", &user, &body).await;
    assert_eq!(started.status, 200);
    started.body["status"] == "running"
}

pub(super) async fn tools_compute(lab: &Lab) -> bool {
    let user = lab.user("adding").await;
    let body = json!({ "tool_name": "sum", "arguments": { "numbers": [40, 2] } });
    let answer = lab.post("/api/tools/execute", &user, &body).await;
    assert_eq!(answer.status, 200);
    answer.body["result"]["sum"] == 42
}

pub(super) async fn health_is_fresh(lab: &Lab) -> bool {
    let answers = async || lab.get("/health", None).await.body["answers"].clone();
    answers().await.as_u64() < answers().await.as_u64()
}

pub(super) async fn cancelled_is_silent(lab: &Lab) -> bool {
    let user = lab.user("stopping").await;
    let mut socket = Socket::open(lab, &user, "n").await;
    let payload = json!({ "prompt": "long", "step_ms": 300 });
    socket
        .send(json!({ "type": "start_agent", "payload": payload }))
        .await;
    let run = socket.next().await["run_id"].clone();
    let body = json!({ "run_id": run });
    let cancelled = lab.post("/api/agents/cancel", &user, &body).await;
    assert_eq!(
        (cancelled.status, &cancelled.body["status"]),
        (200, &json!("cancelled"))
    );
    let told = socket.until("agent_cancelled").await;
    assert_eq!(told.last().unwrap()["run_id"], run);
    socket.is_silent_for(Duration::from_millis(700)).await
}

pub(super) async fn partials_are_the_answer(lab: &Lab) -> bool {
    let user = lab.user("impatient").await;
    let mut socket = Socket::open(lab, &user, "n").await;
    let payload = json!({ "prompt": "in parts", "partials": true });
    socket
        .send(json!({ "type": "start_agent", "payload": payload }))
        .await;
    let events = socket.until("agent_completed").await;
    assert!(
        kinds(&events)
            .iter()
            .filter(|kind| **kind == "partial_result")
            .count()
            >= 3
    );
    let parts = events
        .iter()
        .filter(|event| event["type"] == "partial_result");
    let joined: String = parts.map(|part| text(&part["data"]["content"])).collect();
    events.last().unwrap()["data"]["final_response"] == Value::String(joined)
}
