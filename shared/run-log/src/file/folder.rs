//! A run's folder as readers see it, and copies of a run that lives elsewhere.
//!
//! Reading takes no lock: it may happen beside the writer, whose last entry may then look torn and
//! is left out. Nothing here changes a folder but `Copy`, which makes a new one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use domain::{Digest, RunId};
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::file::frame::{self, Cursor};
use crate::file::pack::{Index, Packs};
use crate::file::{BLOBS, FileLog, at, file_name};
use crate::port::{
    AppendError, Blob, Blobs, Error, Log, LogId, Position, ReadBlobs, ReadLog, Tail,
};
use crate::segment::Stored;

/// The log and the blobs of one folder, read only.
#[derive(Clone, Debug)]
pub struct RunFolder {
    id: LogId,
    folder: PathBuf,
    index: Arc<OnceLock<Index>>,
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
            index: Arc::default(),
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
        let mut segments = Cursor::new(&self.id, path).next(Position::MAX)?;
        segments.retain(|stored| stored.number() >= from);
        Ok(segments)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let folder = self.folder.join(BLOBS);
        let index = match self.index.get() {
            Some(index) => index,
            None => {
                let index = Index::open(&folder)?;
                self.index.get_or_init(|| index)
            }
        };
        if let Some(bytes) = index.get(digest)? {
            return Ok(Some(bytes));
        }
        // It may have come since the heads were read.
        index.scan()?;
        index.get(digest)
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
    blobs: Packs,
}

impl Copy {
    /// Goes on with the copy in `folder`, or begins it.
    pub fn open(run: &RunId, folder: &Path) -> Result<Self, CopyError> {
        Ok(Self {
            log: FileLog::open(&LogId::Run(run.clone()), folder)?,
            blobs: Packs::open(&folder.join(BLOBS))?,
        })
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
        if segment.number < self.log.end() {
            return Ok(());
        }
        self.blobs.sync()?;
        self.log.append_raw(bytes)
    }

    /// Adds a blob; durable with the next segment or `finish`.
    pub fn add_blob(&mut self, bytes: Vec<u8>) -> Result<(), CopyError> {
        let digest = Digest::from(hex::encode(Sha256::digest(&bytes)));
        Ok(self.blobs.put(&[Blob { digest, bytes }])?)
    }

    /// Makes everything durable.
    pub fn finish(mut self) -> Result<(), CopyError> {
        Ok(self.blobs.sync()?)
    }
}
