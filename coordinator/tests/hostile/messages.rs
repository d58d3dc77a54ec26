//! Messages that are none: each refused with its reason, the third of a connection closes it.

use bytes::Bytes;
use prost::Message;
use proto::v1;
use proto::v1::worker_message::Body;

use crate::door::{Door, INVALID_ARGUMENT, MIB, OUT_OF_RANGE, SESSION, SUBMIT, framed, framed_as};

/// Fields of `WorkerFrame` or inside of it that no reader can take.
fn malformed() -> Vec<Bytes> {
    let in_frame = |message: &[u8]| {
        framed(
            &v1::WorkerFrame {
                messages: vec![message.to_vec()],
            }
            .encode_to_vec(),
        )
    };
    let hello = v1::WorkerMessage {
        body: Some(Body::Hello(v1::Hello {
            worker: "w1".to_owned(),
            region: "here".to_owned(),
            ..v1::Hello::default()
        })),
    };
    let whole = hello.encode_to_vec();
    vec![
        // A number where messages belong, and a field cut short.
        framed(&[0x08, 0x01]),
        framed(&[0x0a, 0x7f, 0x01]),
        // Groups inside one another, deeper than any message is.
        framed(&[0x7b; 200]),
        in_frame(&[0x7b; 200]),
        // A kind that nobody knows, an empty one, one cut short, one that is no message at all.
        in_frame(&[0x9a, 0x06, 0x00]),
        in_frame(&[]),
        in_frame(&whole[..whole.len() - 2]),
        in_frame(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        // A name that is no text.
        in_frame(&[0x0a, 0x04, 0x12, 0x02, 0xff, 0xfe]),
    ]
}

#[tokio::test]
async fn a_malformed_message_is_an_invalid_argument() {
    let door = Door::open().await;
    for body in malformed() {
        let mut stranger = door.connect().await;
        let status = stranger.call(SESSION, body.clone()).await.unwrap();
        assert_eq!(status, INVALID_ARGUMENT, "{body:?}");
    }
    door.unharmed(16 * MIB).await;
}

#[tokio::test]
async fn the_third_malformed_message_closes_the_connection() {
    let door = Door::open().await;
    let mut stranger = door.connect().await;
    for body in malformed().into_iter().take(3) {
        // The third answer and the end of the connection go out together.
        if let Ok(status) = stranger.call(SESSION, body).await {
            assert_eq!(status, INVALID_ARGUMENT);
        }
    }
    stranger.until_closed().await;
    door.unharmed(16 * MIB).await;
}

#[tokio::test]
async fn a_length_that_lies_is_refused_before_anything_is_kept_for_it() {
    let door = Door::open().await;
    for (path, length, status) in [
        (SESSION, 100 * 1024 * 1024, INVALID_ARGUMENT),
        (SESSION, u32::MAX, INVALID_ARGUMENT),
        (SUBMIT, 100 * 1024 * 1024, OUT_OF_RANGE),
        (SUBMIT, u32::MAX, OUT_OF_RANGE),
    ] {
        let mut stranger = door.connect().await;
        let answered = stranger.call(path, framed_as(length, b"x")).await;
        assert_eq!(answered.unwrap(), status, "{path} {length}");
    }
    door.unharmed(16 * MIB).await;
}

/// Frames of as many structures as fit, of two bytes each; in memory each would be hundreds.
fn frames_of_nothings() -> [Bytes; 2] {
    let most = 4 * MIB - 16;
    let nothings = framed(&[0x0a, 0x00].repeat(most / 2));
    let probes = v1::WorkerMessage {
        body: Some(Body::Probed(v1::Probed {
            preflight: Some(v1::Preflight {
                probes: vec![v1::Probe::default(); 1_500_000],
                ..v1::Preflight::default()
            }),
            ..v1::Probed::default()
        })),
    };
    let messages = vec![probes.encode_to_vec()];
    let probes = framed(&v1::WorkerFrame { messages }.encode_to_vec());
    [nothings, probes]
}

#[tokio::test]
async fn a_frame_of_nothings_takes_no_gigabyte() {
    let (door, bodies) = Door::open_after(frames_of_nothings).await;
    for body in bodies {
        let mut stranger = door.connect().await;
        let status = stranger.call(SESSION, body).await.unwrap();
        assert_eq!(status, INVALID_ARGUMENT);
    }
    door.unharmed(160 * MIB).await;
}
