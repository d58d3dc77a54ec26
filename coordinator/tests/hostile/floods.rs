//! HTTP/2 itself as a weapon: streams, resets, headers, continuations, and what is no HTTP/2.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::door::{Door, MIB, SESSION, request};

#[tokio::test]
async fn a_connection_has_a_bounded_number_of_streams() {
    let door = Door::open().await;
    let mut stranger = door.connect().await;
    // The first answer comes behind the settings.
    let (answer, sending) = stranger.begin(SESSION).await.unwrap();
    answer.await.unwrap();
    assert_eq!(stranger.requests.current_max_send_streams(), 32);
    drop(sending);
    door.unharmed(16 * MIB).await;
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let door = Door::open().await;
    let mut stranger = door.connect().await;
    let mut long = request(SESSION);
    let value = "x".repeat(60_000).parse().unwrap();
    long.headers_mut().insert("x-long", value);
    let mut requests = stranger.requests.clone().ready().await.unwrap();
    let (answer, _sending) = requests.send_request(long, false).unwrap();
    let refused = answer.await.map_or(true, |answer| answer.status() == 431);
    assert!(refused);
    drop(requests);
    stranger.requests = door.connect().await.requests;
    door.unharmed(16 * MIB).await;
}

/// Frames by hand: length in three bytes, kind, flags, stream.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS_KIND: u8 = 1;
const RESET_KIND: u8 = 3;
const SETTINGS_KIND: u8 = 4;
const PING_KIND: u8 = 6;
const CONTINUATION_KIND: u8 = 9;

/// Writes until the other side has had enough.
async fn flood(door: &Door, begin: &[u8], piece: &[u8]) {
    let stream = TcpStream::connect(door.address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let writes = async {
        writing.write_all(begin).await.ok()?;
        for _ in 0..200_000 {
            writing.write_all(piece).await.ok()?;
        }
        Some(())
    };
    let reads = async {
        let mut buffer = [0; 4096];
        while reading.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    };
    // Whichever sees the end first.
    tokio::select! {
        taken = writes => assert_eq!(taken, None, "all of the flood was taken"),
        () = reads => {}
    }
}

/// A call of `Session` without a body, as its header block.
fn call() -> Vec<u8> {
    // POST, http; then path, authority and content type as literals that are not indexed.
    let mut block = vec![0x83, 0x86];
    for (index, value) in [(4, SESSION), (1, "grid"), (0x0f, "application/grpc")] {
        // Names beyond 14 take a second byte: 31 is the content type.
        block.push(index);
        if index == 0x0f {
            block.push(31 - 15);
        }
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.as_bytes());
    }
    block
}

#[tokio::test]
async fn streams_that_are_opened_and_reset_end_the_connection() {
    let door = Door::open().await;
    let begin = [PREFACE, &frame(SETTINGS_KIND, 0, 0, b"")].concat();
    let call = call();
    let mut piece = Vec::new();
    for number in 0..100_000 {
        let stream = 2 * number + 1;
        piece.extend(frame(HEADERS_KIND, 0x04, stream, &call));
        piece.extend(frame(RESET_KIND, 0, stream, &8_u32.to_be_bytes()));
    }
    // What is written stands in this process too, with what it grew in.
    let size = 2 * piece.capacity();
    flood(&door, &begin, &piece).await;
    door.unharmed(size + 32 * MIB).await;
}

#[tokio::test]
async fn headers_that_never_end_end_the_connection() {
    let door = Door::open().await;
    let begin = [
        PREFACE,
        &frame(SETTINGS_KIND, 0, 0, b""),
        &frame(HEADERS_KIND, 0, 1, b"\x83\x86"),
    ]
    .concat();
    // A literal header without indexing: `a: bbbb…`.
    let header = [&b"\x00\x01a\x7e"[..], &[b'b'; 126]].concat();
    let piece = frame(CONTINUATION_KIND, 0, 1, &header.repeat(100));
    flood(&door, &begin, &piece).await;
    door.unharmed(16 * MIB).await;
}

#[tokio::test]
async fn what_is_no_http_2_ends_the_connection() {
    let door = Door::open().await;
    for begin in [
        &b"GET / HTTP/1.1\r\nhost: grid\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &[0xff; 4096],
        &[PREFACE, &[0xff; 64]].concat(),
        &[PREFACE, &frame(SETTINGS_KIND, 0, 0, b"odd")].concat(),
    ] {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(begin).await.unwrap();
        let mut rest = Vec::new();
        // Ended or reset, but ended.
        let _ = stream.read_to_end(&mut rest).await;
    }
    door.unharmed(16 * MIB).await;
}

#[tokio::test]
async fn pings_that_nobody_reads_the_answers_of_are_bounded() {
    let door = Door::open().await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let begin = [PREFACE, &frame(SETTINGS_KIND, 0, 0, b"")].concat();
    stream.write_all(&begin).await.unwrap();
    let pings = frame(PING_KIND, 0, 0, &[7; 8]).repeat(1_000);
    // Its answers fill the network, and then it reads no more of ours.
    for _ in 0..2_000 {
        let written = stream.write_all(&pings);
        let wait = std::time::Duration::from_millis(300);
        if !matches!(tokio::time::timeout(wait, written).await, Ok(Ok(()))) {
            break;
        }
    }
    drop(stream);
    door.unharmed(32 * MIB).await;
}
