//! Agents' runs over the socket: five kinds of events, in order, across cuts and restarts.

use std::time::Duration;

use serde_json::{Value, json};
use staging::Config;

use crate::lab::{Lab, User};
use crate::socket::{Socket, kinds, numbers};

#[tokio::test]
async fn a_run_tells_its_five_kinds_of_events_in_order() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    socket.start_run("what of nonce-9", None).await;
    let events = socket.until("agent_completed").await;
    assert_eq!(numbers(&events), (1..=8).collect::<Vec<_>>());
    for name in ["run_id", "thread_id", "user_id"] {
        assert!(
            events.iter().all(|event| event[name] == events[0][name]),
            "{name}"
        );
    }
    assert_eq!(events[0]["user_id"], user.id);
    let end = &events[7]["data"];
    assert!(end["final_response"].as_str().unwrap().contains("nonce-9"));
    let names: Vec<_> = events[3..7]
        .iter()
        .map(|event| event["data"]["tool_name"].clone())
        .collect();
    assert_eq!((&names[0], &names[2]), (&names[1], &names[3]));
    let thread = events[0]["thread_id"].as_str().unwrap();
    let list = lab
        .get(&format!("/api/messages?thread_id={thread}"), Some(&user))
        .await
        .body;
    assert_eq!(list["messages"][0]["content"], end["final_response"]);
    assert!(socket.is_silent_for(Duration::from_millis(200)).await);
    lab.finish().await;
}

/// Starts a run that is cut off at its first tool; what came before the cut.
async fn cut_run(lab: &Lab, user: &User) -> Vec<Value> {
    let mut socket = Socket::open(lab, user, "n").await;
    socket.start_run("a prompt", Some("tool_executing")).await;
    let (events, end) = socket.until_end().await;
    assert!(
        !end.contains("close"),
        "the cut must not be a proper close: {end}"
    );
    assert_eq!(kinds(&events).last(), Some(&"tool_executing"));
    events
}

#[tokio::test]
async fn what_was_missed_in_a_cut_is_replayed_exactly() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let before = cut_run(&lab, &user).await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    socket
        .send(json!({ "type": "resume", "last_seq": 4 }))
        .await;
    let after = socket.until("agent_completed").await;
    assert_eq!(after[0]["type"], "resumed");
    assert_eq!(numbers(&before), [1, 2, 3, 4]);
    assert_eq!(numbers(&after), [5, 6, 7, 8]);
    let receipts = lab.get("/__ref/receipts/n", None).await.body;
    assert_eq!(receipts["websockets"]["opened"], 2);
    assert_eq!(receipts["websockets"]["aborted"], 1);
    lab.finish().await;
}

#[tokio::test]
async fn only_the_owner_can_resume_a_run() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let before = cut_run(&lab, &alice).await;
    let mut socket = Socket::open(&lab, &bob, "n").await;
    socket
        .send(json!({ "type": "resume", "run_id": before[0]["run_id"], "last_seq": 0 }))
        .await;
    assert_eq!(socket.next().await["error_code"], "FORBIDDEN");
    socket
        .send(json!({ "type": "resume", "last_seq": 0 }))
        .await;
    assert_eq!(socket.next().await["error_code"], "NOT_FOUND");
    lab.finish().await;
}

#[tokio::test]
async fn a_finished_run_is_replayed_by_a_platform_that_was_restarted() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    socket.start_run("a prompt", None).await;
    let events = socket.until("agent_completed").await;
    let Lab { running, dir, .. } = lab;
    running.stop().await;
    let config = Config::new(dir.path().join("data"));
    let lab = Lab::with(config, dir).await;
    let mut socket = Socket::open(&lab, &user, "n").await;
    let resume = json!({ "type": "resume", "run_id": events[0]["run_id"], "last_seq": 6 });
    socket.send(resume).await;
    let replayed = socket.until("agent_completed").await;
    assert_eq!(replayed[1..], events[6..]);
    lab.finish().await;
}

#[tokio::test]
async fn parallel_runs_stay_apart() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let run = |user: User| {
        let lab = &lab;
        async move {
            let mut socket = Socket::open(lab, &user, "n").await;
            socket.start_run(&user.id, None).await;
            let events = socket.until("agent_completed").await;
            assert!(events.iter().all(|event| event["user_id"] == user.id));
            assert_eq!(numbers(&events), (1..=8).collect::<Vec<_>>());
        }
    };
    tokio::join!(run(alice), run(bob));
    lab.finish().await;
}

#[tokio::test]
async fn an_unknown_agent_and_a_foreign_thread_are_refused() {
    let lab = Lab::start(&[]).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let thread = lab.thread(&alice).await;
    let mut socket = Socket::open(&lab, &bob, "n").await;
    socket
        .send(json!({ "type": "start_agent", "agent": "gardener", "prompt": "x" }))
        .await;
    assert_eq!(socket.next().await["error_code"], "AGENT_ERROR");
    socket
        .send(json!({ "type": "start_agent", "prompt": "x", "thread_id": thread }))
        .await;
    assert_eq!(socket.next().await["error_code"], "FORBIDDEN");
    lab.finish().await;
}
