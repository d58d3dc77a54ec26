//! The adapter on an object store: segments put if absent under dense numbers, blobs by digest.
//!
//! Any number of processes may hold the same log; the store decides who wrote a number, and the
//! loser hears `Conflict`. Segments are never changed or deleted here: a number that became free
//! again would let a late put of a deposed leader in. No clock decides anything.
//!
//! Reading order: `address` (where it is), `bucket` (one request and its outcome), `log` (append),
//! `tail` (read), `checkpoint` (copies that make reading cheap), `shelf` (what was read once),
//! `blobs`, `rest` (a log as it lies, damaged or not).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lifecycle::{Stop, clock};

use crate::file::safe_name;
use crate::port::{Blobs, Error, Log, LogId, Store, Tail};

pub mod address;
mod blobs;
mod bucket;
mod checkpoint;
mod log;
mod rest;
mod shelf;
mod tail;

pub use address::{Address, AddressError};
use blobs::ObjectBlobs;
use bucket::{Bucket, Stands};
use log::ObjectLog;
use shelf::Shelf;
use tail::ObjectTail;

/// The object by which a store is tried.
const CHECKED: &str = "muster-was-here";

/// How patient the adapter is with its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the answer to one small request; large bodies have a second more per MiB.
    pub request: Duration,
    /// For a read that is asked again and again.
    pub read: Duration,
    /// For an append whose outcome is asked for again and again. It then fails as by a crash: what
    /// became of it is for the next leader to read.
    pub append: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            read: Duration::from_secs(30),
            append: Duration::from_secs(60),
        }
    }
}

/// Logs and blobs as objects below one prefix; cheap to clone.
#[derive(Clone, Debug)]
pub struct ObjectStore {
    bucket: Bucket,
    shelf: Arc<Shelf>,
}

impl ObjectStore {
    /// Opens the store at an address. Nothing is asked of it yet; see `check`.
    pub fn open(address: &Address) -> Result<Self, Error> {
        Self::with_patience(address, Patience::default())
    }

    /// As `open`, with another patience.
    pub fn with_patience(address: &Address, patience: Patience) -> Result<Self, Error> {
        let bucket = Bucket::open(address, patience)?;
        let shelf = Arc::new(Shelf::new(bucket.clone()));
        Ok(Self { bucket, shelf })
    }

    /// Makes sure that the store answers, lets us read and write, and refuses what it has already:
    /// one that overwrites it would let two leaders write. The error says what to mend, or that the
    /// store may answer later (`is_retryable`). Blocks.
    pub fn check(&self) -> Result<(), Error> {
        self.bucket.read(CHECKED)?;
        let mut last = Stands::Ours;
        for turn in ["first", "second"] {
            let mark = format!("{turn} of {} at {}", std::process::id(), clock::wall_ms());
            let made = self.bucket.create(CHECKED, &mark.into());
            last = made.map_err(|why| Error::Io {
                place: self.bucket.place(CHECKED),
                why,
            })?;
        }
        match last {
            Stands::Theirs(_) => Ok(()),
            Stands::Ours => Err(unreadable(
                &self.bucket.place(CHECKED),
                "the store overwrote an object that was to be made only if absent \
                 (If-None-Match: *); it can't hold logs, use one that honours this",
            )),
        }
    }

    /// Cancelled, appends that have no answer yet return `Fatal`: nothing else ends them.
    pub fn halt(&self) -> &Stop {
        self.bucket.halt()
    }
}

impl Store for ObjectStore {
    fn open(&self, id: &LogId) -> Result<Box<dyn Log>, Error> {
        Ok(Box::new(ObjectLog::open(
            id,
            self.bucket.clone(),
            &self.shelf,
        )?))
    }

    fn tail(&self, id: &LogId) -> Box<dyn Tail> {
        Box::new(ObjectTail::new(id, self.shelf.clone()))
    }

    fn blobs(&self) -> Result<Box<dyn Blobs>, Error> {
        Ok(Box::new(ObjectBlobs::new(self.bucket.clone())))
    }
}

/// The keys of one log.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    folder: String,
}

impl Keys {
    pub(crate) fn of(id: &LogId) -> Self {
        let folder = match id {
            LogId::Grid => "grid".to_owned(),
            LogId::Run(run) => format!("runs/{}", safe_name(run.as_str())),
        };
        Self { folder }
    }

    /// Twenty digits hold any number, so keys sort as numbers do.
    pub(crate) fn segment(&self, number: u64) -> String {
        format!("{}/segments/{number:020}", self.folder)
    }

    pub(crate) fn segments(&self) -> String {
        format!("{}/segments", self.folder)
    }

    pub(crate) fn checkpoint(&self, number: u64) -> String {
        format!("{}/checkpoints/{number:020}", self.folder)
    }
}

/// What can't be read, and where.
pub(crate) fn unreadable(place: &str, why: impl Into<String>) -> Error {
    Error::Io {
        place: place.to_owned(),
        why: io::Error::other(why.into()),
    }
}
