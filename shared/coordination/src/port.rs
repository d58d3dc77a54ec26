//! The port: what every adapter guarantees.

use std::fmt::Debug;
use std::path::PathBuf;

use async_trait::async_trait;
use domain::Term;

/// Who leads, and where it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    pub name: String,
    /// `host:port`, or what a reader of an error message can use.
    pub address: String,
}

/// Chooses who may try to lead.
///
/// Guarantees: every tenure's term is higher than that of every tenure begun before, also after a
/// crash of the machine; at most one tenure is *meant* to be held at a time. It does not guarantee
/// that the holder of an ended tenure knows: only the log fences.
#[async_trait]
pub trait Elector: Send + Sync + Debug {
    /// Tries to become the one who leads, waiting as long as the adapter has patience.
    async fn campaign(&self, me: &Leader) -> Result<Box<dyn Tenure>, Error>;

    /// Who leads now, if anyone says so.
    async fn leader(&self) -> Result<Option<Leader>, Error>;
}

/// The right to try to lead; dropped, it is given back.
#[async_trait]
pub trait Tenure: Send + Sync + Debug {
    /// Higher than any before.
    fn term(&self) -> Term;

    /// Ends when the tenure is known to be lost; a lock on a directory is never lost.
    async fn lost(&self);
}

/// Why nobody was chosen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{path} is held by another coordinator ({holder}); stop that one, or give this one a data directory of its own"
    )]
    Held { path: PathBuf, holder: String },
    #[error(
        "{path} can't be used to lead from: {why}; check that it is writable and on a local disk"
    )]
    Io { path: PathBuf, why: std::io::Error },
    #[error(
        "{path} holds `{text}` where a term was expected; it was written by something else, so move it away only if no run of this directory matters"
    )]
    BadTerm { path: PathBuf, text: String },
}

impl Error {
    /// The same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Held { .. })
    }
}
