//! Starting and stopping: the environment file, bad choices, and data that outlives a restart.

use std::net::TcpListener;

use serde_json::json;
use staging::{Config, Error, Platform};

use crate::lab::{Lab, text};

#[tokio::test]
async fn the_environment_file_names_this_platform() {
    let lab = Lab::start(&[]).await;
    let file = std::fs::read_to_string(lab.running.environment_file()).unwrap();
    assert!(file.contains(&format!("api: \"{}\"", lab.running.api_url())));
    assert!(file.contains(&format!("- \"{}\"", lab.api_authority())));
    assert_eq!(
        lab.environment_value("authorization"),
        "Bearer ${user.token}"
    );
    assert_eq!(lab.environment_value("ca"), "ca.pem");
    assert_eq!(
        std::fs::read_to_string(lab.running.ca_file()).unwrap(),
        lab.running.ca_pem()
    );
    lab.finish().await;
}

#[tokio::test]
async fn an_address_in_use_and_a_bad_directory_are_told_plainly() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config::new(dir.path().join("data"));
    config.api_listen = taken.local_addr().unwrap();
    let error = Platform::start(config).await.unwrap_err();
    assert!(matches!(error, Error::Listen { .. }), "{error}");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Platform::start(Config::new(&file)).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

#[tokio::test]
async fn what_was_stored_outlives_a_restart() {
    let lab = Lab::start(&[]).await;
    let user = lab.user("alice").await;
    let thread = lab.thread(&user).await;
    let body = json!({ "thread_id": thread, "content": "kept" });
    let id = text(&lab.post("/api/messages", &user, &body).await.body["message"]["id"]);
    let Lab { running, dir, .. } = lab;
    running.stop().await;
    let config = Config::new(dir.path().join("data"));
    let lab = Lab::with(config, dir).await;
    let read = lab.get(&format!("/api/messages/{id}"), Some(&user)).await;
    assert_eq!((read.status, &read.body["content"]), (200, &json!("kept")));
    lab.finish().await;
}
