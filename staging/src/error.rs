//! Why a platform could not be started. What a running platform answers is in `web::error`.

use std::net::SocketAddr;
use std::path::PathBuf;

/// A platform that could not be started, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the data directory.
    #[error("cannot use {path}: {source}; choose a data directory that you may write to")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A listening socket.
    #[error("cannot listen on {address}: {source}; choose another address or port 0")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Making the certificate authority or a certificate.
    #[error("cannot make a certificate for {host}: {source}")]
    Certificate {
        /// The host that the certificate is for.
        host: String,
        /// What the certificate library said.
        source: rcgen::Error,
    },
    /// Setting up TLS from the certificate made.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The database.
    #[error("cannot open the database {path}: {source}; remove it if it is of an older version")]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The exporter of spans.
    #[error("cannot send spans to {endpoint}: {why}; give a URL such as http://127.0.0.1:4317")]
    Telemetry {
        /// The endpoint asked for.
        endpoint: String,
        /// What the exporter said.
        why: String,
    },
    /// The system's source of random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// The signing secret on disk cannot be used.
    #[error("{path} does not hold 64 hexadecimal digits; remove it to have a new secret made")]
    Secret {
        /// The secret's file.
        path: PathBuf,
    },
}
