//! Heads of answers: garbage, floods, drips, lengths that lie, upgrades that nobody asked for.

use std::sync::atomic::Ordering;

use domain::Outcome;

use crate::harness::{Hostile, MOST, expect};

const GET: &str = "steps:\n  - http: GET /a\n    as: nobody\n    status: 200\n";
/// A time that is over soon where a target drips, and that no answer needs.
const SOON: &str = "steps:\n  - http: GET /a\n    as: nobody\n    within: 300ms\n    status: 200\n";

#[tokio::test]
async fn what_is_no_answer_fails_and_says_what_it_begins_with() {
    let _alone = crate::harness::alone().await;
    for (said, tells) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00nonsense\r\n\r\n"[..],
            "is its address `https`",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "an SSH server answers there",
        ),
        (
            b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\r\n\r\n",
            "it begins as HTTP/2 does",
        ),
        (
            b"\xde\xad\xbe\xef\0\r\n\r\n",
            "it begins with the bytes deadbeef",
        ),
        (b"HTTP/1.1 abc OK\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/9.9 200 OK\r\n\r\n", "the answer is not HTTP"),
        (
            b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "the answer is not HTTP",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "the answer is not HTTP",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n",
            "the answer is not HTTP",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            "the answer is not HTTP",
        ),
    ] {
        let server = Hostile::saying(said).await;
        expect(
            &server,
            GET,
            Outcome::Failed,
            "protocol: GET /a: ",
            tells,
            MOST,
        )
        .await;
    }
}

#[tokio::test]
async fn a_head_without_end_is_bounded() {
    let _alone = crate::harness::alone().await;
    let ok = "HTTP/1.1 200 OK\r\n";
    for piece in [
        "x: y\r\n".to_owned(),
        format!("x-{}: y\r\n", "long".repeat(100)),
        "x".repeat(4096),
    ] {
        let server = Hostile::endless(ok, piece).await;
        let tells = "the head of the answer has more than 256 lines or 262144 bytes";
        expect(&server, GET, Outcome::Failed, "protocol: ", tells, MOST).await;
    }
}

#[tokio::test]
async fn interim_answers_without_end_end_with_the_step() {
    let _alone = crate::harness::alone().await;
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
    ] {
        let server = Hostile::endless("", interim).await;
        expect(
            &server,
            SOON,
            Outcome::Failed,
            "within: ",
            "no answer within 300ms",
            MOST,
        )
        .await;
    }
}

#[tokio::test]
async fn a_head_that_drips_or_never_comes_ends_with_the_step() {
    let _alone = crate::harness::alone().await;
    let dripping = Hostile::start(|mut peer| async move {
        peer.request().await?;
        peer.write(b"HTTP/1.1 200 OK\r\nx: ").await?;
        loop {
            peer.write(b"y").await?;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await;
    let silent = Hostile::start(|mut peer| async move { peer.until_closed().await }).await;
    for server in [dripping, silent] {
        expect(
            &server,
            SOON,
            Outcome::Failed,
            "within: ",
            "no answer within 300ms",
            MOST,
        )
        .await;
    }
}

#[tokio::test]
async fn an_upgrade_that_nobody_asked_for_is_an_answer_with_another_status() {
    let _alone = crate::harness::alone().await;
    let server = Hostile::start(|mut peer| async move {
        peer.request().await?;
        peer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        )
        .await?;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            .await?;
        peer.until_closed().await
    })
    .await;
    let body = "steps:\n  - http: GET /a\n    as: nobody\n    soft: true\n    within: 2s\n    status: 200\n  - http: GET /b\n    as: nobody\n    within: 2s\n    status: 200\n";
    expect(
        &server,
        body,
        Outcome::Failed,
        "status: expected 200, was 101",
        "",
        MOST,
    )
    .await;
    // What stood behind the upgrade answers nothing: each request had a connection of its own.
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_stands_behind_an_answer_never_answers_the_next_request() {
    let _alone = crate::harness::alone().await;
    let server = Hostile::start(|mut peer| async move {
        peer.request().await?;
        let honest = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"n\": 1 }";
        let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"n\": 2 }";
        peer.write(format!("{honest}{smuggled}").as_bytes()).await?;
        peer.until_closed().await
    })
    .await;
    let step = "  - http: GET /a\n    as: nobody\n    check:\n      - body.n == 1\n";
    let body = format!("steps:\n{}", step.repeat(4));
    expect(&server, &body, Outcome::Passed, "", "", MOST).await;
    assert_eq!(server.connections.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn cookies_without_end_are_bounded() {
    let _alone = crate::harness::alone().await;
    let server = Hostile::start(|mut peer| async move {
        let mut number = 0;
        loop {
            peer.request().await?;
            let mut answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n".to_owned();
            for _ in 0..200 {
                number += 1;
                answer += &format!("set-cookie: c{number}={}\r\n", "v".repeat(900));
            }
            peer.write(format!("{answer}\r\n{{}}").as_bytes()).await?;
        }
    })
    .await;
    let body = "steps:\n  - repeat: { times: 40 }\n    within: 10m\n    steps:\n      - http: GET /a\n        status: 200\n";
    expect(&server, body, Outcome::Passed, "", "", 2 * MOST).await;
}
