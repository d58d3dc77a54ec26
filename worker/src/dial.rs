//! How a worker reaches its coordinator: in plaintext on loopback, by mutual TLS elsewhere.
//!
//! Nothing is sent here; the endpoint that comes out is dialled by `session` and `executor`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::app::StartError;
use crate::config::{Config, TlsFiles};

/// Checks the address and the files once; dialling may then be repeated for ever.
pub(crate) async fn endpoint(config: &Config) -> Result<Endpoint, StartError> {
    let address = &config.coordinator;
    if config.tls.is_none() {
        refuse_plaintext(address).await?;
    }
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let endpoint =
        Endpoint::from_shared(format!("{scheme}://{address}")).map_err(|why| bad(address, &why))?;
    let endpoint = endpoint
        .connect_timeout(Duration::from_secs(5))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    match &config.tls {
        None => Ok(endpoint),
        Some(files) => endpoint
            .tls_config(mutual(files)?)
            .map_err(|error| StartError::Tls {
                why: causes(&error),
            }),
    }
}

/// Whoever can listen in could read what a run is made of: no plaintext off loopback.
async fn refuse_plaintext(address: &str) -> Result<(), StartError> {
    let resolved = tokio::net::lookup_host(address).await;
    let resolved: Vec<SocketAddr> = resolved.map_err(|why| bad(address, &why))?.collect();
    let is_loopback = |one: &SocketAddr| one.ip().is_loopback();
    if resolved.is_empty() || !resolved.iter().all(is_loopback) {
        return Err(StartError::Plaintext {
            address: address.to_owned(),
        });
    }
    Ok(())
}

fn mutual(files: &TlsFiles) -> Result<ClientTlsConfig, StartError> {
    let identity = Identity::from_pem(read(&files.cert)?, read(&files.key)?);
    let authority = Certificate::from_pem(read(&files.ca)?);
    Ok(ClientTlsConfig::new()
        .identity(identity)
        .ca_certificate(authority))
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|why| StartError::TlsFile {
        path: path.to_owned(),
        why,
    })
}

fn bad(address: &str, why: &dyn std::error::Error) -> StartError {
    StartError::Address {
        address: address.to_owned(),
        why: causes(why),
    }
}

/// An error with everything behind it: the outermost one alone says little.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
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
