//! Segments that were read or written here, kept in memory: they never change, so a second reader
//! of the same log asks the store for nothing but the end. So does a standby that leads at last and
//! has read along before.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::object::Keys;
use crate::object::bucket::Bucket;
use crate::port::{Error, LogId, Position};
use crate::segment::Chain;

/// Bytes that are kept; what was taken in first goes first.
const MOST: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Shelf {
    bucket: Bucket,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    segments: BTreeMap<(LogId, Position), Bytes>,
    order: VecDeque<(LogId, Position)>,
    size: usize,
    /// How many checkpoints of a log were read, and what the last of them covers.
    checkpoints: BTreeMap<LogId, (u64, Range<Position>)>,
    /// How far a log was checked by any reader here.
    ends: BTreeMap<LogId, Chain>,
}

impl Shelf {
    pub(crate) fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Remembers a segment that is durable.
    pub(crate) fn keep(&self, id: &LogId, number: Position, bytes: Bytes) {
        let mut kept = self.kept();
        let key = (id.clone(), number);
        kept.size += bytes.len();
        if let Some(before) = kept.segments.insert(key.clone(), bytes) {
            kept.size -= before.len();
            return;
        }
        kept.order.push_back(key);
        while kept.size > MOST {
            let Some(oldest) = kept.order.pop_front() else {
                return;
            };
            if let Some(gone) = kept.segments.remove(&oldest) {
                kept.size -= gone.len();
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers how far a log was checked.
    pub(crate) fn note_end(&self, id: &LogId, chain: &Chain) {
        let mut kept = self.kept();
        let is_known = |known: &Chain| known.position() >= chain.position();
        if !kept.ends.get(id).is_some_and(is_known) {
            kept.ends.insert(id.clone(), chain.clone());
        }
    }

    /// How far a log was checked: nobody here need do it again.
    pub(crate) fn end(&self, id: &LogId) -> Option<Chain> {
        self.kept().ends.get(id).cloned()
    }

    /// Remembers how far a log's checkpoints were read.
    pub(crate) fn note_checkpoints(&self, id: &LogId, checkpoints: (u64, Range<Position>)) {
        self.kept().checkpoints.insert(id.clone(), checkpoints);
    }

    /// How far a log's checkpoints were read, if what they hold is still kept: then nobody needs
    /// them again.
    pub(crate) fn checkpoints(&self, id: &LogId) -> Option<(u64, Range<Position>)> {
        let kept = self.kept();
        let is_kept = kept.segments.contains_key(&(id.clone(), 0));
        kept.checkpoints.get(id).filter(|_| is_kept).cloned()
    }

    fn held(&self, id: &LogId, number: Position) -> Option<Bytes> {
        let kept = self.kept();
        kept.segments.get(&(id.clone(), number)).cloned()
    }

    /// Segments up to the first that is absent.
    pub(crate) fn read_whole(
        &self,
        id: &LogId,
        numbers: Range<Position>,
    ) -> Result<Vec<Bytes>, Error> {
        let found = self.read(id, numbers)?;
        Ok(found.into_iter().map_while(|bytes| bytes).collect())
    }

    /// Segments by their numbers, each if it is there; what is not kept is read in parallel.
    pub(crate) fn read(
        &self,
        id: &LogId,
        numbers: Range<Position>,
    ) -> Result<Vec<Option<Bytes>>, Error> {
        let mut found: Vec<Option<Bytes>> = numbers
            .clone()
            .map(|number| self.held(id, number))
            .collect();
        let missing: Vec<usize> = (0..found.len()).filter(|at| found[*at].is_none()).collect();
        let keys = Keys::of(id);
        let wanted: Vec<String> = missing
            .iter()
            .map(|at| keys.segment(numbers.start + *at as Position))
            .collect();
        for (at, bytes) in missing.into_iter().zip(self.bucket.read_all(&wanted)?) {
            found[at] = bytes;
        }
        Ok(found)
    }
}
