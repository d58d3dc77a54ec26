//! Reads a worker's message from bytes, within a bound on what they take in memory.
//!
//! Two bytes on the wire may stand for a structure of hundreds, so that 4 MiB of nothing would be
//! a gigabyte of messages. Only the record of a result may be large: it stays bytes.

use domain::message::FromWorker;
use prost::encoding::decode_varint;
use proto::v1;

use super::worker;
use crate::bad_message::{BadMessage, read};

const WHAT: &str = "the worker's message";
/// Most bytes of a message beside a record.
const LIGHT: usize = 512 * 1024;
/// `WorkerMessage.result`, and `Result.record` in it, each with its wire type: length-delimited.
const RESULT: u64 = 3 << 3 | 2;
const RECORD: u64 = 6 << 3 | 2;

/// Reads one message of a frame.
pub fn read_from_worker(bytes: &[u8]) -> Result<FromWorker, BadMessage> {
    let light = bytes.len() - record(bytes).unwrap_or(0);
    if light > LIGHT {
        return Err(BadMessage::Unreadable {
            what: WHAT,
            why: format!("it has {light} bytes beside a record, at most {LIGHT} are taken"),
        });
    }
    worker::decode(read::<v1::WorkerMessage>(WHAT, bytes)?)
}

/// Bytes of the record, if the message is one result and nothing else.
fn record(mut bytes: &[u8]) -> Option<usize> {
    if decode_varint(&mut bytes).ok()? != RESULT {
        return None;
    }
    if length(&mut bytes)? != bytes.len() {
        return None;
    }
    let mut record = 0;
    while !bytes.is_empty() {
        let key = decode_varint(&mut bytes).ok()?;
        let skipped = match key & 7 {
            0 => {
                decode_varint(&mut bytes).ok()?;
                0
            }
            1 => 8,
            2 => length(&mut bytes)?,
            5 => 4,
            _ => return None,
        };
        bytes = bytes.get(skipped..)?;
        if key == RECORD {
            // Of a field that comes twice the last one counts, and only one is kept.
            record = skipped;
        }
    }
    Some(record)
}

fn length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(decode_varint(bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use proto::v1::worker_message::Body;

    use super::*;

    fn encoded(body: Body) -> Vec<u8> {
        v1::WorkerMessage { body: Some(body) }.encode_to_vec()
    }

    #[test]
    fn only_a_record_may_be_large() {
        let result = |record: usize, run: usize| {
            encoded(Body::Result(v1::Result {
                run: "r".repeat(run),
                record: vec![0; record],
                ..v1::Result::default()
            }))
        };
        let why = |bytes: &[u8]| read_from_worker(bytes).unwrap_err().to_string();
        // What is wrong with these is not their size.
        assert!(!why(&result(3_000_000, 1)).contains("beside a record"));
        assert!(why(&result(3_000_000, 600_000)).contains("beside a record"));
        assert!(why(&result(0, 600_000)).contains("beside a record"));
        let probed = v1::Probed {
            preflight: Some(v1::Preflight {
                probes: vec![v1::Probe::default(); 400_000],
                ..v1::Preflight::default()
            }),
            ..v1::Probed::default()
        };
        let probed = encoded(Body::Probed(probed));
        assert!(why(&probed).contains("beside a record"));
        // A light result in front does not hide what follows.
        let hidden = [result(0, 1), probed].concat();
        assert!(why(&hidden).contains("beside a record"));
        let goodbye = encoded(Body::Goodbye(v1::Goodbye::default()));
        assert!(read_from_worker(&goodbye).is_ok());
    }
}
