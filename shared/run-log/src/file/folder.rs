//! A run's folder as readers see it, and copies of a run that lives elsewhere.
//!
//! Reading takes no lock: it may happen beside the writer, whose last entry may then look torn and
//! is left out. Nothing here changes a folder but `Copy`, which makes a new one.

use std::fs;
use std::path::{Path, PathBuf};

use domain::{Digest, RunId};
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::file::pack::Packs;
use crate::file::{FileLog, at, file_name, frame};
use crate::port::{AppendError, Blob, Error, Log, LogId, Position, ReadLog};
use crate::segment::Stored;

/// The log and the blobs of one folder, read only.
#[derive(Clone, Debug)]
pub struct RunFolder {
    id: LogId,
    folder: PathBuf,
}

impl RunFolder {
    /// The run log of a folder such as `.muster/runs/<id>`.
    pub fn new(run: RunId, folder: impl Into<PathBuf>) -> Self {
        Self::of_log(LogId::Run(run), folder)
    }

    /// The log `id` that lies in `folder`.
    pub fn of_log(id: LogId, folder: impl Into<PathBuf>) -> Self {
        Self {
            id,
            folder: folder.into(),
        }
    }

    /// Opens a folder without knowing its run: the log says which it is.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("run.log");
        let bytes = fs::read(&path).map_err(at(&path))?;
        let name = frame::first_log_name(&bytes).ok_or_else(|| Error::Foreign {
            place: path.display().to_string(),
            why: "it holds no complete entry".to_owned(),
        })?;
        Ok(Self::new(RunId::from(name), folder))
    }

    pub fn id(&self) -> &LogId {
        &self.id
    }

    /// Every segment's bytes, in order: what `recheck` takes and what travels.
    pub fn raw(&self) -> Result<Vec<Vec<u8>>, Error> {
        let segments = self.segments(0)?;
        Ok(segments.into_iter().map(|stored| stored.bytes).collect())
    }
}

impl ReadLog for RunFolder {
    fn segments(&self, from: Position) -> Result<Vec<Stored>, Error> {
        let path = self.folder.join(file_name(&self.id));
        frame::read_to(&self.id, &path, u64::MAX, from)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        Packs::open(&self.folder.join("blobs"))?.get(digest)
    }
}

/// Why a copy could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Read(#[from] Error),
    #[error(transparent)]
    Write(#[from] AppendError),
    #[error(
        "the copy does not join on at position {at}: {why}; segments are missing or were changed on the way"
    )]
    Changed { at: Position, why: String },
}

/// A copy of a run's log, byte for byte the same segments, with its blobs.
#[derive(Debug)]
pub struct Copy {
    log: FileLog,
}

impl Copy {
    /// Goes on with the copy in `folder`, or begins it.
    pub fn open(run: &RunId, folder: &Path) -> Result<Self, CopyError> {
        let log = FileLog::open(&LogId::Run(run.clone()), folder)?;
        Ok(Self { log })
    }

    /// Where the copy ends.
    pub fn end(&self) -> Position {
        self.log.end()
    }

    /// Adds a segment that was read on the way; see `add_bytes`.
    pub fn add(&mut self, segment: &proto::v1::Segment) -> Result<(), CopyError> {
        self.add_bytes(&segment.encode_to_vec())
    }

    /// Adds a segment's bytes as they came; one that the copy has already is passed over.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> Result<(), CopyError> {
        let segment = proto::v1::Segment::decode(bytes).map_err(|error| CopyError::Changed {
            at: self.log.end(),
            why: error.to_string(),
        })?;
        if segment.position + (segment.events.len() as u64) <= self.log.end() {
            return Ok(());
        }
        self.log.append_raw(bytes)
    }

    /// Adds a blob; durable with the next segment or `finish`.
    pub fn add_blob(&mut self, bytes: Vec<u8>) -> Result<(), CopyError> {
        let digest = Digest::from(hex::encode(Sha256::digest(&bytes)));
        self.log.put_blobs(&[Blob { digest, bytes }])?;
        Ok(())
    }

    /// Makes everything durable.
    pub fn finish(mut self) -> Result<(), CopyError> {
        Ok(self.log.sync_blobs()?)
    }
}
