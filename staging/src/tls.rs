//! A certificate authority per start, the server certificate signed by it, and three that no
//! client may accept: self-signed, expired, and for another host.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::Error;

/// What servers accept with, and what clients have to trust.
pub(crate) struct Identities {
    pub(crate) ca_pem: String,
    pub(crate) good: TlsAcceptor,
    pub(crate) self_signed: TlsAcceptor,
    pub(crate) expired: TlsAcceptor,
    pub(crate) wrong_host: TlsAcceptor,
}

/// A certificate and its key.
struct Made {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// A fresh authority and its certificates for this host, `localhost` and `127.0.0.1`.
pub(crate) fn identities(host: &str) -> Result<Identities, Error> {
    let failed = |source| Error::Certificate {
        host: host.to_owned(),
        source,
    };
    let (ca_pem, issuer) = authority().map_err(failed)?;
    let issue = |params: Result<CertificateParams, rcgen::Error>, issuer| {
        acceptor(made(params, issuer).map_err(failed)?)
    };
    Ok(Identities {
        good: issue(server(names(host)), Some(&issuer))?,
        self_signed: issue(server(names(host)), None)?,
        expired: issue(server(names(host)).map(over), Some(&issuer))?,
        wrong_host: issue(
            server(vec!["elsewhere.reference.test".to_owned()]),
            Some(&issuer),
        )?,
        ca_pem,
    })
}

fn acceptor(made: Made) -> Result<TlsAcceptor, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.certificate], made.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn authority() -> Result<(String, Issuer<'static, KeyPair>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name = named("reference platform, authority of one start");
    let pem = authority.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(authority, key)))
}

fn names(host: &str) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    if !names.iter().any(|name| name == host) {
        names.push(host.to_owned());
    }
    names
}

fn server(names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut server = CertificateParams::new(names)?;
    server.distinguished_name = named("reference platform");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    Ok(server)
}

/// The same certificate, good in 2020 only.
fn over(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 12, 31);
    params
}

/// Signed by the issuer, or by itself when there is none.
fn made(
    params: Result<CertificateParams, rcgen::Error>,
    issuer: Option<&Issuer<'static, KeyPair>>,
) -> Result<Made, rcgen::Error> {
    let (key, params) = (KeyPair::generate()?, params?);
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer)?,
        None => params.self_signed(&key)?,
    };
    Ok(Made {
        certificate: certificate.der().clone(),
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    })
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
