//! An etcd whose database is full: it writes nothing until somebody makes room and says so.
//!
//! The database is filled, and emptied again, as an operator does it, over etcd's own JSON.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use coordination::conformance::etcd_server::EtcdServer;
use coordination::etcd::{LEASE, Settings};
use coordination::{Elector, Error, Etcd, Leader};
use tokio::time::timeout;

/// For what must come, on a machine that is busy.
const SURELY: Duration = Duration::from_secs(60);

/// Bytes of the database that etcd takes, and the door to it for whoever fills it.
const FLAGS: [&str; 2] = [
    "--quota-backend-bytes=2097152",
    "--enable-grpc-gateway=true",
];
const VALUE: usize = 256 * 1024;

fn me(name: &str) -> Leader {
    Leader {
        name: name.to_owned(),
        address: "127.0.0.1:7400".to_owned(),
    }
}

/// One call of etcd's JSON gateway; its answer, whatever it says.
pub(crate) fn post(address: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    // In one piece: etcd tells by the first bytes that come whether this is HTTP.
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Four digits are base64 of three bytes, behind every key of a grid.
fn fill(address: &str) {
    let value = "A".repeat(VALUE);
    let is_full = (0..100).any(|number| {
        let body = format!("{{\"key\":\"{number:04}\",\"value\":\"{value}\"}}");
        post(address, "/v3/kv/put", &body).contains("space exceeded")
    });
    assert!(is_full, "etcd keeps no quota");
}

fn number_of(answer: &str, field: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\"{field}\":\"")).unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

fn make_room(address: &str) {
    let deleted = post(
        address,
        "/v3/kv/deleterange",
        "{\"key\":\"0000\",\"range_end\":\"AA==\"}",
    );
    let (revision, member) = (
        number_of(&deleted, "revision"),
        number_of(&deleted, "member_id"),
    );
    let compact = format!("{{\"revision\":\"{revision}\",\"physical\":true}}");
    post(address, "/v3/kv/compaction", &compact);
    post(address, "/v3/maintenance/defragment", "{}");
    let disarm =
        format!("{{\"action\":\"DEACTIVATE\",\"memberID\":\"{member}\",\"alarm\":\"NOSPACE\"}}");
    post(address, "/v3/maintenance/alarm", &disarm);
}

/// The failure model's row 20: whoever leads goes on, nobody new can try, and both end with room.
#[tokio::test]
async fn a_leader_outlasts_an_etcd_that_is_full_and_the_next_one_waits_for_room() {
    let data = tempfile::tempdir().unwrap();
    let mut server = EtcdServer::start_with(&data.path().join("etcd"), &FLAGS).unwrap();
    // The gateway dials the port that etcd was told of, which is known from the second start on.
    server.kill();
    server.restart().unwrap();
    let elector = || Etcd::new(&Settings::new([server.url()])).unwrap();
    let held = elector().campaign(&me("first")).await.unwrap();
    fill(&server.address());
    let lost = timeout(LEASE + Duration::from_secs(2), held.lost()).await;
    assert!(lost.is_err(), "a full etcd deposes nobody");
    assert_eq!(elector().leader().await.unwrap(), Some(me("first")));
    held.resign().await;
    assert_eq!(elector().leader().await.unwrap(), None);
    let impatient = elector().with_patience(Duration::from_secs(2));
    let refused = impatient.campaign(&me("second")).await;
    assert!(matches!(refused, Err(Error::Held { .. })), "{refused:?}");
    make_room(&server.address());
    let second = elector();
    let tenure = timeout(SURELY, second.campaign(&me("second")))
        .await
        .unwrap();
    assert_eq!(second.leader().await.unwrap(), Some(me("second")));
    tenure.unwrap().resign().await;
}
