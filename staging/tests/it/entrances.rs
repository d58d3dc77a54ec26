//! The entrances that no client may take, and what they are refused for; the good ones speak TLS.

use rustls::{CertificateError, Error, ProtocolVersion};

use crate::lab::Lab;

/// Why our client refuses the certificate of this service.
async fn refusal(lab: &Lab, service: &str) -> CertificateError {
    let file = std::fs::read_to_string(lab.running.environment_file()).unwrap();
    let prefix = format!("{service}: \"https://");
    let mut lines = file.lines().map(str::trim);
    let address = lines.find_map(|line| line.strip_prefix(&prefix)).unwrap();
    let error = lab.try_tls(address.trim_matches('"')).await.unwrap_err();
    match error.get_ref().unwrap().downcast_ref::<Error>() {
        Some(Error::InvalidCertificate(why)) => why.clone(),
        other => panic!("{service}: {other:?}"),
    }
}

#[tokio::test]
async fn each_bad_certificate_is_bad_in_its_own_way() {
    let lab = Lab::start(&[]).await;
    let self_signed = refusal(&lab, "self_signed").await;
    assert!(
        matches!(self_signed, CertificateError::UnknownIssuer),
        "{self_signed:?}"
    );
    let expired = refusal(&lab, "expired").await;
    assert!(
        matches!(expired, CertificateError::ExpiredContext { .. }),
        "{expired:?}"
    );
    let elsewhere = refusal(&lab, "wrong_host").await;
    let named = matches!(elsewhere, CertificateError::NotValidForNameContext { .. });
    assert!(named, "{elsewhere:?}");
    lab.finish().await;
}

#[tokio::test]
async fn the_good_entrances_speak_a_current_version() {
    let lab = Lab::start(&[]).await;
    let stream = lab.tls_stream(lab.api_authority()).await;
    let version = stream.get_ref().1.protocol_version();
    assert_eq!(version, Some(ProtocolVersion::TLSv1_3));
    lab.finish().await;
}
