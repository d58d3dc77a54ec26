//! The bytes of one result in a spool: `len u32 | crc32c u32 | seq u64 | payload`, little-endian.
//!
//! The payload is the message that carries the result; the checksum covers all behind it. What does
//! not hold ends the reading.

use accounting::worker::RecoveredResult;
use domain::message::FromWorker;
use domain::record::CaseResult;
use domain::{AttemptId, RunId, SessionId};
use prost::Message;
use proto::v1;

const HEAD: usize = 16;

/// A result as spooled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) run: RunId,
    pub(super) attempt: AttemptId,
    pub(super) seq: u64,
    pub(super) result: Box<CaseResult>,
    pub(super) record: Vec<u8>,
}

impl From<Frame> for RecoveredResult {
    fn from(frame: Frame) -> Self {
        Self {
            seq: frame.seq,
            result: *frame.result,
            record: frame.record,
        }
    }
}

pub(super) fn encode(frame: Frame) -> Vec<u8> {
    let seq = frame.seq;
    let message = wire::message::encode_from_worker(&FromWorker::Result {
        run: frame.run,
        attempt: frame.attempt,
        session: SessionId::default(),
        seq,
        result: frame.result,
        record: frame.record,
    });
    let payload = message.encode_to_vec();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let checked = [&seq.to_le_bytes()[..], &payload].concat();
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&checked).to_le_bytes());
    bytes.extend_from_slice(&checked);
    bytes
}

/// The frames from the start that hold, and how many bytes they take.
pub(super) fn read_all(bytes: &[u8]) -> (Vec<Frame>, u64) {
    let mut frames = Vec::new();
    let mut offset = 0;
    while let Some((frame, length)) = read_one(&bytes[offset..]) {
        frames.push(frame);
        offset += length;
    }
    (frames, offset as u64)
}

fn read_one(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let checked = rest.get(..length.checked_add(8)?)?;
    if crc32c::crc32c(checked) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (seq, payload) = checked.split_first_chunk::<8>()?;
    let message = v1::WorkerMessage::decode(payload).ok()?;
    let FromWorker::Result {
        run,
        attempt,
        seq: said,
        result,
        record,
        ..
    } = wire::message::decode_from_worker(message).ok()?
    else {
        return None;
    };
    let frame = Frame {
        run,
        attempt,
        seq: u64::from_le_bytes(*seq),
        result,
        record,
    };
    (said == frame.seq).then_some((frame, HEAD + length))
}
