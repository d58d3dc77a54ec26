//! Results on disk until they are acknowledged: they survive the process, not the host.
//!
//! A directory belongs to one process at a time (a lock), and counts its owners (the incarnation),
//! so that a later one proves that the earlier is dead. One file per attempt holds frames; it is
//! emptied when all of them are acknowledged and goes with the attempt. Frames are in `spool::frame`,
//! the thread that writes in `spool::keeper`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use accounting::worker::{Recovered, RecoveredResult};
use domain::{AttemptId, RunId};
use rustix::fs::{FlockOperation, flock};

mod frame;
mod keeper;

pub(crate) use keeper::{Keeper, Order};

const SUFFIX: &str = "spool";

/// Why the spool can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error(
        "{path} is used by another worker that runs now; give each worker a spool directory of its own"
    )]
    Held { path: PathBuf },
    #[error(
        "{path} can't be used as a spool: {why}; check that it is writable and on a local disk"
    )]
    Io { path: PathBuf, why: io::Error },
    #[error(
        "{path} holds `{text}` where a count was expected; it was written by something else, so give the worker another directory"
    )]
    BadCount { path: PathBuf, text: String },
}

/// A spool directory, held by this process.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    _lock: File,
    pub(crate) incarnation: u64,
    /// What earlier owners left.
    pub(crate) recovered: Vec<Recovered>,
}

impl Spool {
    /// Takes hold of the directory, which is made when it is missing.
    pub(crate) fn open(folder: &Path) -> Result<Self, SpoolError> {
        let io = |why| SpoolError::Io {
            path: folder.to_owned(),
            why,
        };
        fs::create_dir_all(folder).map_err(io)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("lock"))
            .map_err(io)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(SpoolError::Held {
                    path: folder.to_owned(),
                });
            }
            Err(errno) => return Err(io(errno.into())),
        }
        let incarnation = count(folder)?;
        let recovered = recover(folder).map_err(io)?;
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
            incarnation,
            recovered,
        })
    }

    fn file(&self, run: &RunId, attempt: AttemptId) -> PathBuf {
        self.folder
            .join(format!("{}-{attempt}.{SUFFIX}", safe_name(run.as_str())))
    }
}

/// A run's name comes from outside; its digest is a name that is always a good one. The frames hold
/// it as it is.
fn safe_name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !text.is_empty() && text.len() <= 150 && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("%{}", wire::digest::of(text.as_bytes())),
    }
}

/// Counts this owner, durably: a number is never used again.
fn count(folder: &Path) -> Result<u64, SpoolError> {
    let path = folder.join("incarnation");
    let io = |why| SpoolError::Io {
        path: path.clone(),
        why,
    };
    let last = match fs::read_to_string(&path) {
        Ok(text) => text
            .trim()
            .parse::<u64>()
            .map_err(|_| SpoolError::BadCount {
                path: path.clone(),
                text: text.chars().take(40).collect(),
            })?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(io(error)),
    };
    let incarnation = last.saturating_add(1);
    let write = || -> io::Result<()> {
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(incarnation.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(io)?;
    Ok(incarnation)
}

/// Reads every file; a frame that was cut short was never sent, so its case runs again.
fn recover(folder: &Path) -> io::Result<Vec<Recovered>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|suffix| suffix != SUFFIX) {
            continue;
        }
        let (frames, length) = frame::read_all(&fs::read(&path)?);
        OpenOptions::new()
            .write(true)
            .open(&path)?
            .set_len(length)?;
        match frames.first() {
            None => fs::remove_file(&path)?,
            Some(first) => all.push(Recovered {
                run: first.run.clone(),
                attempt: first.attempt,
                results: frames.into_iter().map(RecoveredResult::from).collect(),
            }),
        }
    }
    all.sort_by(|one, other| (&one.run, one.attempt).cmp(&(&other.run, other.attempt)));
    Ok(all)
}

/// What recovery would take from the bytes of one file: the results whose frames hold, from the
/// start on, and how many bytes those are. For tools and tests; nothing is written.
pub fn spooled_results(bytes: &[u8]) -> (Vec<RecoveredResult>, u64) {
    let (frames, length) = frame::read_all(bytes);
    (
        frames.into_iter().map(RecoveredResult::from).collect(),
        length,
    )
}

#[cfg(test)]
mod tests;
