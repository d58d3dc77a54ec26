//! How a coordinator is reached: in plaintext on loopback, with certificates anywhere else.

use std::path::PathBuf;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::args::TlsArgs;
use crate::error::Error;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ALIVE_EACH: Duration = Duration::from_secs(10);

/// An endpoint to connect to; what is wrong with address or certificates is said here.
pub(super) async fn endpoint(grid: &str, tls: &TlsArgs) -> Result<Endpoint, Error> {
    let certificates = certificates(tls)?;
    if certificates.is_none() && !is_loopback(grid).await? {
        return Err(Error::Usage(format!(
            "{grid} is not on loopback, and plaintext is spoken there only; give --tls-cert, \
             --tls-key and --tls-ca"
        )));
    }
    let scheme = if certificates.is_some() {
        "https"
    } else {
        "http"
    };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{grid}"))
        .map_err(|_| not_an_address(grid))?
        .connect_timeout(CONNECT_WITHIN)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(ALIVE_EACH)
        .keep_alive_timeout(ALIVE_EACH);
    match certificates {
        Some(config) => endpoint
            .tls_config(config)
            .map_err(|error| Error::Invalid(format!("the certificates can't be used: {error}"))),
        None => Ok(endpoint),
    }
}

async fn is_loopback(grid: &str) -> Result<bool, Error> {
    let found = tokio::net::lookup_host(grid).await;
    let addresses: Vec<_> = found.map_err(|_| not_an_address(grid))?.collect();
    Ok(!addresses.is_empty() && addresses.iter().all(|one| one.ip().is_loopback()))
}

fn certificates(tls: &TlsArgs) -> Result<Option<ClientTlsConfig>, Error> {
    let (Some(cert), Some(key), Some(ca)) = (&tls.tls_cert, &tls.tls_key, &tls.tls_ca) else {
        return Ok(None);
    };
    let read = |path: &PathBuf| {
        std::fs::read(path)
            .map_err(|error| Error::Invalid(format!("could not read {}: {error}", path.display())))
    };
    let config = ClientTlsConfig::new()
        .identity(Identity::from_pem(read(cert)?, read(key)?))
        .ca_certificate(Certificate::from_pem(read(ca)?));
    Ok(Some(config))
}

fn not_an_address(grid: &str) -> Error {
    Error::Usage(format!(
        "`{grid}` is no address of a coordinator; write HOST:PORT, for example 127.0.0.1:9101"
    ))
}
