//! Logs in a store of S3's protocol: the suite, and the same while the server lies.

use std::thread;
use std::time::Duration;

use object_store::aws::AmazonS3ConfigKey as Key;
use run_log::conformance::harmed::{self, Harmful};
use run_log::conformance::racing::Holders;
use run_log::conformance::{self, batch};
use run_log::object::Patience;
use run_log::{Address, AppendError, LogId, ObjectStore, Store};

use crate::hostile_s3::HostileS3;

/// Long enough for a busy machine to answer, short enough to wait for when nothing comes.
const PATIENCE: Patience = Patience {
    request: Duration::from_millis(1_500),
    read: Duration::from_secs(60),
    append: Duration::from_secs(60),
};

pub(crate) fn install_provider() {
    // Another test of this process may have installed it, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub(crate) fn address(url: String) -> Address {
    install_provider();
    let allow_http = Key::Client(object_store::ClientConfigKey::AllowHttp);
    Address::S3 {
        bucket: "grid".to_owned(),
        prefix: "team/prod".to_owned(),
        settings: vec![
            (Key::Endpoint, url),
            (allow_http, "true".to_owned()),
            (Key::AccessKeyId, "key".to_owned()),
            (Key::SecretAccessKey, "secret".to_owned()),
            (Key::Region, "us-east-1".to_owned()),
        ],
    }
}

fn store() -> (ObjectStore, HostileS3) {
    let server = HostileS3::start();
    let store = ObjectStore::with_patience(&address(server.url()), PATIENCE).unwrap();
    (store, server)
}

conformance::suite!(suite, Holders::Each, store());
harmed::suite!(harmed_suite, store());

#[test]
fn an_append_without_an_answer_ends_when_it_is_told_to() {
    let (store, server) = store();
    let mut log = store.open(&LogId::Grid).unwrap();
    server.hold("never answered");
    thread::scope(|scope| {
        let hanging = scope.spawn(|| {
            let first = log.append(0, &batch(1, &["never answered"]));
            (first, log.append(0, &batch(1, &["other bytes"])))
        });
        server.wait_for_held(1);
        store.halt().cancel();
        let (first, second) = hanging.join().unwrap();
        assert!(matches!(first, Err(AppendError::Fatal { .. })), "{first:?}");
        // What became of the number is not known, so no other bytes are put under it.
        assert!(
            matches!(second, Err(AppendError::Fatal { .. })),
            "{second:?}"
        );
    });
}

#[test]
fn a_bucket_that_is_missing_or_closed_to_us_is_an_error_that_says_so() {
    let (store, server) = store();
    assert!(store.check().is_ok());
    server.deny("AccessDenied", 403);
    let error = store.check().unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    assert!(error.to_string().contains("s3:ListBucket"), "{error}");
    server.deny("NoSuchBucket", 404);
    let refused = store.open(&LogId::Grid).and_then(|mut log| {
        log.append(0, &batch(1, &["a"]))
            .map_err(|error| run_log::Error::Foreign {
                place: String::new(),
                why: error.to_string(),
            })
    });
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("s3://grid/team/prod"), "{text}");
}

#[test]
fn a_store_that_is_away_may_answer_later_and_says_so() {
    let impatient = Patience {
        read: Duration::from_millis(50),
        ..PATIENCE
    };
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let store = ObjectStore::with_patience(&address(url), impatient).unwrap();
    let error = store.check().unwrap_err();
    assert!(error.is_retryable(), "{error}");

    let server = HostileS3::start();
    let store = ObjectStore::with_patience(&address(server.url()), impatient).unwrap();
    server.deny("SlowDown", 503);
    let error = store.check().unwrap_err();
    assert!(error.is_retryable(), "{error}");
}

#[test]
fn an_append_gives_up_when_the_store_never_answers() {
    let server = HostileS3::start();
    let impatient = Patience {
        request: Duration::from_millis(50),
        append: Duration::from_millis(500),
        ..PATIENCE
    };
    let store = ObjectStore::with_patience(&address(server.url()), impatient).unwrap();
    let mut log = store.open(&LogId::Grid).unwrap();
    server.hold("never answered");
    let ended = log.append(0, &batch(1, &["never answered"]));
    assert!(matches!(ended, Err(AppendError::Fatal { .. })), "{ended:?}");
}

#[test]
fn a_server_that_overwrites_is_not_trusted_with_logs() {
    let (store, server) = store();
    assert!(store.check().is_ok());
    assert!(store.check().is_ok(), "a second coordinator may come");
    server.ignore_conditions();
    let error = store.check().unwrap_err().to_string();
    assert!(error.contains("If-None-Match"), "{error}");
}
