//! One log as a process that may write it: an append is one object, made if it is absent.
//!
//! `append` returns that the segment is durable, or that somebody else wrote its number, and asks
//! until it knows. A refusal for good, `halt`, or a long silence end it as a crash would. The
//! bytes of a number are made once: whatever is put again are the same bytes.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;

use crate::object::Keys;
use crate::object::bucket::{Bucket, Stands};
use crate::object::checkpoint::Gathering;
use crate::object::shelf::Shelf;
use crate::object::tail::ObjectTail;
use crate::port::{AppendError, Batch, Error, Log, LogId, Position, Tail as _};
use crate::segment::Chain;

#[derive(Debug)]
pub(crate) struct ObjectLog {
    id: LogId,
    keys: Keys,
    bucket: Bucket,
    shelf: Arc<Shelf>,
    chain: Chain,
    gathering: Gathering,
    /// Set after an outcome that is not known: nothing is written again.
    broken: Option<String>,
}

impl ObjectLog {
    /// Reads to the end, from where any reader here has come to, and makes sure that nothing stands
    /// behind it.
    pub(crate) fn open(id: &LogId, bucket: Bucket, shelf: &Arc<Shelf>) -> Result<Self, Error> {
        let keys = Keys::of(id);
        let mut tail = ObjectTail::behind_all_read(id, shelf.clone());
        tail.next(Position::MAX)?;
        while bucket.has_behind(&keys.segments(), &keys.segment(tail.chain().position()))? {
            // Another writer may have gone on while we read.
            let more = tail.next(Position::MAX)?;
            if more.is_empty() {
                return Err(tail.hole());
            }
        }
        let (n_checkpoints, last) = tail.checkpoints()?;
        let since = shelf.read_whole(id, last.start..tail.chain().position())?;
        Ok(Self {
            gathering: Gathering::resume(id, (n_checkpoints, last), since),
            chain: tail.chain().clone(),
            id: id.clone(),
            keys,
            bucket,
            shelf: shelf.clone(),
            broken: None,
        })
    }

    fn conflict(&self, at: Position) -> AppendError {
        AppendError::Conflict {
            log: self.id.clone(),
            at,
            end: self.chain.position(),
        }
    }

    fn fatal(&mut self, at: Position, why: String) -> AppendError {
        self.broken = Some(why.clone());
        AppendError::Fatal {
            place: self.bucket.place(&self.keys.segment(at)),
            why,
        }
    }

    /// Reads what others wrote before `at`.
    fn catch_up(&mut self, at: Position) -> Result<(), String> {
        while self.chain.position() < at {
            let from = self.chain.position();
            let read = self.shelf.read(&self.id, from..from + 1);
            match read.map_err(|error| error.to_string())?.pop().flatten() {
                Some(bytes) => self.joined(bytes)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Moves behind a segment that stands in the store.
    fn joined(&mut self, bytes: Bytes) -> Result<(), String> {
        let number = self.chain.position();
        let segment = self.chain.join(&bytes).map_err(|why| why.to_string())?;
        self.shelf.keep(&self.id, number, bytes.clone());
        let n_events = segment.events.len() as u64;
        self.gathering.add(&self.bucket, bytes, n_events);
        Ok(())
    }

    /// Somebody else's segment stands at the end: it is read, and the append is refused.
    fn lost_to(&mut self, at: Position, found: Vec<u8>, ours: &Batch) -> AppendError {
        if let Ok(segment) = proto::v1::Segment::decode(found.as_slice())
            && segment.writer == ours.writer
            && segment.term == ours.term.0
        {
            let why = "this writer put other bytes under the same number before".to_owned();
            return self.fatal(at, why);
        }
        match self.joined(found.into()) {
            Ok(()) => self.conflict(at),
            Err(why) => self.fatal(at, why),
        }
    }
}

impl Log for ObjectLog {
    fn end(&self) -> Position {
        self.chain.position()
    }

    fn append(&mut self, at: Position, batch: &Batch) -> Result<Position, AppendError> {
        if let Some(why) = self.broken.clone() {
            return Err(self.fatal(at, why));
        }
        if at > self.chain.position() {
            self.catch_up(at).map_err(|why| self.fatal(at, why))?;
        }
        if at != self.chain.position() || batch.term < self.chain.term() {
            return Err(self.conflict(at));
        }
        let bytes = Bytes::from(self.chain.next(batch).encode_to_vec());
        match self.bucket.create(&self.keys.segment(at), &bytes) {
            Ok(Stands::Ours) => match self.joined(bytes) {
                Ok(()) => Ok(self.end()),
                Err(why) => Err(self.fatal(at, why)),
            },
            Ok(Stands::Theirs(found)) => Err(self.lost_to(at, found, batch)),
            Err(why) => Err(self.fatal(at, why.to_string())),
        }
    }
}
