//! Elections in a real etcd: the suite, and what happens when etcd stops, forgets or lies.

use std::time::Duration;

use coordination::conformance::{self, etcd_server::EtcdServer};
use coordination::etcd::{LEASE, Settings, Tls};
use coordination::{Elector, Error, Etcd, Leader};
use tempfile::TempDir;
use tokio::time::{Instant, interval, timeout};

/// For what must come, on a machine that is busy.
const SURELY: Duration = Duration::from_secs(60);

fn server() -> (EtcdServer, TempDir) {
    let data = tempfile::tempdir().unwrap();
    (EtcdServer::start(&data.path().join("etcd")).unwrap(), data)
}

fn elector(server: &EtcdServer) -> Etcd {
    Etcd::new(&Settings::new([server.url()])).unwrap()
}

fn me(name: &str) -> Leader {
    Leader {
        name: name.to_owned(),
        address: "127.0.0.1:7400".to_owned(),
    }
}

conformance::suite!(suite, {
    let (server, data) = server();
    let impatient = elector(&server).with_patience(Duration::from_secs(1));
    (elector(&server), impatient, (server, data))
});

async fn until_known(elector: &Etcd, name: &str) {
    let mut pace = interval(Duration::from_millis(20));
    let known = async {
        loop {
            pace.tick().await;
            let leader = elector.leader().await.ok().flatten();
            if leader.is_some_and(|leader| leader.name == name) {
                return;
            }
        }
    };
    timeout(SURELY, known).await.unwrap();
}

#[tokio::test]
async fn a_resignation_lets_the_next_one_in_at_once() {
    let (server, _data) = server();
    let (first, second) = (elector(&server), elector(&server));
    let mut waits = Vec::new();
    for _ in 0..5 {
        let held = first.campaign(&me("first")).await.unwrap();
        let next = me("second");
        let (taken, resigned) = tokio::join!(
            async {
                let tenure = second.campaign(&next).await.unwrap();
                (tenure, Instant::now())
            },
            async {
                until_known(&second, "first").await;
                let resigned = Instant::now();
                held.resign().await;
                resigned
            }
        );
        assert_eq!(second.leader().await.unwrap(), Some(next.clone()));
        waits.push(taken.1.duration_since(resigned));
        taken.0.resign().await;
    }
    // A busy machine may spoil some of them; without a watch each would take seconds.
    let best = waits.iter().min().unwrap();
    assert!(*best < Duration::from_secs(1), "{waits:?}");
}

#[tokio::test]
async fn a_kept_lease_outlives_its_time() {
    let (server, _data) = server();
    let held = elector(&server).campaign(&me("first")).await.unwrap();
    let impatient = elector(&server).with_patience(LEASE + Duration::from_secs(3));
    let refused = impatient.campaign(&me("second")).await;
    assert!(matches!(refused, Err(Error::Held { .. })), "{refused:?}");
    held.resign().await;
}

#[tokio::test]
async fn a_leader_outlasts_an_etcd_that_was_away_and_is_known_again() {
    let (mut server, _data) = server();
    let elector = elector(&server);
    let held = elector.campaign(&me("first")).await.unwrap();
    server.kill();
    assert!(matches!(elector.leader().await, Err(Error::NoEtcd { .. })));
    assert!(
        timeout(Duration::from_secs(7), held.lost()).await.is_err(),
        "an outage of etcd deposes nobody"
    );
    server.restart().unwrap();
    until_known(&elector, "first").await;
    held.resign().await;
    assert_eq!(elector.leader().await.unwrap(), None);
}

#[tokio::test]
async fn a_candidate_waits_for_an_etcd_that_is_away() {
    let (mut server, _data) = server();
    server.kill();
    let elector = elector(&server);
    let candidate = me("first");
    let (tenure, ()) = tokio::join!(elector.campaign(&candidate), async {
        server.restart().unwrap();
    });
    tenure.unwrap().resign().await;
}

#[tokio::test]
async fn of_several_endpoints_one_that_answers_is_enough() {
    let (server, _data) = server();
    // A port that was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let elector = Etcd::new(&Settings::new([nobody, server.url()])).unwrap();
    let held = elector.campaign(&me("first")).await.unwrap();
    assert_eq!(elector.leader().await.unwrap(), Some(me("first")));
    held.resign().await;
}

#[tokio::test]
async fn grids_with_different_prefixes_share_an_etcd() {
    let (server, _data) = server();
    let of = |prefix: &str| {
        let mut settings = Settings::new([server.url()]);
        settings.prefix = prefix.to_owned();
        Etcd::new(&settings).unwrap()
    };
    let (one, other) = (of("/team-a"), of("/team-b/"));
    let held = one.campaign(&me("a")).await.unwrap();
    let also = other.campaign(&me("b")).await.unwrap();
    assert_eq!(one.leader().await.unwrap(), Some(me("a")));
    assert_eq!(other.leader().await.unwrap(), Some(me("b")));
    held.resign().await;
    also.resign().await;
}

#[tokio::test]
async fn endpoints_that_can_not_work_are_refused_with_the_reason() {
    let refused = |endpoint: &str| {
        Etcd::new(&Settings::new([endpoint]))
            .unwrap_err()
            .to_string()
    };
    assert!(
        refused("etcd:2379").contains("neither http"),
        "{}",
        refused("etcd:2379")
    );
    assert!(refused("http://etcd.example:2379").contains("loopback only"));
    assert!(refused("https://etcd.example:2379").contains("authority"));
    let none: [String; 0] = [];
    assert!(Etcd::new(&Settings::new(none)).is_err());
    let mut settings = Settings::new(["https://localhost:1"]);
    settings.tls = Some(Tls {
        ca: "missing.pem".into(),
        identity: None,
    });
    let error = Etcd::new(&settings).unwrap_err().to_string();
    assert!(error.contains("missing.pem"), "{error}");
}
