//! Checkpoints: copies of many segments in one object, so that a takeover reads few objects.
//!
//! They are a cache and never truth: every segment in one is checked against the chain like any
//! other, and a checkpoint that is missing or wrong is passed over. Numbered densely from 0; each
//! goes on where the one before ended. Layout: SHA-256 of what follows, then `len u32 | segment`
//! again and again, integers little-endian.

use bytes::Bytes;
use domain::Instant;
use lifecycle::clock;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use crate::object::Keys;
use crate::object::bucket::Bucket;
use crate::port::LogId;

/// A checkpoint is due after so many events, or so long after the last one.
const EVENTS: u64 = 5_000;
const EVERY: std::time::Duration = std::time::Duration::from_secs(30);
/// Fewer segments are as quickly read one by one.
const FEWEST: usize = 8;
const SUM: usize = 32;

/// The object of these segments.
pub(crate) fn encode(segments: &[Bytes]) -> Bytes {
    let mut bytes = vec![0; SUM];
    for segment in segments {
        let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(segment);
    }
    let sum = Sha256::digest(&bytes[SUM..]);
    bytes[..SUM].copy_from_slice(&sum);
    bytes.into()
}

/// The segments in an object; nothing when it is not whole.
pub(crate) fn decode(bytes: &Bytes) -> Option<Vec<Bytes>> {
    let (sum, _) = bytes.split_at_checked(SUM)?;
    let mut rest = bytes.slice(SUM..);
    if sum != &Sha256::digest(&rest)[..] {
        return None;
    }
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (length, _) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let behind = rest.split_off(4.min(rest.len()));
        if behind.len() < length {
            return None;
        }
        rest = behind;
        let segment = rest.split_to(length);
        segments.push(segment);
    }
    Some(segments)
}

/// What the log's writer gathers for the next checkpoint.
#[derive(Debug)]
pub(crate) struct Gathering {
    keys: Keys,
    /// Number of the next checkpoint.
    number: u64,
    segments: Vec<Bytes>,
    n_events: u64,
    since: Instant,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    n_segments: usize,
    n_events: u64,
    told: oneshot::Receiver<bool>,
}

impl Gathering {
    /// `number` checkpoints are there; `segments` come behind them.
    pub(crate) fn new(id: &LogId, number: u64, segments: Vec<Bytes>, n_events: u64) -> Self {
        Self {
            keys: Keys::of(id),
            number,
            segments,
            n_events,
            since: clock::now(),
            under_way: None,
        }
    }

    /// Takes in a durable segment, and has a checkpoint written when it is time. It never waits:
    /// a checkpoint that was not written is tried again with the next.
    pub(crate) fn add(&mut self, bucket: &Bucket, segment: Bytes, n_events: u64) {
        self.segments.push(segment);
        self.n_events += n_events;
        if let Some(mut under_way) = self.under_way.take() {
            match under_way.told.try_recv() {
                Ok(true) => {
                    self.number += 1;
                    self.segments.drain(..under_way.n_segments);
                    self.n_events -= under_way.n_events;
                }
                Err(oneshot::error::TryRecvError::Empty) => self.under_way = Some(under_way),
                Ok(false) | Err(oneshot::error::TryRecvError::Closed) => {}
            }
        }
        let now = clock::now();
        let is_due = self.n_events >= EVENTS || now.since(self.since) >= EVERY;
        if self.under_way.is_some() || !is_due || self.segments.len() < FEWEST {
            return;
        }
        self.since = now;
        let key = self.keys.checkpoint(self.number);
        self.under_way = Some(UnderWay {
            n_segments: self.segments.len(),
            n_events: self.n_events,
            told: bucket.try_create(key, encode(&self.segments)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_whole_or_not_at_all() {
        let segments = [
            Bytes::from_static(b"one"),
            Bytes::new(),
            Bytes::from_static(b"three"),
        ];
        let whole = encode(&segments);
        assert_eq!(decode(&whole).unwrap(), segments);
        for cut in 0..whole.len() {
            assert_eq!(decode(&whole.slice(..cut)), None, "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.to_vec();
            flipped[at] ^= 1;
            assert_eq!(decode(&flipped.into()), None, "flipped at {at}");
        }
    }
}
