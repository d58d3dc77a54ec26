//! Event streams: lines, comments and events without end, and bytes that are no text.

use domain::Outcome;

use crate::harness::{Hostile, MIB, MOST, expect};

const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
const LINES: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n";

const STREAM: &str = "steps:\n  - stream: GET /a\n    as: nobody\n    into: parts\n    within: 60s\n    until: 'message.last == true'\n    check:\n      - parts.size() > 0\n";

/// Streams from a server and asserts how that ends.
async fn ends(server: &Hostile, outcome: Outcome, reason: &str, tells: &str, most: usize) {
    expect(server, STREAM, outcome, reason, tells, most).await;
}

#[tokio::test]
async fn a_line_or_comments_without_end_are_cut() {
    let _alone = crate::harness::alone().await;
    let head_of_line = format!("{EVENTS}data: ");
    let head_of_line: &'static str = head_of_line.leak();
    for (head, piece) in [
        (head_of_line, "x".repeat(65536)),
        (EVENTS, ": still here\n".repeat(5000)),
        (EVENTS, "event: ".to_owned() + &"x".repeat(65536) + "\n"),
        (EVENTS, "data: more of the same event\n".repeat(3000)),
        (EVENTS, "\n".repeat(65536)),
        (LINES, "x".repeat(65536)),
    ] {
        let server = Hostile::endless(head, piece).await;
        let tells = "end a `stream` earlier with `until`";
        ends(&server, Outcome::Failed, "body_limit: ", tells, 2 * MOST).await;
    }
}

#[tokio::test]
async fn a_million_events_are_more_than_a_log_holds() {
    let _alone = crate::harness::alone().await;
    for (head, piece) in [
        (EVENTS, "data: {}\n\n".repeat(1000)),
        (LINES, "{}\n".repeat(1000)),
    ] {
        let server = Hostile::endless(head, piece).await;
        let tells = "more than 10000 pieces";
        ends(&server, Outcome::Errored, "receive_log_full: ", tells, MOST).await;
    }
}

#[tokio::test]
async fn an_event_that_is_large_in_memory_is_refused() {
    let _alone = crate::harness::alone().await;
    let json = format!("data: [{}0]\n\n", "0,".repeat(MIB));
    let server = Hostile::endless(EVENTS, json).await;
    let tells = "more than 200000 JSON values";
    ends(&server, Outcome::Failed, "body_limit: ", tells, 2 * MOST).await;
}

#[tokio::test]
async fn events_that_are_large_together_are_bounded_for_the_try() {
    let _alone = crate::harness::alone().await;
    let json = format!("data: [{}0]\n\n", "0,".repeat(100_000));
    let server = Hostile::endless(EVENTS, json).await;
    let tells = "takes more than 268435456 bytes together";
    ends(
        &server,
        Outcome::Errored,
        "receive_log_full: ",
        tells,
        8 * MOST,
    )
    .await;
}

#[tokio::test]
async fn events_that_are_no_text_hold_nothing_and_end_nothing() {
    let _alone = crate::harness::alone().await;
    let server = Hostile::saying(
        [
            EVENTS.as_bytes(),
            b"data: \xff\xfe\x80\n\ndata: \xc3\x28\n\nid\0: x\n\n",
        ]
        .concat(),
    )
    .await;
    let body = STREAM.replace("60s", "300ms");
    let tells = "the stream did not end within 300ms; 2 pieces came";
    expect(&server, &body, Outcome::Failed, "within: ", tells, MOST).await;
}
