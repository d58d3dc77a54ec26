//! What answers and will never let this process take part is told from what is away.

use coordination::conformance::etcd_server::EtcdServer;
use coordination::etcd::Settings;
use coordination::{Elector, Error, Etcd};

use crate::space::post;

/// As an operator does it who gives every client a user.
fn ask_for_users(address: &str) {
    let root = r#"{"name":"root","password":"of this test"}"#;
    let role = r#"{"user":"root","role":"root"}"#;
    for (path, body) in [
        ("/v3/auth/user/add", root),
        ("/v3/auth/role/add", r#"{"name":"root"}"#),
        ("/v3/auth/user/grant", role),
        ("/v3/auth/enable", "{}"),
    ] {
        let answer = post(address, path, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn an_etcd_that_wants_a_user_refuses_and_one_that_is_away_does_not() {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--enable-grpc-gateway=true"];
    let mut server = EtcdServer::start_with(&data.path().join("etcd"), &flags).unwrap();
    // The gateway dials the port that etcd was told of, which is known from the second start on.
    server.kill();
    server.restart().unwrap();
    let elector = Etcd::new(&Settings::new([server.url()])).unwrap();
    assert_eq!(elector.leader().await.unwrap(), None);
    ask_for_users(&server.address());
    let error = elector.leader().await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(!error.is_retryable());
    assert!(error.to_string().contains("user name is empty"), "{error}");
    server.kill();
    let error = elector.leader().await.unwrap_err();
    assert!(matches!(error, Error::NoEtcd { .. }), "{error}");
    assert!(error.is_retryable());
}
