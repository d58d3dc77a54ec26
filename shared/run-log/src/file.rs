//! The adapter on a local disk: framed files, synced before anything is said to be durable.
//!
//! A run's folder holds `run.log` and `blobs/`; the grid's holds `grid.log`. Opening for writing
//! copies what can be verified into a new file and syncs that, so that nothing is trusted that an
//! earlier, failed sync may have left in memory only. Exclusion between processes is not kept
//! here: `coordination::Embedded` locks the directory.
//!
//! Reading order: `frame` (bytes of an entry), `pack` (blobs), `folder` (readers and copies).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::port::{AppendError, Batch, Blobs, Error, Log, LogId, Position, Store, Tail};
use crate::segment::Chain;

pub mod folder;
pub mod frame;
pub mod pack;

pub use folder::{Copy, RunFolder};
use frame::Cursor;
use pack::Packs;

/// The folder of blobs, beside the logs.
pub(crate) const BLOBS: &str = "blobs";

/// Where the logs of a coordinator lie below its data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Many runs: `grid.log`, `blobs/` of all runs, and `runs/<id>/run.log`.
    Grid,
    /// One run, whose folder the data directory is: `grid.log`, `run.log` and `blobs/`.
    SingleRun,
}

/// Logs as files below one directory.
#[derive(Clone, Debug)]
pub struct FileStore {
    root: PathBuf,
    layout: Layout,
}

impl FileStore {
    pub fn new(root: impl Into<PathBuf>, layout: Layout) -> Self {
        Self {
            root: root.into(),
            layout,
        }
    }

    /// The folder that holds a log.
    pub fn folder(&self, id: &LogId) -> PathBuf {
        match (id, self.layout) {
            (LogId::Run(run), Layout::Grid) => self.root.join("runs").join(safe_name(run.as_str())),
            _ => self.root.clone(),
        }
    }

    fn file(&self, id: &LogId) -> PathBuf {
        self.folder(id).join(file_name(id))
    }
}

impl Store for FileStore {
    fn open(&self, id: &LogId) -> Result<Box<dyn Log>, Error> {
        Ok(Box::new(FileLog::open(id, &self.folder(id))?))
    }

    fn tail(&self, id: &LogId) -> Box<dyn Tail> {
        Box::new(Cursor::new(id, self.file(id)))
    }

    fn blobs(&self) -> Result<Box<dyn Blobs>, Error> {
        Ok(Box::new(Packs::open(&self.root.join(BLOBS))?))
    }
}

/// A run id comes from outside, so it never becomes a path as it stands: what is not plain is
/// written as `%` and its code, and two ids never share a folder.
pub(crate) fn safe_name(text: &str) -> String {
    const LONGEST: usize = 150;
    let mut name = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    if name.is_empty() || name.len() > LONGEST {
        name.truncate(LONGEST);
        name.push('%');
        name.push_str(&hex::encode(Sha256::digest(text)));
    }
    name
}

pub(crate) fn file_name(id: &LogId) -> &'static str {
    match id {
        LogId::Grid => "grid.log",
        LogId::Run(_) => "run.log",
    }
}

/// Gives an I/O error its place.
pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |why| Error::Io {
        place: path.display().to_string(),
        why,
    }
}

pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// One log file, written by its only holder.
#[derive(Debug)]
pub struct FileLog {
    id: LogId,
    path: PathBuf,
    file: File,
    chain: Chain,
    /// Set after a failed write: nothing is written again.
    broken: Option<String>,
}

impl FileLog {
    /// Opens `folder`'s log for writing; makes it when it is missing.
    pub fn open(id: &LogId, folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        let path = folder.join(file_name(id));
        let verified = frame::verify(id, &path)?;
        let file = rewrite(&path, &verified.kept).map_err(at(&path))?;
        sync_directory(folder).map_err(at(folder))?;
        if let Some(parent) = folder.parent().filter(|parent| parent.is_dir()) {
            sync_directory(parent).map_err(at(parent))?;
        }
        if let Some(offset) = verified.torn_at {
            tracing::warn!(file = %path.display(), offset, "cut off an entry that was never acknowledged");
        }
        Ok(Self {
            id: id.clone(),
            path,
            file,
            chain: verified.chain,
            broken: None,
        })
    }

    fn fatal(&mut self, why: &io::Error) -> AppendError {
        let why = why.to_string();
        self.broken = Some(why.clone());
        AppendError::Fatal {
            place: self.path.display().to_string(),
            why,
        }
    }

    fn refuse_when_broken(&self) -> Result<(), AppendError> {
        match &self.broken {
            None => Ok(()),
            Some(why) => Err(AppendError::Fatal {
                place: self.path.display().to_string(),
                why: why.clone(),
            }),
        }
    }

    /// Appends a segment that was made elsewhere, byte for byte.
    fn append_raw(&mut self, payload: &[u8]) -> Result<(), folder::CopyError> {
        self.refuse_when_broken()?;
        let mut chain = self.chain.clone();
        chain
            .join(payload)
            .map_err(|error| folder::CopyError::Changed {
                at: self.chain.position(),
                why: error.to_string(),
            })?;
        Ok(self.extend(chain, payload)?)
    }

    /// Makes a segment durable that has joined on to `chain`.
    fn extend(&mut self, chain: Chain, payload: &[u8]) -> Result<(), AppendError> {
        let at = self.chain.position();
        let bytes = frame::encode(chain.term(), at, &self.chain.link(), payload);
        if bytes.len() > frame::LONGEST {
            let why = format!("an append of {} bytes is too long", bytes.len());
            return Err(self.fatal(&io::Error::other(why)));
        }
        self.write(&bytes).map_err(|why| self.fatal(&why))?;
        self.chain = chain;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }
}

/// Copies the kept bytes to a new file that takes the old one's place, synced.
fn rewrite(path: &Path, kept: &[u8]) -> io::Result<File> {
    let new = path.with_extension("log.new");
    let mut file = File::create(&new)?;
    file.write_all(if kept.is_empty() { frame::MAGIC } else { kept })?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    OpenOptions::new().append(true).open(path)
}

impl Log for FileLog {
    fn end(&self) -> Position {
        self.chain.position()
    }

    fn append(&mut self, at: Position, batch: &Batch) -> Result<Position, AppendError> {
        self.refuse_when_broken()?;
        let end = self.chain.position();
        if at != end || batch.term < self.chain.term() {
            return Err(AppendError::Conflict {
                log: self.id.clone(),
                at,
                end,
            });
        }
        let payload = self.chain.next(batch).encode_to_vec();
        let mut chain = self.chain.clone();
        let joined = chain.join(&payload).map_err(io::Error::other);
        joined.map_err(|why| self.fatal(&why))?;
        self.extend(chain, &payload)?;
        Ok(self.end())
    }
}

#[cfg(test)]
mod tests;
