//! Messages from the wire and from a disk: refused with a field's name, or taken whole.
//!
//! What is taken and written again reads as the same thing.

use prost::Message;
use proto::v1;

fn read_again<T: PartialEq + std::fmt::Debug>(
    taken: T,
    encode: impl Fn(&T) -> Vec<u8>,
    decode: impl Fn(&[u8]) -> Option<T>,
) {
    let bytes = encode(&taken);
    let Some(again) = decode(&bytes) else {
        panic!("it does not read what it wrote: {taken:?}");
    };
    // Bytes are compared, because a time that is no number equals nothing.
    assert_eq!(bytes, encode(&again), "{taken:?} became {again:?}");
}

/// A frame that comes up from a worker.
pub(crate) fn worker(data: &[u8]) {
    let Ok(frame) = v1::WorkerFrame::decode(data) else {
        return;
    };
    for message in frame.messages {
        match wire::message::read_from_worker(&message) {
            Ok(taken) => read_again(
                taken,
                |one| wire::message::encode_from_worker(one).encode_to_vec(),
                |bytes| wire::message::read_from_worker(bytes).ok(),
            ),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// A frame that comes down from a coordinator.
pub(crate) fn coordinator(data: &[u8]) {
    let Ok(frame) = v1::CoordinatorFrame::decode(data) else {
        return;
    };
    for message in frame.messages {
        match wire::message::decode_to_worker(message) {
            Ok(taken) => read_again(
                taken,
                |one| wire::message::encode_to_worker(one).encode_to_vec(),
                |bytes| {
                    let message = v1::CoordinatorMessage::decode(bytes).ok()?;
                    wire::message::decode_to_worker(message).ok()
                },
            ),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// What lies in logs and blobs: event, grid event, plan, record, bundle, by the first byte.
pub(crate) fn stored(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else {
        return;
    };
    match kind % 5 {
        0 => {
            if let Ok(taken) = wire::event::decode_run(bytes) {
                read_again(taken, wire::event::encode_run, |bytes| {
                    wire::event::decode_run(bytes).ok()
                });
            }
        }
        1 => {
            if let Ok(taken) = wire::event::decode_grid(bytes) {
                read_again(taken, wire::event::encode_grid, |bytes| {
                    wire::event::decode_grid(bytes).ok()
                });
            }
        }
        2 => {
            if let Ok(taken) = wire::plan::decode(bytes) {
                read_again(taken, wire::plan::encode, |bytes| {
                    wire::plan::decode(bytes).ok()
                });
            }
        }
        3 => {
            if let Ok(taken) = wire::record::decode(bytes) {
                read_again(taken, wire::record::encode, |bytes| {
                    wire::record::decode(bytes).ok()
                });
            }
        }
        _ => {
            if let Ok(taken) = wire::bundle::decode(bytes) {
                read_again(taken, wire::bundle::encode, |bytes| {
                    wire::bundle::decode(bytes).ok()
                });
            }
        }
    }
}
