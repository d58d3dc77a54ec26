//! Names that lead somewhere else: at another time, in a list, in another spelling.
//!
//! The resolver is the only thing that is not real; every connection is.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::Outcome;
use engine::dialer::resolve::Resolve;
use engine::{Engine, OpenGate};
use tokio_util::sync::CancellationToken;

use crate::harness::{Hostile, assert_ended, config, environment, job};

/// Answers in turn, each answer for one question; the last one again and again.
#[derive(Debug)]
struct Flipping(Mutex<VecDeque<Vec<IpAddr>>>);

#[async_trait]
impl Resolve for Flipping {
    async fn resolve(&self, _name: &str, _port: u16) -> Result<Vec<IpAddr>, String> {
        let mut answers = self.0.lock().unwrap();
        let next = answers.pop_front().ok_or("no answer")?;
        if answers.is_empty() {
            answers.push_back(next.clone());
        }
        Ok(next)
    }
}

async fn honest() -> Hostile {
    Hostile::start(|mut peer| async move {
        peer.request().await?;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            .await
    })
    .await
}

/// Two requests to `rebind.test`, whose allowed addresses are those of `allow`.
async fn run(server: &Hostile, allow: &str, answers: &[&[&str]]) -> engine::Ended {
    let port = server.address.port();
    let environment = environment(server)
        .replace("http://127.0.0.1", "http://rebind.test")
        .replace(&format!("  - \"127.0.0.1:{port}\"\n"), allow);
    let step = "  - http: GET /a\n    as: nobody\n    status: 200\n";
    let mut config = config(&environment, &format!("steps:\n{step}{step}"));
    let parsed = |one: &&[&str]| one.iter().map(|text| text.parse().unwrap()).collect();
    config.resolver = Arc::new(Flipping(Mutex::new(answers.iter().map(parsed).collect())));
    let engine = Engine::new(config).unwrap();
    engine
        .run_case(job(), Arc::new(OpenGate), CancellationToken::new())
        .await
}

#[tokio::test]
async fn a_name_that_is_bound_anew_is_checked_anew_for_each_connection() {
    let _alone = crate::harness::alone().await;
    let server = honest().await;
    // The first connection is made to the address that was checked; the second answer leads to
    // where another server of this machine listens, which the list does not name.
    let ended = run(
        &server,
        "  - { cidr: 127.0.0.1/32 }\n",
        &[&["127.0.0.1"], &["127.0.0.2"]],
    )
    .await;
    assert_ended(&ended, Outcome::Errored, "allow_list: ", "127.0.0.2");
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    assert_eq!(
        ended.record.tries[0].exchanges[0].peer,
        server.address.to_string()
    );
}

#[tokio::test]
async fn one_resolution_serves_check_and_connection() {
    let _alone = crate::harness::alone().await;
    let server = honest().await;
    // Were the name asked again for the connection, it would lead to where nobody listens.
    let answers: [&[&str]; 4] = [
        &["127.0.0.1"],
        &["127.0.0.1"],
        &["127.0.0.9"],
        &["127.0.0.9"],
    ];
    let ended = run(&server, "  - { cidr: 127.0.0.1/32 }\n", &answers).await;
    assert_ended(&ended, Outcome::Passed, "", "");
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn one_forbidden_address_among_many_refuses_the_name() {
    let _alone = crate::harness::alone().await;
    let server = honest().await;
    for answer in [
        &["127.0.0.1", "10.0.0.7"][..],
        &["10.0.0.7", "127.0.0.1"],
        &["127.0.0.1", "fd00::1"],
        &["127.0.0.1", "::ffff:169.254.169.254"],
        &["127.0.0.1", "127.0.0.1", "127.0.0.1", "0.0.0.0"],
        &["::1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
    ] {
        let ended = run(&server, "  - { cidr: 127.0.0.1/32 }\n", &[answer]).await;
        assert_ended(&ended, Outcome::Errored, "allow_list: ", "");
    }
    let nothing = run(&server, "  - { cidr: 127.0.0.1/32 }\n", &[&[]]).await;
    assert_ended(&nothing, Outcome::Failed, "dns: ", "has no address");
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_public_name_is_never_let_inside_however_the_inside_is_written() {
    let _alone = crate::harness::alone().await;
    let server = honest().await;
    let port = server.address.port();
    let allow = format!("  - \"rebind.test:{port}\"\n");
    for inside in [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.31.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:a9fe:a9fe::1",
        "2001:0:a00:1::",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
    ] {
        let ended = run(&server, &allow, &[&[inside]]).await;
        assert_ended(&ended, Outcome::Errored, "allow_list: ", "`rebind.test` is");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}
