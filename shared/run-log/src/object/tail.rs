//! Reading a log from its start on: checkpoints first, then segments in doubling parallel batches
//! to the first number that is absent.
//!
//! Everything joins one chain, so a swapped, changed or missing segment is an error and never
//! passed over.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::object::shelf::Shelf;
use crate::object::{Keys, checkpoint};
use crate::port::{Error, LogId, Position, Tail};
use crate::segment::{BadChain, Chain, Stored};

/// Objects that are asked for at a time, at most.
const WIDEST: u64 = 64;

#[derive(Debug)]
pub(crate) struct ObjectTail {
    id: LogId,
    keys: Keys,
    chain: Chain,
    shelf: Arc<Shelf>,
    /// Checkpoints are looked for once.
    has_begun: bool,
    /// Checkpoints that were used whole, here or before, and what the last of them covers.
    checkpoints: u64,
    last: Range<Position>,
}

impl ObjectTail {
    pub(crate) fn new(id: &LogId, shelf: Arc<Shelf>) -> Self {
        Self {
            keys: Keys::of(id),
            chain: Chain::start(id),
            id: id.clone(),
            shelf,
            has_begun: false,
            checkpoints: 0,
            last: 0..0,
        }
    }

    /// Reads on from where any reader of this process has come to.
    pub(crate) fn behind_all_read(id: &LogId, shelf: Arc<Shelf>) -> Self {
        let mut tail = Self::new(id, shelf);
        if let (Some(end), Some(known)) = (tail.shelf.end(id), tail.shelf.checkpoints(id)) {
            tail.chain = end;
            tail.has_begun = true;
            (tail.checkpoints, tail.last) = known;
        }
        tail
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// How many checkpoints there are now, and the segments that the last of them covers. They may
    /// have grown since this began to read.
    pub(crate) fn checkpoints(&self) -> Result<(u64, Range<Position>), Error> {
        let (mut number, mut last) = (self.checkpoints, self.last.clone());
        // The last one known is put again, longer, until it is large enough.
        let mut next = number.saturating_sub(1);
        let mut from = last.start;
        loop {
            let object = self.shelf.bucket().read(&self.keys.checkpoint(next))?;
            let Some(segments) = object.as_ref().and_then(checkpoint::decode) else {
                return Ok((number, last));
            };
            let to = from + segments.len() as Position;
            let is_read = !segments.is_empty() && to <= self.chain.position();
            if !is_read || self.shelf.read_whole(&self.id, from..to)? != segments {
                return Ok((number, last));
            }
            (number, last) = (next + 1, from..to);
            (next, from) = (number, to);
        }
    }

    /// What was read here before is not read again; otherwise checkpoints go first.
    fn begin(&mut self, up_to: Position) -> Result<Vec<Stored>, Error> {
        self.has_begun = true;
        if let Some(known) = self.shelf.checkpoints(&self.id) {
            (self.checkpoints, self.last) = known;
            return Ok(Vec::new());
        }
        let found = self.read_checkpoints(up_to)?;
        let read = (self.checkpoints, self.last.clone());
        self.shelf.note_checkpoints(&self.id, read);
        Ok(found)
    }

    fn read_checkpoints(&mut self, up_to: Position) -> Result<Vec<Stored>, Error> {
        let mut found = Vec::new();
        let mut width = 1;
        loop {
            let numbers = self.checkpoints..self.checkpoints + width;
            let keys: Vec<String> = numbers.map(|at| self.keys.checkpoint(at)).collect();
            for object in self.shelf.bucket().read_all(&keys)? {
                let Some(segments) = object.as_ref().and_then(checkpoint::decode) else {
                    return Ok(found);
                };
                let began = self.chain.position();
                for bytes in segments {
                    if self.chain.position() >= up_to {
                        return Ok(found);
                    }
                    // It is a cache: what does not join on is read where it belongs.
                    let Ok(stored) = self.join(bytes) else {
                        return Ok(found);
                    };
                    found.push(stored);
                }
                self.checkpoints += 1;
                self.last = began..self.chain.position();
            }
            width = (width * 2).min(WIDEST);
        }
    }

    fn join(&mut self, bytes: Bytes) -> Result<Stored, BadChain> {
        let number = self.chain.position();
        let segment = self.chain.join(&bytes)?;
        self.shelf.keep(&self.id, number, bytes.clone());
        Ok(Stored {
            bytes: bytes.into(),
            segment,
        })
    }

    /// An absent number with a present one behind it: either both came while we read, or there is
    /// a hole.
    fn absent(&self, is_behind: bool) -> Result<Option<Bytes>, Error> {
        let number = self.chain.position();
        if !is_behind {
            return Ok(None);
        }
        let again = self.shelf.read(&self.id, number..number + 1)?;
        match again.into_iter().next().flatten() {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(self.hole()),
        }
    }

    pub(crate) fn hole(&self) -> Error {
        let number = self.chain.position();
        Error::BadSegment {
            place: self.shelf.bucket().place(&self.keys.segment(number)),
            number,
            why: "it is absent, and later ones are there".to_owned(),
        }
    }
}

impl Tail for ObjectTail {
    fn next(&mut self, up_to: Position) -> Result<Vec<Stored>, Error> {
        let read = self.read(up_to);
        self.shelf.note_end(&self.id, &self.chain);
        read
    }
}

impl ObjectTail {
    fn read(&mut self, up_to: Position) -> Result<Vec<Stored>, Error> {
        let mut found = Vec::new();
        if !self.has_begun && up_to > 0 {
            found = self.begin(up_to)?;
        }
        let mut width = 1;
        while self.chain.position() < up_to {
            let from = self.chain.position();
            let to = from.saturating_add(width).min(up_to);
            let batch = self.shelf.read(&self.id, from..to)?;
            let n_present = batch.iter().flatten().count();
            for (n_joined, bytes) in batch.into_iter().enumerate() {
                let is_behind = n_joined < n_present;
                let Some(bytes) =
                    bytes.map_or_else(|| self.absent(is_behind), |one| Ok(Some(one)))?
                else {
                    return Ok(found);
                };
                let number = self.chain.position();
                let joined = self.join(bytes);
                found.push(joined.map_err(|why| Error::BadSegment {
                    place: self.shelf.bucket().place(&self.keys.segment(number)),
                    number,
                    why: why.to_string(),
                })?);
            }
            width = (width * 2).min(WIDEST);
        }
        Ok(found)
    }
}
