//! WebSockets: frames and messages without end, wrong bits, bad text, handshakes that lie.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Outcome;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::harness::{Hostile, MIB, MOST, Peer, expect};

const RECEIVE: &str = "steps:\n  - websocket: /a\n    as: nobody\n  - receive: socket\n    where: 'message == \"never\"'\n    within: 60s\n";
const SOON: &str = "steps:\n  - websocket: /a\n    as: nobody\n  - receive: socket\n    where: 'message == \"never\"'\n    within: 300ms\n";

/// The answer that a client's handshake wants.
async fn shake(peer: &mut Peer) -> Option<()> {
    let head = peer.request().await?;
    let key = head.lines().find_map(|line| {
        line.strip_prefix("sec-websocket-key: ")
            .or(line.strip_prefix("Sec-WebSocket-Key: "))
    })?;
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
    );
    peer.write(answer.as_bytes()).await
}

/// A frame of a server, not masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(u8::try_from(len).unwrap()),
        len @ 126..=65535 => {
            bytes.push(126);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

/// Says some frames after the handshake; what close code the client answers with comes by the
/// channel.
async fn saying(frames: Vec<u8>) -> (Hostile, mpsc::UnboundedReceiver<Option<u16>>) {
    let (told, answers) = mpsc::unbounded_channel();
    let frames: Arc<[u8]> = frames.into();
    let server = Hostile::start(move |mut peer| {
        let (frames, told) = (frames.clone(), told.clone());
        async move {
            shake(&mut peer).await?;
            peer.write(&frames).await?;
            let _ = told.send(close_code(&mut peer).await);
            peer.until_closed().await
        }
    })
    .await;
    (server, answers)
}

/// The code of the close frame that the client sends; frames before it are passed over.
async fn close_code(peer: &mut Peer) -> Option<u16> {
    loop {
        let head = [
            peer.stream.read_u8().await.ok()?,
            peer.stream.read_u8().await.ok()?,
        ];
        assert!(head[1] & 0x80 != 0, "a client masks what it sends");
        let mut mask = [0; 4];
        peer.stream.read_exact(&mut mask).await.ok()?;
        let mut payload = vec![0; usize::from(head[1] & 0x7f)];
        peer.stream.read_exact(&mut payload).await.ok()?;
        for (at, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask[at % 4];
        }
        if head[0] & 0x0f == 8 {
            return Some(u16::from_be_bytes([*payload.first()?, *payload.get(1)?]));
        }
    }
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_socket_with_the_code_that_says_so() {
    let _alone = crate::harness::alone().await;
    let fragment = |first: u8| frame(first, b"part");
    let long = 1_100_000;
    for (name, frames, code, tells) in [
        (
            "a frame of 2^62 bytes",
            [&[0x82, 127][..], &(1_u64 << 62).to_be_bytes()].concat(),
            1009,
            "larger than 1048576 bytes",
        ),
        (
            "a frame of 2^63 bytes",
            [&[0x82, 127][..], &(1_u64 << 63).to_be_bytes()].concat(),
            1009,
            "larger than 1048576 bytes",
        ),
        (
            "a message above the limit",
            frame(0x81, &vec![b'x'; long]),
            1009,
            "larger than 1048576 bytes",
        ),
        (
            "fragments above the limit",
            [
                frame(0x02, &vec![0; long / 2]),
                frame(0x00, &vec![0; long / 2]),
            ]
            .concat(),
            1009,
            "larger than 1048576 bytes",
        ),
        ("text that is none", frame(0x81, b"\xff\xfe"), 1007, ""),
        (
            "text that is none in its second part",
            [frame(0x01, b"ok"), frame(0x80, b"\xc3\x28")].concat(),
            1007,
            "",
        ),
        ("a mask", vec![0x81, 0x81, 1, 2, 3, 4, b'x' ^ 1], 1002, ""),
        ("a first reserved bit", fragment(0xc1), 1002, ""),
        ("a second reserved bit", fragment(0xa1), 1002, ""),
        ("a third reserved bit", fragment(0x91), 1002, ""),
        ("a reserved kind", fragment(0x83), 1002, ""),
        ("a reserved kind of control", fragment(0x8b), 1002, ""),
        ("a ping too long", frame(0x89, &[0; 126]), 1002, ""),
        ("a ping in parts", fragment(0x09), 1002, ""),
        ("a part of nothing", fragment(0x80), 1002, ""),
        (
            "a message inside another",
            [fragment(0x01), fragment(0x81)].concat(),
            1002,
            "",
        ),
    ] {
        let (server, mut answers) = saying(frames).await;
        let ended = expect(
            &server,
            RECEIVE,
            Outcome::Failed,
            "closed: `socket`: ",
            tells,
            MOST,
        )
        .await;
        assert_eq!(
            answers.recv().await.unwrap(),
            Some(code),
            "{name}: {}",
            ended.result.reason
        );
    }
}

#[tokio::test]
async fn a_close_with_a_wrong_code_is_an_end_all_the_same() {
    let _alone = crate::harness::alone().await;
    // The library below answers a code that none may send with 1002, and says that in its place.
    for (payload, tells) in [
        (&[0x03, 0xe7][..], "closed it with 1002"),
        (&[0x03, 0xed], "closed it with 1002"),
        (&[0xff, 0xff], "closed it with 1002"),
        (&[0x03, 0xe8, b'b', b'y', b'e'], "1000 bye"),
        (&[], "1005"),
    ] {
        let (server, _) = saying(frame(0x88, payload)).await;
        expect(
            &server,
            RECEIVE,
            Outcome::Failed,
            "closed: `socket`: ",
            tells,
            MOST,
        )
        .await;
    }
    for payload in [&[0x03][..], &[0x03, 0xe8, 0xff, 0xfe]] {
        let (server, _) = saying(frame(0x88, payload)).await;
        expect(
            &server,
            RECEIVE,
            Outcome::Failed,
            "closed: `socket`: ",
            "",
            MOST,
        )
        .await;
    }
}

/// Says one piece for ever after the handshake, and counts what the client took.
async fn flooding(head: Vec<u8>, piece: Vec<u8>) -> (Hostile, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let (counted, head, piece): (_, Arc<[u8]>, Arc<[u8]>) =
        (taken.clone(), head.into(), piece.into());
    let server = Hostile::start(move |mut peer| {
        let (counted, head, piece) = (counted.clone(), head.clone(), piece.clone());
        async move {
            shake(&mut peer).await?;
            peer.write(&head).await?;
            loop {
                peer.write(&piece).await?;
                counted.fetch_add(piece.len(), Ordering::Relaxed);
            }
        }
    })
    .await;
    (server, taken)
}

#[tokio::test]
async fn floods_that_make_no_message_end_with_the_step() {
    let _alone = crate::harness::alone().await;
    for (head, piece) in [
        (vec![], frame(0x89, &[7; 125]).repeat(100)),
        (vec![], frame(0x8a, &[7; 125]).repeat(100)),
        (frame(0x01, b"begun"), frame(0x00, b"").repeat(1000)),
    ] {
        let (server, _) = flooding(head, piece).await;
        expect(
            &server,
            SOON,
            Outcome::Failed,
            "within: receive socket",
            "none of 0 messages",
            MOST,
        )
        .await;
    }
    let (server, _) = flooding(frame(0x01, b"begun"), frame(0x00, b"more").repeat(1000)).await;
    expect(
        &server,
        RECEIVE,
        Outcome::Failed,
        "closed: `socket`: ",
        "larger than 1048576 bytes",
        MOST,
    )
    .await;
}

#[tokio::test]
async fn a_flood_of_messages_fills_the_log_and_is_then_left_in_the_network() {
    let _alone = crate::harness::alone().await;
    let json = format!("[{}0]", "0,".repeat(100_000));
    for piece in [
        frame(0x82, b""),
        frame(0x81, b"{}").repeat(100),
        frame(0x82, &vec![0; MIB]),
        frame(0x81, json.as_bytes()),
    ] {
        let (server, taken) = flooding(vec![], piece).await;
        let ended = expect(
            &server,
            RECEIVE,
            Outcome::Errored,
            "receive_log_full: ",
            "its log is full",
            2 * MOST,
        )
        .await;
        assert!(ended.record.tries[0].exchanges.len() <= 1_000);
        // The log, what one frame may be, and the buffers of the network.
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken <= 32 * MIB, "{taken} bytes were taken");
    }
}

#[tokio::test]
async fn what_is_sent_behind_a_full_log_says_that_it_is_full() {
    let _alone = crate::harness::alone().await;
    let (server, _) = flooding(vec![], frame(0x81, b"{}").repeat(100)).await;
    let body = format!(
        "{}  - send: socket\n    text: a\n",
        RECEIVE.replace("    within: 60s\n", "    within: 60s\n    soft: true\n")
    );
    expect(
        &server,
        &body,
        Outcome::Errored,
        "receive_log_full: ",
        "its log is full",
        MOST,
    )
    .await;
}

#[tokio::test]
async fn sockets_that_are_flooded_together_are_bounded_for_the_try() {
    let _alone = crate::harness::alone().await;
    let (server, _) = flooding(vec![], frame(0x82, &vec![0; MIB])).await;
    let body = "steps:\n  - parallel: { count: 40, index: i }\n    as: nobody\n    within: 60s\n    steps:\n      - websocket: /a\n        socket: chat\n      - receive: chat\n        where: 'message == \"never\"'\n        within: 60s\n";
    expect(
        &server,
        body,
        Outcome::Errored,
        "receive_log_full: ",
        "its log is full",
        512 * MIB,
    )
    .await;
}

#[tokio::test]
async fn a_handshake_that_lies_is_no_socket() {
    let _alone = crate::harness::alone().await;
    let ok = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n";
    for said in [
        format!("{ok}sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"),
        format!("{ok}\r\n"),
        "HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned(),
        "\u{16}\u{3}nonsense\r\n\r\n".to_owned(),
        "HTTP/1.1 200\r\n".to_owned() + &"x: y\r\n".repeat(100_000) + "\r\n",
    ] {
        let server = Hostile::saying(said).await;
        let body = SOON.replace("as: nobody\n", "as: nobody\n    within: 2s\n");
        expect(&server, &body, Outcome::Failed, "", "", MOST).await;
    }
}

#[tokio::test]
async fn a_handshake_without_end_is_bounded() {
    let _alone = crate::harness::alone().await;
    for piece in ["x: y\r\n".to_owned(), "x".repeat(4096)] {
        let server = Hostile::endless("HTTP/1.1 101 Switching Protocols\r\n", piece).await;
        let body = SOON.replace("as: nobody\n", "as: nobody\n    within: 2s\n");
        expect(&server, &body, Outcome::Failed, "", "", MOST).await;
    }
    let silent = Hostile::start(|mut peer| async move { peer.until_closed().await }).await;
    let body = SOON.replace("as: nobody\n", "as: nobody\n    within: 300ms\n");
    expect(
        &silent,
        &body,
        Outcome::Failed,
        "within: ",
        "during the handshake",
        MOST,
    )
    .await;
}

#[tokio::test]
async fn a_target_that_does_not_read_ends_with_the_step() {
    let _alone = crate::harness::alone().await;
    let server = Hostile::start(|mut peer| async move {
        shake(&mut peer).await?;
        // The connection ends with the case, which this server learns by being written to no more.
        peer.stream.writable().await.ok()?;
        while peer.write(&frame(0x8a, b"")).await.is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        None
    })
    .await;
    let body = "steps:\n  - websocket: /a\n    as: nobody\n  - repeat: { times: 400 }\n    within: 60s\n    steps:\n      - send: socket\n        text: \"${vars.big}\"\n        within: 300ms\n";
    expect(
        &server,
        body,
        Outcome::Failed,
        "within: ",
        "while the message was sent",
        2 * MOST,
    )
    .await;
}
