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

impl Leader {
    /// Name and address, one a line: what a lock or a key holds.
    pub(crate) fn to_lines(&self) -> String {
        let one_line = |text: &str| text.replace(['\n', '\r'], " ");
        format!("{}\n{}\n", one_line(&self.name), one_line(&self.address))
    }

    /// The reverse; nothing when there are not two lines.
    pub(crate) fn from_lines(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let (name, address) = lines.next().zip(lines.next())?;
        Some(Self {
            name: name.to_owned(),
            address: address.to_owned(),
        })
    }
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

    /// Ends when the tenure is known to be lost; a lock on a directory is never lost, and what etcd
    /// says is no proof.
    async fn lost(&self);

    /// Gives it back now, so that another may try at once.
    async fn resign(self: Box<Self>);
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
    #[error(
        "`{text}` is no endpoint of etcd ({why}); write https://HOST:PORT, several separated by commas"
    )]
    BadEtcd { text: String, why: String },
    #[error("{path} can't be read: {why}; it should hold PEM for the connection to etcd")]
    PemFile { path: PathBuf, why: std::io::Error },
    #[error("no member of etcd answers ({why}); look at the endpoints and at etcd itself")]
    NoEtcd { why: String },
    #[error(
        "etcd refuses this process ({why}); check that the endpoints are etcd's, and that the certificate shown may read and write the prefix"
    )]
    Refused { why: String },
    #[error("etcd has ended the lease; another is asked for")]
    LeaseGone,
}

impl Error {
    /// The same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Held { .. } | Self::NoEtcd { .. } | Self::LeaseGone
        )
    }
}
