//! Leadership of one directory: a lock on a file of it, and a term counted in another.
//!
//! The lock is the kernel's (`flock`): it ends with the process, however that ends, and it is not
//! inherited by programs the process starts (close-on-exec). The term is written and synced
//! before it is used, so that no crash gives the same term twice.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use domain::Term;
use rustix::fs::{FlockOperation, flock};

use crate::port::{Elector, Error, Leader, Tenure};

const LOCK: &str = "lock";
const TERM: &str = "term";
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// Whoever asks for the leader holds the lock for microseconds; that must not refuse a candidate.
const A_PROBE: Duration = Duration::from_millis(150);

/// Leadership of one directory on a local disk.
#[derive(Debug)]
pub struct Embedded {
    directory: PathBuf,
    patience: Duration,
}

impl Embedded {
    /// The directory is made when it is missing.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            patience: A_PROBE,
        }
    }

    /// How long `campaign` waits for a holder to let go; a moment by default.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn try_lead(&self, me: &Leader) -> Result<Held, Error> {
        let path = self.directory.join(LOCK);
        let io = |why| Error::Io {
            path: path.clone(),
            why,
        };
        fs::create_dir_all(&self.directory).map_err(io)?;
        let mut lock = open_lock(&path).map_err(io)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let holder = read_holder(&mut lock).map_err(io)?;
                let holder = holder.map_or_else(
                    || "it did not say who it is".to_owned(),
                    |leader| format!("{} at {}", leader.name, leader.address),
                );
                return Err(Error::Held { path, holder });
            }
            Err(errno) => return Err(io(errno.into())),
        }
        let term = next_term(&self.directory)?;
        write_holder(&mut lock, me).map_err(io)?;
        Ok(Held { term, _lock: lock })
    }
}

#[async_trait]
impl Elector for Embedded {
    async fn campaign(&self, me: &Leader) -> Result<Box<dyn Tenure>, Error> {
        let deadline = tokio::time::Instant::now() + self.patience;
        loop {
            match self.try_lead(me) {
                Ok(held) => return Ok(Box::new(held)),
                Err(error) if error.is_retryable() && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(BETWEEN_TRIES).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn leader(&self) -> Result<Option<Leader>, Error> {
        let path = self.directory.join(LOCK);
        let io = |why| Error::Io {
            path: path.clone(),
            why,
        };
        let mut lock = match File::open(&path) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        match flock(&lock, FlockOperation::NonBlockingLockShared) {
            // Nobody holds it; what the file says is of an earlier leader.
            Ok(()) => Ok(None),
            Err(rustix::io::Errno::WOULDBLOCK) => read_holder(&mut lock).map_err(io),
            Err(errno) => Err(io(errno.into())),
        }
    }
}

/// The lock, held until this is dropped.
#[derive(Debug)]
struct Held {
    term: Term,
    _lock: File,
}

#[async_trait]
impl Tenure for Held {
    fn term(&self) -> Term {
        self.term
    }

    async fn lost(&self) {
        std::future::pending().await
    }

    async fn resign(self: Box<Self>) {
        drop(self);
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn read_holder(lock: &mut File) -> io::Result<Option<Leader>> {
    let mut bytes = Vec::new();
    lock.read_to_end(&mut bytes)?;
    Ok(Leader::from_lines(&bytes))
}

fn write_holder(lock: &mut File, me: &Leader) -> io::Result<()> {
    lock.set_len(0)?;
    lock.write_all(me.to_lines().as_bytes())
}

/// Counts the term up and makes it durable before anybody uses it.
fn next_term(directory: &Path) -> Result<Term, Error> {
    let path = directory.join(TERM);
    let io = |why| Error::Io {
        path: path.clone(),
        why,
    };
    let last = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse::<u64>().map_err(|_| Error::BadTerm {
            path: path.clone(),
            text: text.chars().take(40).collect(),
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(io(error)),
    };
    let term = last.saturating_add(1);
    write_durably(directory, &path, &term.to_string()).map_err(io)?;
    Ok(Term(term))
}

fn write_durably(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    conformance::suite!(embedded, {
        let directory = tempfile::tempdir().unwrap();
        let impatient = Embedded::new(directory.path());
        let elector = Embedded::new(directory.path()).with_patience(Duration::from_secs(60));
        (elector, impatient, directory)
    });

    fn me(name: &str) -> Leader {
        Leader {
            name: name.to_owned(),
            address: "127.0.0.1:7400".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_second_coordinator_is_told_who_holds_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let elector = Embedded::new(directory.path());
        let _held = elector.campaign(&me("first")).await.unwrap();
        let error = elector.campaign(&me("second")).await.unwrap_err();
        assert!(
            error.to_string().contains("first at 127.0.0.1:7400"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_patient_candidate_waits_for_the_holder_to_let_go() {
        let directory = tempfile::tempdir().unwrap();
        let held = Embedded::new(directory.path())
            .campaign(&me("first"))
            .await
            .unwrap();
        let patient = Embedded::new(directory.path()).with_patience(Duration::from_secs(30));
        let candidate = me("second");
        let (tenure, ()) = tokio::join!(patient.campaign(&candidate), async {
            tokio::task::yield_now().await;
            drop(held);
        });
        assert_eq!(tenure.unwrap().term(), Term(2));
    }

    #[tokio::test]
    async fn a_term_file_of_something_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(TERM), "hello").unwrap();
        let error = Embedded::new(directory.path())
            .campaign(&me("first"))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::BadTerm { .. }), "{error}");
    }
}
