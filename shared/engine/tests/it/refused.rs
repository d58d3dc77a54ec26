//! Steps that want the connection to be refused, and what is known of a TLS session.

use std::sync::Arc;

use domain::Outcome;
use engine::{Ended, Engine, OpenGate};
use rcgen::{CertificateParams, Issuer, KeyPair, date_time_ymd};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::support::{Target, assert_ended, config, environment_with, job, suite, unused_port};

/// An authority that the environment trusts.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate for a host that ends with a year.
    fn issue(&self, host: &str, last_year: i32) -> (CertificateDer<'static>, KeyPair) {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer).unwrap();
        (made.der().clone(), key)
    }
}

fn self_signed(host: &str) -> (CertificateDer<'static>, KeyPair) {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    (made.cert.der().clone(), made.signing_key)
}

async fn secured((certificate, key): (CertificateDer<'static>, KeyPair)) -> Target {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Target::start_with(move |stream| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(stream).await.ok() }
    })
    .await
}

/// Runs a test against `scheme://localhost:port`, trusting the authority alone.
async fn run_at(scheme: &str, port: u16, authority: &Authority, body: &str) -> Ended {
    let environment = environment_with(
        port,
        &format!("  - \"localhost:{port}\"\n"),
        "tls: { ca: ca.pem }\n",
    )
    .replace("http://127.0.0.1", &format!("{scheme}://localhost"));
    let text = suite(body);
    let sources: suite::Sources = [
        ("env.yaml", environment.as_bytes()),
        ("s.yaml", text.as_bytes()),
        ("ca.pem", authority.pem.as_bytes()),
    ]
    .into_iter()
    .collect();
    let options = suite::Options {
        environment: "env.yaml".to_owned(),
        vars: Vec::new(),
    };
    let loaded = match suite::load(&sources, &options) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{}", suite::render_all(&problems, &sources, false)),
    };
    let mut config = config(&environment.replace("tls: { ca: ca.pem }\n", ""), &text);
    config.environment = loaded.environment;
    config.resolver = Arc::new(crate::dialing::Fake(vec!["127.0.0.1".parse().unwrap()]));
    Engine::new(config)
        .unwrap()
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await
}

fn wanting(refusal: &str) -> [String; 2] {
    [
        format!("steps:\n  - http: GET /health\n    as: nobody\n    refused: {refusal}\n"),
        format!("steps:\n  - websocket: /runs/whole\n    as: nobody\n    refused: {refusal}\n"),
    ]
}

#[tokio::test]
async fn each_kind_of_bad_certificate_is_refused_under_its_own_name() {
    let authority = Authority::new();
    let targets = [
        (
            "certificate_expired",
            secured(authority.issue("localhost", 2001)).await,
        ),
        (
            "certificate_wrong_host",
            secured(authority.issue("other.test", 4000)).await,
        ),
        (
            "certificate_unknown_issuer",
            secured(self_signed("localhost")).await,
        ),
    ];
    for (kind, target) in &targets {
        for (wanted, _) in &targets {
            for body in wanting(wanted) {
                let ended = run_at("https", target.port, &authority, &body).await;
                if wanted == kind {
                    assert_ended(&ended, Outcome::Passed, "");
                } else {
                    let reason = format!("refusal: expected refused: {wanted}, was {kind} (");
                    assert_ended(&ended, Outcome::Failed, &reason);
                }
            }
        }
        let [any, _] = wanting("certificate");
        let ended = run_at("https", target.port, &authority, &any).await;
        assert_ended(&ended, Outcome::Passed, "");
        let evidence = ended.result.evidence;
        assert!(
            evidence.exchanges == 1 && evidence.checks == 1,
            "{evidence:?}"
        );
        let kept = &ended.record.tries[0];
        assert_eq!(kept.checks[0].expression, "refused: certificate");
        assert!(
            kept.exchanges[0]
                .error
                .as_ref()
                .is_some_and(|error| error.contains(&format!("127.0.0.1:{}", target.port)))
        );
        assert!(
            target.seen("").is_empty(),
            "no request follows a refused certificate"
        );
    }
}

#[tokio::test]
async fn an_answer_where_a_refusal_is_wanted_fails() {
    let authority = Authority::new();
    let target = secured(authority.issue("localhost", 4000)).await;
    for refusal in ["certificate", "certificate_expired", "connection"] {
        let [http, socket] = wanting(refusal);
        let reason = format!("refusal: expected refused: {refusal}, was answered with ");
        let answered = run_at("https", target.port, &authority, &http).await;
        assert_ended(&answered, Outcome::Failed, &format!("{reason}200"));
        let check = &answered.record.tries[0].checks[0];
        assert!(!check.held && check.actual[0].1 == "answered with 200");
        let opened = run_at("https", target.port, &authority, &socket).await;
        assert_ended(&opened, Outcome::Failed, &format!("{reason}101"));
    }
}

#[tokio::test]
async fn a_connection_is_refused_where_nothing_listens() {
    let authority = Authority::new();
    let [http, socket] = wanting("connection");
    for body in [http, socket] {
        let ended = run_at("http", unused_port(), &authority, &body).await;
        assert_ended(&ended, Outcome::Passed, "");
    }
    let [certificate, _] = wanting("certificate");
    let ended = run_at("https", unused_port(), &authority, &certificate).await;
    assert_ended(
        &ended,
        Outcome::Failed,
        "refusal: expected refused: certificate, was connection (",
    );
}

#[tokio::test]
async fn what_is_no_refusal_holds_for_none() {
    let authority = Authority::new();
    let plain = Target::start().await;
    let [certificate, _] = wanting("certificate");
    let ended = run_at("https", plain.port, &authority, &certificate).await;
    assert_ended(
        &ended,
        Outcome::Failed,
        "refusal: expected refused: certificate, was the TLS handshake",
    );
    let outside = "steps:\n  - http: GET /health\n    as: nobody\n    save:\n      base: '\"http://127.0.0.2:9\"'\n  - http: GET ${base}/a\n    as: nobody\n    refused: connection\n";
    let ended = run_at("http", plain.port, &authority, outside).await;
    assert_ended(&ended, Outcome::Errored, "allow_list: ");
}

#[tokio::test]
async fn the_tls_session_of_an_answer_can_be_read() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("localhost", 4000);
    let digest = hex::encode(Sha256::digest(&certificate));
    let target = secured((certificate, key)).await;
    let body = format!(
        "steps:\n  - http: GET /health\n    as: nobody\n    check:\n      - tls.version == \"1.3\"\n      - tls.peer_sha256 == \"{digest}\"\n  - http: GET /health\n    as: nobody\n    check:\n      - tls.version == \"1.3\"\n  - websocket: /runs/whole\n    as: nobody\n    check:\n      - tls.peer_sha256 == \"{digest}\"\n"
    );
    let ended = run_at("https", target.port, &authority, &body).await;
    assert_ended(&ended, Outcome::Passed, "");
    assert_eq!(ended.result.evidence.checks, 4);
    let plain = Target::start().await;
    let body = "steps:\n  - http: GET /health\n    as: nobody\n    check:\n      - tls.version == \"1.3\"\n";
    let ended = run_at("http", plain.port, &authority, body).await;
    assert_ended(
        &ended,
        Outcome::Failed,
        "check_failed: tls.version == \"1.3\": tls.version: missing",
    );
}
