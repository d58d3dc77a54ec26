//! An authority of the test's own, and certificates that it signed.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

/// PEM files of one side.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) ca: PathBuf,
}

/// Makes an authority and one certificate for both sides, valid for loopback.
pub(crate) fn make(folder: &Path) -> Files {
    make_for(folder, &[])
}

/// As `make`, valid for these addresses too.
pub(crate) fn make_for(folder: &Path, addresses: &[String]) -> Files {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let ca_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let loopback = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let names = [&loopback[..], addresses].concat();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let key = KeyPair::generate().unwrap();
    let cert = params.signed_by(&key, &issuer).unwrap().pem();
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    Files {
        cert: write("cert.pem", cert),
        key: write("key.pem", key.serialize_pem()),
        ca: write("ca.pem", ca_pem),
    }
}
