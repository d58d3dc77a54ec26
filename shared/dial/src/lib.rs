//! How a process of the grid reaches a coordinator: in plaintext on loopback, by mutual TLS
//! anywhere else. Workers and the CLI dial by the same rules, which stand here alone.
//!
//! Nothing is sent and nothing decided here; towards targets `engine::dialer` dials, and only it.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A connection that is silent for this long is asked whether it is still there,
const ALIVE_EACH: Duration = Duration::from_secs(10);
/// and is gone when it does not answer within this time.
const ALIVE_WITHIN: Duration = Duration::from_secs(5);

/// PEM files for mutual TLS: both sides show a certificate of the same authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Certificates that the other side's must chain to.
    pub ca: PathBuf,
}

/// What is wrong with an address or the files.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error(
        "`{address}` is no address of a coordinator: {why}; write HOST:PORT, for example 127.0.0.1:9101"
    )]
    Address { address: String, why: String },
    #[error(
        "{address} is not on loopback, and off loopback the grid speaks mutual TLS only: give --tls-cert, --tls-key and --tls-ca"
    )]
    Plaintext { address: String },
    #[error("{path} can't be read: {why}; check the path and its permissions")]
    File { path: PathBuf, why: io::Error },
    #[error(
        "the TLS files can't be used: {why}; give PEM with one certificate chain, its key, and the authority's certificates"
    )]
    Tls { why: String },
}

/// An endpoint for a coordinator; address and files are checked, nothing is connected.
///
/// # Errors
/// What is wrong with them; plaintext off loopback is refused.
pub async fn to(address: &str, files: Option<&TlsFiles>) -> Result<Endpoint, DialError> {
    let tls = files.map(mutual).transpose()?;
    if tls.is_none() {
        refuse_plaintext(address).await?;
    }
    endpoint(address, tls.as_ref())
}

/// An endpoint, for who has checked the address (`refuse_plaintext`) and read the files (`mutual`).
///
/// # Errors
/// The address has no host and port, or the certificates can't be used.
pub fn endpoint(address: &str, tls: Option<&ClientTlsConfig>) -> Result<Endpoint, DialError> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
        .map_err(|why| not_an_address(address, &why))?
        .connect_timeout(CONNECT_WITHIN)
        .http2_keep_alive_interval(ALIVE_EACH)
        .keep_alive_timeout(ALIVE_WITHIN)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    match tls {
        None => Ok(endpoint),
        Some(tls) => endpoint
            .tls_config(tls.clone())
            .map_err(|error| DialError::Tls {
                why: causes(&error),
            }),
    }
}

/// Whoever can listen in could read what a run is made of: no plaintext off loopback.
///
/// # Errors
/// The address can't be resolved, or leads off this machine.
pub async fn refuse_plaintext(address: &str) -> Result<(), DialError> {
    let resolved = tokio::net::lookup_host(address).await;
    let resolved: Vec<SocketAddr> = resolved
        .map_err(|why| not_an_address(address, &why))?
        .collect();
    let is_loopback = |one: &SocketAddr| one.ip().is_loopback();
    if resolved.is_empty() || !resolved.iter().all(is_loopback) {
        return Err(DialError::Plaintext {
            address: address.to_owned(),
        });
    }
    Ok(())
}

/// What this side shows, and whom it trusts.
///
/// # Errors
/// A file can't be read.
pub fn mutual(files: &TlsFiles) -> Result<ClientTlsConfig, DialError> {
    let identity = Identity::from_pem(read(&files.cert)?, read(&files.key)?);
    let authority = Certificate::from_pem(read(&files.ca)?);
    Ok(ClientTlsConfig::new()
        .identity(identity)
        .ca_certificate(authority))
}

fn read(path: &Path) -> Result<Vec<u8>, DialError> {
    std::fs::read(path).map_err(|why| DialError::File {
        path: path.to_owned(),
        why,
    })
}

fn not_an_address(address: &str, why: &dyn Error) -> DialError {
    DialError::Address {
        address: address.to_owned(),
        why: causes(why),
    }
}

/// An error with everything behind it: the outermost one alone says little.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plaintext_is_spoken_on_loopback_only() {
        assert!(to("127.0.0.1:9101", None).await.is_ok());
        assert!(to("[::1]:9101", None).await.is_ok());
        let refused = to("192.0.2.7:9101", None).await;
        assert!(
            matches!(refused, Err(DialError::Plaintext { .. })),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn what_is_no_address_is_told_with_the_form_of_one() {
        for bad in ["", "127.0.0.1", "127.0.0.1:x", "http://127.0.0.1:1"] {
            let refused = to(bad, None).await.unwrap_err().to_string();
            assert!(refused.contains("HOST:PORT"), "{bad}: {refused}");
        }
    }

    #[tokio::test]
    async fn files_that_are_missing_or_no_pem_are_named() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let files = TlsFiles {
            cert: file("cert.pem"),
            key: file("key.pem"),
            ca: file("ca.pem"),
        };
        let missing = to("grid.example:9101", Some(&files)).await;
        assert!(
            matches!(missing, Err(DialError::File { .. })),
            "{missing:?}"
        );
        for path in [&files.cert, &files.key, &files.ca] {
            std::fs::write(path, "no PEM").unwrap();
        }
        let broken = to("grid.example:9101", Some(&files)).await;
        assert!(matches!(broken, Err(DialError::Tls { .. })), "{broken:?}");
    }
}
