//! TLS towards the target: one shared configuration per engine, never one per case.
//!
//! Trusted are the environment's certificates if it names some, else the machine's. The machine's
//! are read at the first TLS connection, because reading them takes milliseconds.

use std::sync::{Arc, OnceLock};

use rustls::{CertificateError, ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;
use url::Host;

/// The shared connector, made when first needed.
pub struct Tls {
    roots: Option<Arc<RootCertStore>>,
    /// The file that names them, or could.
    environment_file: String,
    connector: OnceLock<Result<TlsConnector, String>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tls")
            .field("own_roots", &self.roots.is_some())
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Trusts the certificates in `pem`, or the machine's when there is none.
    pub fn new(pem: Option<&[u8]>) -> Result<Self, String> {
        let roots = pem.map(roots_from_pem).transpose()?.map(Arc::new);
        Ok(Self {
            roots,
            environment_file: "the environment's file".to_owned(),
            connector: OnceLock::new(),
        })
    }

    /// For messages: where certificates are named.
    pub(crate) fn named_in(mut self, environment_file: &str) -> Self {
        self.environment_file = environment_file.to_owned();
        self
    }

    /// What to do about a certificate that is not trusted.
    pub(crate) fn advice(&self, distrust: Distrust) -> Option<String> {
        let file = &self.environment_file;
        match (distrust, &self.roots) {
            (Distrust::UnknownIssuer, None) => Some(format!(
                "if its authority is your own, name its certificate as `tls: ca:` in {file}"
            )),
            (Distrust::UnknownIssuer, Some(_)) => Some(format!(
                "its authority is not in the file that {file} names as `tls: ca:`"
            )),
            _ => None,
        }
    }

    pub(crate) fn connector(&self) -> Result<TlsConnector, String> {
        self.connector
            .get_or_init(|| connector(self.roots.clone()))
            .clone()
    }
}

fn connector(roots: Option<Arc<RootCertStore>>) -> Result<TlsConnector, String> {
    let roots = match roots {
        Some(roots) => roots,
        None => Arc::new(roots_of_machine()?),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots_from_pem(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        Err("it holds no certificate".to_owned())
    } else {
        Ok(roots)
    }
}

fn roots_of_machine() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(
            "this machine trusts no certificates; name them under `tls: ca:` in the environment"
                .to_owned(),
        );
    }
    Ok(roots)
}

/// What a TLS handshake agreed on, for `tls` in expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// `1.2` or `1.3`.
    pub version: String,
    /// SHA-256 of the peer's own certificate (DER), in lower-case hexadecimal.
    pub peer_sha256: String,
}

impl Session {
    pub(crate) fn of(connection: &ClientConnection) -> Self {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "1.2".to_owned(),
            Some(ProtocolVersion::TLSv1_3) => "1.3".to_owned(),
            other => format!("{other:?}"),
        };
        let own = connection.peer_certificates().and_then(<[_]>::first);
        let peer_sha256 = own.map_or_else(String::new, |own| hex::encode(Sha256::digest(own)));
        Self {
            version,
            peer_sha256,
        }
    }
}

/// Why our client does not trust the certificate that the peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    Expired,
    UnknownIssuer,
    WrongHost,
    /// Not valid yet, revoked, malformed, an authority's own, …
    Other,
}

impl Distrust {
    /// `None` when the handshake failed for another reason than the certificate.
    pub(crate) fn of(error: &std::io::Error) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        match error {
            rustls::Error::InvalidCertificate(why) => Some(match why {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    Self::Expired
                }
                // An issuer of a trusted name whose key is another is not the trusted one.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    Self::UnknownIssuer
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Self::WrongHost,
                _ => Self::Other,
            }),
            _ => None,
        }
    }
}

/// What the certificate must stand for, and what SNI says.
pub(crate) fn server_name(host: &Host<String>) -> Result<ServerName<'static>, String> {
    match host {
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|error| error.to_string()),
        Host::Ipv4(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress((*address).into())),
    }
}
