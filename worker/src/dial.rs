//! The way to a coordinator: plaintext on loopback, mutual TLS anywhere else.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::config::TlsFiles;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Both sides notice a dead connection within the sum of these.
const KEEP_ALIVE_EACH: Duration = Duration::from_secs(10);
const KEEP_ALIVE_WITHIN: Duration = Duration::from_secs(5);

/// Why a coordinator can't even be dialled; none of these gets better by waiting.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error(
        "`{address}` is no address of a coordinator; write it as host:port, like 127.0.0.1:9101"
    )]
    Address { address: String },
    #[error(
        "{address} is not on loopback, and off loopback the grid speaks mutual TLS only; give --tls-cert, --tls-key and --tls-ca"
    )]
    Plaintext { address: String },
    #[error("{path}: {why}; give a PEM file that can be read", path = path.display())]
    File { path: PathBuf, why: io::Error },
    #[error("the certificates can't be used: {0}")]
    Tls(#[from] tonic::transport::Error),
}

/// An endpoint for the address, with certificates if there are any.
///
/// # Errors
/// When the address or a file can't be used, or plaintext would leave the machine.
pub async fn endpoint(address: &str, tls: Option<&TlsFiles>) -> Result<Endpoint, DialError> {
    let unusable = || DialError::Address {
        address: address.to_owned(),
    };
    if tls.is_none() && !is_loopback(address).await.ok_or_else(unusable)? {
        return Err(DialError::Plaintext {
            address: address.to_owned(),
        });
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
        .map_err(|_| unusable())?
        .connect_timeout(CONNECT_WITHIN)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_EACH)
        .keep_alive_timeout(KEEP_ALIVE_WITHIN)
        .keep_alive_while_idle(true);
    match tls {
        None => Ok(endpoint),
        Some(files) => Ok(endpoint.tls_config(client_tls(files)?)?),
    }
}

fn client_tls(files: &TlsFiles) -> Result<ClientTlsConfig, DialError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|why| DialError::File {
            path: path.clone(),
            why,
        })
    };
    let identity = Identity::from_pem(read(&files.cert)?, read(&files.key)?);
    let authority = Certificate::from_pem(read(&files.ca)?);
    Ok(ClientTlsConfig::new()
        .identity(identity)
        .ca_certificate(authority))
}

/// Every address the name stands for is this machine's own; `None` when it stands for nothing.
async fn is_loopback(address: &str) -> Option<bool> {
    let mut addresses = tokio::net::lookup_host(address).await.ok()?.peekable();
    addresses.peek()?;
    Some(addresses.all(|address| address.ip().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plaintext_stays_on_loopback() {
        assert!(endpoint("127.0.0.1:9101", None).await.is_ok());
        let error = endpoint("192.0.2.7:9101", None)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("--tls-cert"), "{error}");
    }

    #[tokio::test]
    async fn an_address_without_a_port_says_how_to_write_it() {
        let error = endpoint("127.0.0.1", None).await.unwrap_err().to_string();
        assert!(error.contains("host:port"), "{error}");
    }
}
