//! The only door to a target: what it refuses, whom it trusts.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::Outcome;
use engine::dialer::allow::AllowList;
use engine::dialer::resolve::Resolve;
use engine::dialer::tls::Tls;
use engine::dialer::{DialError, Dialer, Origin};
use engine::{CapShare, Engine, OpenGate};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use suite::environment::Allow;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::support::{Target, assert_ended, config, environment_with, job, run_in, suite};

const HEALTH: &str = "steps:\n  - http: GET /health\n    as: nobody\n    status: 200\n";

/// Answers every name with the same addresses.
#[derive(Debug)]
pub(crate) struct Fake(pub(crate) Vec<IpAddr>);

#[async_trait]
impl Resolve for Fake {
    async fn resolve(&self, _name: &str, _port: u16) -> Result<Vec<IpAddr>, String> {
        Ok(self.0.clone())
    }
}

async fn run_resolved(environment: &str, addresses: &[&str]) -> engine::Ended {
    let mut config = config(environment, &suite(HEALTH));
    config.resolver = Arc::new(Fake(
        addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect(),
    ));
    Engine::new(config)
        .unwrap()
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await
}

#[tokio::test]
async fn a_target_off_the_list_is_refused_directly_and_by_redirect() {
    let (listed, other) = (Target::start().await, Target::start().await);
    let allow = format!("  - \"127.0.0.1:{}\"\n", listed.port);
    let mut config = config(
        &environment_with(
            other.port,
            &format!(
                "  - \"127.0.0.1:{}\"
",
                other.port
            ),
            "",
        ),
        &suite(HEALTH),
    );
    let mut environment = config.environment.as_ref().clone();
    environment.allow.clear();
    config.environment = Arc::new(environment);
    let engine = Engine::new(config).unwrap();
    let direct = engine
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await;
    assert_ended(&direct, Outcome::Errored, "allow_list: ");
    let environment = environment_with(listed.port, &allow, "");
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::ffff:127.0.0.1]",
        "localhost",
    ] {
        let to = format!("http://{host}:{}/health", other.port);
        let body = format!(
            "steps:\n  - http: GET /redirect?to={to}\n    as: nobody\n    follow_redirects: true\n    status: 200\n"
        );
        let ended = run_in(&environment, &body).await;
        assert_ended(&ended, Outcome::Errored, "allow_list: ");
    }
    assert_eq!(other.state.connections.load(Ordering::SeqCst), 0);
    assert_eq!(listed.seen("GET /redirect").len(), 6);
}

#[tokio::test]
async fn an_allowed_name_that_leads_inside_is_refused() {
    let target = Target::start().await;
    let port = target.port;
    let named = environment_with(port, &format!("  - \"api.test:{port}\"\n"), "")
        .replace("http://127.0.0.1", "http://api.test");
    for inside in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["10.0.0.1"],
        &["::ffff:127.0.0.1"],
        &["93.184.216.34", "127.0.0.1"],
    ] {
        let ended = run_resolved(&named, inside).await;
        assert_ended(&ended, Outcome::Errored, "allow_list: ");
    }
    assert_eq!(target.state.connections.load(Ordering::SeqCst), 0);
    let opened = named.replace("allow:\n", "allow:\n  - { cidr: 127.0.0.0/8 }\n");
    assert_ended(
        &run_resolved(&opened, &["127.0.0.1"]).await,
        Outcome::Passed,
        "",
    );
    let localhost = environment_with(port, &format!("  - \"localhost:{port}\"\n"), "")
        .replace("http://127.0.0.1", "http://localhost");
    assert_ended(
        &run_resolved(&localhost, &["127.0.0.1"]).await,
        Outcome::Passed,
        "",
    );
    assert_ended(
        &run_resolved(&localhost, &["10.0.0.1"]).await,
        Outcome::Errored,
        "allow_list: ",
    );
}

#[test]
fn every_spelling_of_an_address_is_the_address() {
    for spelling in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ] {
        let origin = Origin::of(&format!("http://{spelling}:80/").parse().unwrap()).unwrap();
        assert_eq!(origin.to_string(), "127.0.0.1:80", "{spelling}");
    }
    for refused in [
        "http://user@api.test/",
        "http://api.test:pw@evil.test/",
        "ftp://api.test/",
        "file:///etc/passwd",
    ] {
        assert!(Origin::of(&refused.parse().unwrap()).is_err(), "{refused}");
    }
}

/// A target behind TLS, with the certificate it shows.
async fn secure_target(name: &str) -> (Target, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let target = Target::start_with(move |stream| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(stream).await.ok() }
    })
    .await;
    (target, made.cert.pem())
}

