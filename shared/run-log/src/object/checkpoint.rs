//! Checkpoints: copies of many segments in one object, so that a takeover reads few objects.
//!
//! They are a cache and never truth: every segment in one is checked against the chain like any
//! other, and a checkpoint that is missing or wrong is passed over. Numbered densely from 0; each
//! goes on where the one before ended. The last one is put again, longer, until it is large enough,
//! so that even a log of many small segments has few of them. Layout: SHA-256 of what follows, then `len u32 | segment`
//! again and again, integers little-endian.

use std::ops::Range;

use bytes::Bytes;
use domain::Instant;
use lifecycle::clock;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use crate::object::Keys;
use crate::object::bucket::Bucket;
use crate::port::{LogId, Position};

/// A checkpoint is due after so many events, or so long after the last one.
const EVENTS: u64 = 5_000;
const EVERY: std::time::Duration = std::time::Duration::from_secs(30);
/// Fewer segments are as quickly read one by one.
const FEWEST: usize = 8;
const SUM: usize = 32;
/// A checkpoint of so many bytes is not put again.
const LARGE: usize = 4 * 1024 * 1024;
/// With so many bytes that no put has stored, no checkpoints are made any more.
const GIVEN_UP: usize = 64 * 1024 * 1024;

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

/// The checkpoint that the log's writer makes.
#[derive(Debug)]
pub(crate) struct Gathering {
    key: String,
    keys: Keys,
    number: u64,
    /// All of this checkpoint, stored or not yet.
    segments: Vec<Bytes>,
    n_bytes: usize,
    /// Events and segments that came since the last one was put.
    n_events: u64,
    n_new: usize,
    since: Instant,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    n_segments: usize,
    told: oneshot::Receiver<bool>,
}

impl Gathering {
    /// Goes on with the last of so many checkpoints, which covers some segments, or with the next
    /// if that one is large enough. `since` are all segments from the first that it covers on.
    pub(crate) fn resume(
        id: &LogId,
        (n_checkpoints, last): (u64, Range<Position>),
        since: Vec<Bytes>,
    ) -> Self {
        let n_last = usize::try_from(last.end - last.start).unwrap_or(usize::MAX);
        let n_covered: usize = since.iter().take(n_last).map(Bytes::len).sum();
        let (number, n_done) = match n_covered < LARGE {
            true => (n_checkpoints.saturating_sub(1), 0),
            false => (n_checkpoints, n_last),
        };
        let segments: Vec<Bytes> = since.into_iter().skip(n_done).collect();
        let keys = Keys::of(id);
        Self {
            key: keys.checkpoint(number),
            keys,
            number,
            n_bytes: segments.iter().map(Bytes::len).sum(),
            segments,
            n_events: 0,
            n_new: 0,
            since: clock::now(),
            under_way: None,
        }
    }

    /// Takes in a durable segment, and has the checkpoint put when it is time. It never waits: one
    /// that was not stored is put again later.
    pub(crate) fn add(&mut self, bucket: &Bucket, segment: Bytes, n_events: u64) {
        if self.n_bytes > GIVEN_UP {
            return;
        }
        self.n_bytes += segment.len();
        self.segments.push(segment);
        self.n_events += n_events;
        self.n_new += 1;
        if let Some(mut under_way) = self.under_way.take() {
            match under_way.told.try_recv() {
                Ok(true) => self.stored(under_way.n_segments),
                Err(oneshot::error::TryRecvError::Empty) => self.under_way = Some(under_way),
                Ok(false) | Err(oneshot::error::TryRecvError::Closed) => {}
            }
        }
        let now = clock::now();
        let is_due = self.n_events >= EVENTS || now.since(self.since) >= EVERY;
        if self.under_way.is_some() || !is_due || self.n_new < FEWEST {
            return;
        }
        (self.since, self.n_events, self.n_new) = (now, 0, 0);
        self.under_way = Some(UnderWay {
            n_segments: self.segments.len(),
            told: bucket.try_put(self.key.clone(), encode(&self.segments)),
        });
    }

    /// One that is large enough is left as it is, and the next begun.
    fn stored(&mut self, n_segments: usize) {
        let n_stored: usize = self.segments.iter().take(n_segments).map(Bytes::len).sum();
        if n_stored < LARGE {
            return;
        }
        self.segments.drain(..n_segments);
        self.n_bytes -= n_stored;
        self.number += 1;
        self.key = self.keys.checkpoint(self.number);
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
