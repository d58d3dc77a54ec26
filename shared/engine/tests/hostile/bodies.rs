//! Bodies: endless, dripping, wrongly framed, small on the wire and large in memory.

use domain::Outcome;

use crate::harness::{Hostile, MIB, MOST, expect, measured};

const GET: &str = "steps:\n  - http: GET /a\n    as: nobody\n    status: 200\n";
const READ: &str = "steps:\n  - http: GET /a\n    as: nobody\n    check:\n      - body.a == 1\n";
const SOON: &str = "steps:\n  - http: GET /a\n    as: nobody\n    within: 300ms\n    status: 200\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let _alone = crate::harness::alone().await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(65536));
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n";
    let until_close = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    for (head, piece) in [
        (CHUNKED, chunk),
        (long, "x".repeat(65536)),
        (until_close, "x".repeat(65536)),
    ] {
        let server = Hostile::endless(head, piece).await;
        let tells = "larger than 8388608 bytes, the most that is read of one answer; ask for less";
        expect(
            &server,
            GET,
            Outcome::Failed,
            "body_limit: GET /a: ",
            tells,
            MOST,
        )
        .await;
    }
}

#[tokio::test]
async fn a_body_that_drips_ends_with_the_step() {
    let _alone = crate::harness::alone().await;
    for (head, piece) in [
        (CHUNKED, "1\r\nx\r\n"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", "x"),
    ] {
        let server = Hostile::start(move |mut peer| async move {
            peer.request().await?;
            peer.write(head.as_bytes()).await?;
            loop {
                peer.write(piece.as_bytes()).await?;
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
        .await;
        let tells = "the time was over while the body was read";
        expect(&server, SOON, Outcome::Failed, "within: ", tells, MOST).await;
    }
}

#[tokio::test]
async fn a_bomb_is_never_unpacked_because_nothing_packed_was_asked_for() {
    let _alone = crate::harness::alone().await;
    let zeros = include_bytes!("zeros.gz");
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        let server = Hostile::start(move |mut peer| async move {
            let asked = peer.request().await?.to_ascii_lowercase();
            assert!(!asked.contains("accept-encoding"), "{asked}");
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
                zeros.len()
            );
            peer.write(head.as_bytes()).await?;
            peer.write(zeros).await?;
            peer.until_closed().await
        })
        .await;
        let ended = expect(
            &server,
            READ,
            Outcome::Failed,
            "check_failed: ",
            "body.a",
            16 * MIB,
        )
        .await;
        let body = &ended.record.tries[0].exchanges[0].response_body;
        assert_eq!(body.bytes, zeros.len() as u64);
    }
}

#[tokio::test]
async fn json_that_is_small_on_the_wire_is_bounded_in_memory() {
    let _alone = crate::harness::alone().await;
    // Each would be more than half a gigabyte of values.
    for unit in ["0,", "{},", "[[[["] {
        let count = 7 * MIB / unit.len();
        let json = format!("[{}0]", unit.repeat(count));
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        );
        let server = Hostile::saying(answer).await;
        let tells = "more than 200000 JSON values";
        expect(&server, READ, Outcome::Failed, "body_limit: ", tells, MOST).await;
    }
}

#[tokio::test]
async fn json_just_below_the_limit_is_read_within_the_same_bound() {
    let _alone = crate::harness::alone().await;
    for unit in ["0,", "{\"a\":0},"] {
        let values = 190_000 / unit.matches(['{', ',']).count();
        let json = format!("{{\"a\":1,\"l\":[{}0]}}", unit.repeat(values));
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        );
        let server = Hostile::saying(answer).await;
        expect(&server, READ, Outcome::Passed, "", "", 2 * MOST).await;
    }
}

#[tokio::test]
async fn json_that_is_deep_is_no_json() {
    let _alone = crate::harness::alone().await;
    let answer = |json: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        )
    };
    for json in ["[".repeat(150_000), "{\"a\":".repeat(150_000)] {
        let server = Hostile::saying(answer(&json)).await;
        expect(
            &server,
            READ,
            Outcome::Failed,
            "check_failed: ",
            "body.a",
            MOST,
        )
        .await;
    }
}

#[tokio::test]
async fn answers_that_add_up_are_bounded_for_the_try() {
    let _alone = crate::harness::alone().await;
    let json = format!("[{}0]", "0,".repeat(190_000));
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{json}",
        json.len()
    );
    let server = Hostile::start(move |mut peer| {
        let answer = answer.clone();
        async move {
            loop {
                peer.request().await?;
                peer.write(answer.as_bytes()).await?;
            }
        }
    })
    .await;
    let body = "steps:\n  - repeat: { times: 100 }\n    as: nobody\n    steps:\n      - http: GET /a\n        check:\n          - body[3] == 0\n";
    let tells = "takes more than 268435456 bytes together";
    // All that it kept is in the recording at the end, and in the copy that is made of it.
    expect(
        &server,
        body,
        Outcome::Errored,
        "receive_log_full: ",
        tells,
        400 * MIB,
    )
    .await;
}

#[tokio::test]
async fn wrong_framing_fails_and_says_so() {
    let _alone = crate::harness::alone().await;
    let chunked = |rest: &str| format!("{CHUNKED}{rest}");
    for (said, reason) in [
        (chunked("zz\r\n"), "protocol: "),
        (chunked("fffffffffffffffff\r\n"), "protocol: "),
        (chunked("-1\r\nx\r\n"), "protocol: "),
        (chunked("2\r\nxxxx\r\n"), "protocol: "),
        (chunked("0\r\nno trailer\r\n\r\n"), "protocol: "),
    ] {
        let server = Hostile::saying(said).await;
        expect(&server, SOON, Outcome::Failed, reason, "", MOST).await;
    }
    for piece in [
        ";a=b".to_owned(),
        "\r\n0\r\nx: y\r\n".to_owned() + &"x: y\r\n".repeat(1000),
    ] {
        let server = Hostile::endless(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a\r\nx",
            piece,
        )
        .await;
        expect(&server, SOON, Outcome::Failed, "protocol: ", "", MOST).await;
    }
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_a_closed_connection() {
    let _alone = crate::harness::alone().await;
    for said in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_owned(),
        format!("{CHUNKED}a\r\nabc"),
        format!("{CHUNKED}3\r\nabc\r\n"),
    ] {
        let server = Hostile::start(move |mut peer| {
            let said = said.clone();
            async move {
                peer.request().await?;
                peer.write(said.as_bytes()).await
            }
        })
        .await;
        expect(
            &server,
            GET,
            Outcome::Failed,
            "closed: GET /a: ",
            "the target closed the connection",
            MOST,
        )
        .await;
    }
}

/// Not a target's deed but ours: the record that readers get is bounded too.
#[tokio::test]
async fn the_record_of_a_flood_is_small() {
    let _alone = crate::harness::alone().await;
    let server = Hostile::endless(CHUNKED, format!("10000\r\n{}\r\n", "x".repeat(65536))).await;
    let (ended, _) = measured(&server, GET).await;
    let body = &ended.record.tries[0].exchanges[0].response_body;
    assert!(body.is_cut && body.text.len() <= 16 * 1024);
}
