//! Results on disk until they are acknowledged: they survive the process, not the host.
//!
//! A directory belongs to one process at a time (a lock), and counts its owners (the incarnation),
//! so that a later one proves that the earlier is dead. A number drawn at random (the home) tells it from
//! other directories, about whose owners it proves nothing. One file per attempt holds frames; it is
//! emptied when all of them are acknowledged and goes with the attempt. Frames are in `spool::frame`,
//! the thread that writes in `spool::keeper`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use accounting::worker::{Recovered, RecoveredResult};
use domain::{AttemptId, Incarnation, RunId};
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
        "{path} holds `{text}` where a number was expected; it was written by something else, so give the worker another directory"
    )]
    BadNumber { path: PathBuf, text: String },
}

/// A spool directory, held by this process.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    _lock: File,
    pub(crate) incarnation: Incarnation,
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
        let incarnation = Incarnation {
            home: home(folder)?,
            number: count(folder)?,
        };
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

/// Tells this folder from every other of the same worker's name: drawn once, when it is first used.
fn home(folder: &Path) -> Result<u64, SpoolError> {
    let path = folder.join("home");
    match number_in(&path, 16)? {
        Some(home) => Ok(home),
        None => {
            let home = draw().map_err(|why| SpoolError::Io {
                path: path.clone(),
                why,
            })?;
            keep_in(&path, &format!("{home:016x}"))?;
            Ok(home)
        }
    }
}

fn draw() -> io::Result<u64> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Counts this owner, durably: a number is never used again.
fn count(folder: &Path) -> Result<u64, SpoolError> {
    let path = folder.join("incarnation");
    let number = number_in(&path, 10)?.unwrap_or_default().saturating_add(1);
    keep_in(&path, &number.to_string())?;
    Ok(number)
}

/// `None` when there is no such file yet.
fn number_in(path: &Path, radix: u32) -> Result<Option<u64>, SpoolError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => {
            return Err(SpoolError::Io {
                path: path.to_owned(),
                why,
            });
        }
    };
    let number = u64::from_str_radix(text.trim(), radix);
    number.map(Some).map_err(|_| SpoolError::BadNumber {
        path: path.to_owned(),
        text: text.chars().take(40).collect(),
    })
}

/// Durably, and whole or not at all.
fn keep_in(path: &Path, text: &str) -> Result<(), SpoolError> {
    let write = || -> io::Result<()> {
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    write().map_err(|why| SpoolError::Io {
        path: path.to_owned(),
        why,
    })
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