async fn run_secured(target: &Target, pem: &str, host: &str, body: &str) -> engine::Ended {
    let port = target.port;
    let environment = environment_with(
        port,
        &format!("  - \"localhost:{port}\"\n  - \"127.0.0.1:{port}\"\n"),
        "tls: { ca: ca.pem }\n",
    )
    .replace("http://127.0.0.1", &format!("https://{host}"));
    let text = suite(body);
    let sources: suite::Sources = [
        ("env.yaml", environment.as_bytes()),
        ("s.yaml", text.as_bytes()),
        ("ca.pem", pem.as_bytes()),
    ]
    .into_iter()
    .collect();
    let options = suite::Options {
        environment: "env.yaml".to_owned(),
        vars: Vec::new(),
    };
    let loaded = suite::load(&sources, &options).unwrap();
    let mut config = config(&environment.replace("tls: { ca: ca.pem }\n", ""), &text);
    config.environment = loaded.environment;
    config.resolver = Arc::new(Fake(vec!["127.0.0.1".parse().unwrap()]));
    Engine::new(config)
        .unwrap()
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await
}

#[tokio::test]
async fn tls_trusts_the_environments_certificates_and_no_others() {
    let (target, pem) = secure_target("localhost").await;
    let good = run_secured(&target, &pem, "localhost", HEALTH).await;
    assert_ended(&good, Outcome::Passed, "");
    assert!(good.record.tries[0].exchanges[0].phases.tls_ms > 0.0);
    let socket = "steps:\n  - websocket: /runs/whole\n    as: nobody\n  - send: socket\n    json: { type: ping, nonce: n }\n  - receive: socket\n";
    assert_ended(
        &run_secured(&target, &pem, "localhost", socket).await,
        Outcome::Passed,
        "",
    );
    let (_, stranger) = secure_target("localhost").await;
    assert_ended(
        &run_secured(&target, &stranger, "localhost", HEALTH).await,
        Outcome::Failed,
        "tls: ",
    );
    assert_ended(
        &run_secured(&target, &pem, "127.0.0.1", HEALTH).await,
        Outcome::Failed,
        "tls: ",
    );
}

#[tokio::test]
async fn the_share_of_users_bounds_a_case() {
    let target = Target::start().await;
    let body = "users:\n  crowd: { pool: member, count: 3 }\nsteps:\n  - http: GET /health\n    as: nobody\n    status: 200\n";
    let mut config = config(&crate::support::environment(&target), &suite(body));
    config.share = CapShare {
        users: Some(2),
        rps: None,
    };
    let ended = Engine::new(config)
        .unwrap()
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await;
    assert_ended(&ended, Outcome::Errored, "no_capacity: 3 users");
}

/// Open for so many questions.
#[derive(Debug)]
struct Counted(AtomicUsize);

impl engine::LeaseGate for Counted {
    fn is_open(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }
}

#[tokio::test]
async fn the_gate_is_asked_before_each_address() {
    let target = Target::start().await;
    let list = AllowList::new(&[Allow::Network {
        cidr: "127.0.0.0/8".parse().unwrap(),
        port: None,
        hook: None,
    }]);
    let list = list.resolving(["api.test".to_owned()]);
    // Nothing listens at the first address, so that the second is tried.
    let addresses = ["127.0.0.2", "127.0.0.1"].map(|address| address.parse().unwrap());
    let dialer = Dialer::new(
        list,
        Arc::new(Fake(addresses.to_vec())),
        Tls::new(None).unwrap(),
    );
    let origin = Origin::of(&format!("http://api.test:{}/", target.port).parse().unwrap()).unwrap();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    let open = dialer
        .dial(&origin, &Counted(AtomicUsize::new(3)), deadline)
        .await;
    assert_eq!(open.unwrap().peer.port(), target.port);
    let closing = dialer
        .dial(&origin, &Counted(AtomicUsize::new(2)), deadline)
        .await;
    assert_eq!(closing.unwrap_err(), DialError::GateClosed);
    tokio::task::yield_now().await;
    assert_eq!(target.state.connections.load(Ordering::SeqCst), 1);
}

/// Keeps the names that it was asked for.
#[derive(Debug, Default)]
struct Asked(std::sync::Mutex<Vec<String>>);

#[async_trait]
impl Resolve for Asked {
    async fn resolve(&self, name: &str, _port: u16) -> Result<Vec<IpAddr>, String> {
        self.0.lock().unwrap().push(name.to_owned());
        Ok(vec!["127.0.0.1".parse().unwrap()])
    }
}

#[tokio::test]
async fn a_name_that_nothing_mentions_is_never_asked_of_a_name_server() {
    let target = Target::start().await;
    let environment = environment_with(target.port, "  - { cidr: 127.0.0.0/8 }\n", "")
        .replace("http://127.0.0.1", "http://api.test");
    let body = "steps:\n  - http: GET /health\n    as: nobody\n    status: 200\n    save:\n      away: '\"http://s3cret.evil.test\"'\n  - http: GET ${away}/a\n    as: nobody\n    status: 200\n";
    let mut config = config(&environment, &suite(body));
    let asked = Arc::new(Asked::default());
    config.resolver = asked.clone();
    let ended = Engine::new(config)
        .unwrap()
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await;
    assert_ended(&ended, Outcome::Errored, "allow_list: ");
    assert_eq!(*asked.0.lock().unwrap(), ["api.test"]);
}
