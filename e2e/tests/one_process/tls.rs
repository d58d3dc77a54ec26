//! Off loopback both sides show a certificate; plaintext is refused there.

use std::fs;

use proto::v1;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::certificates::{self, Files};
use crate::grid::{Client, Grid, plan};
use crate::target::Target;

/// A client's connection; `None` for the files is a client without a certificate of its own.
async fn connect(address: &str, ca: &Files, own: Option<&Files>) -> Result<Client, String> {
    let ca = Certificate::from_pem(fs::read(&ca.ca).unwrap());
    let mut tls = ClientTlsConfig::new().ca_certificate(ca);
    if let Some(own) = own {
        let identity =
            Identity::from_pem(fs::read(&own.cert).unwrap(), fs::read(&own.key).unwrap());
        tls = tls.identity(identity);
    }
    let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
    let endpoint = endpoint.tls_config(tls).unwrap();
    let channel = endpoint
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    let mut client = Client::over(channel);
    // TLS 1.3 refuses a client only after its first words.
    let listed = client.0.list(v1::ListRequest::default()).await;
    listed.map_err(|status| status.to_string())?;
    Ok(client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_mutual_tls_passes_and_strangers_are_refused() {
    // Another test of this process may have installed it first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let files = certificates::make(folder.path());
    let target = Target::open().await;
    let grid = Grid::start().await;
    let mut config =
        coordinator::Config::new("127.0.0.1:0".parse().unwrap(), folder.path().join("data"));
    config.tls = Some(coordinator::TlsFiles {
        cert: files.cert.clone(),
        key: files.key.clone(),
        ca: files.ca.clone(),
    });
    let secure = coordinator::start(config).await.unwrap();
    let address = secure.address().to_string();
    let mut config = grid.worker_config("secure", "here");
    config.coordinator = address.clone();
    config.tls = Some(worker::TlsFiles {
        cert: files.cert.clone(),
        key: files.key.clone(),
        ca: files.ca.clone(),
    });
    let worker = worker::start(config).await.unwrap();
    let mut client = connect(&address, &files, Some(&files)).await.unwrap();
    let planned = plan("secure", &target, 3, &["here"]);
    client.submit(&planned).await.unwrap();
    assert_eq!(client.finish(&planned).await.word(), "PASSED");
    assert!(
        connect(&address, &files, None).await.is_err(),
        "no certificate"
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let strangers = certificates::make(elsewhere.path());
    let refused = connect(&address, &files, Some(&strangers)).await;
    assert!(refused.is_err(), "another authority's certificate");
    let plain = Endpoint::from_shared(format!("http://{address}")).unwrap();
    if let Ok(channel) = plain.connect().await {
        let asked = Client::over(channel)
            .0
            .list(v1::ListRequest::default())
            .await;
        assert!(asked.is_err(), "plaintext");
    }
    worker.stop().await.unwrap();
    secure.stop().await.unwrap();
    grid.stop().await;
}

#[tokio::test]
async fn plaintext_off_loopback_is_refused_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let config = coordinator::Config::new("0.0.0.0:0".parse().unwrap(), folder.path());
    let error = coordinator::start(config).await.unwrap_err().to_string();
    assert!(
        error.contains("--tls-cert, --tls-key and --tls-ca"),
        "{error}"
    );
    let spool = folder.path().join("spool");
    let config = worker::Config::new("w".into(), "here".into(), "192.0.2.1:9101", spool);
    let error = worker::start(config).await.unwrap_err().to_string();
    assert!(
        error.contains("--tls-cert, --tls-key and --tls-ca"),
        "{error}"
    );
}
