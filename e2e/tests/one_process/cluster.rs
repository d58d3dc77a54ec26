//! Two coordinators over one etcd and one store: one leads, the other says where, and takes over.

use std::time::{Duration, Instant};

use coordination::conformance::etcd_server::EtcdServer;
use coordinator::{Cluster, Config, Running};
use proto::v1;
use proto::v1::control_service_client::ControlServiceClient;
use proto::v1::coordinator_message::Body;
use proto::v1::worker_service_client::WorkerServiceClient;
use tempfile::TempDir;
use tonic::Code;

use crate::grid::{AT_MOST, Client, plan};
use crate::target::Target;

struct Pair {
    etcd: EtcdServer,
    folder: TempDir,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let etcd = EtcdServer::start(&folder.path().join("etcd")).unwrap();
        Self { etcd, folder }
    }

    async fn coordinator(&self, name: &str) -> Running {
        let listen = "127.0.0.1:0".parse().unwrap();
        let mut config = Config::new(listen, self.folder.path().join(name));
        let store = format!("file://{}", self.folder.path().join("store").display());
        config.cluster = Some(Cluster {
            etcd: coordination::etcd::Settings::new([self.etcd.url()]),
            store: store.parse().unwrap(),
            advertise: None,
        });
        coordinator::start(config).await.unwrap()
    }
}

async fn ask(running: &Running) -> v1::LeaderReply {
    let url = format!("http://{}", running.address());
    let mut client = ControlServiceClient::connect(url).await.unwrap();
    let reply = client.leader(v1::LeaderRequest {}).await.unwrap();
    reply.into_inner()
}

async fn until_it_leads(running: &Running) {
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    let leads = async {
        while !ask(running).await.is_here {
            pace.tick().await;
        }
    };
    tokio::time::timeout(AT_MOST, leads).await.unwrap();
}

#[tokio::test]
async fn a_standby_says_where_the_leader_is_to_workers_and_clients() {
    let pair = Pair::new();
    let first = pair.coordinator("a").await;
    until_it_leads(&first).await;
    let second = pair.coordinator("b").await;
    let leader = first.address().to_string();
    assert_eq!(ask(&second).await.address, leader);
    let url = format!("http://{}", second.address());

    let mut worker = WorkerServiceClient::connect(url.clone()).await.unwrap();
    let silence = tokio_stream::pending::<v1::WorkerFrame>();
    let mut down = worker.session(silence).await.unwrap().into_inner();
    let frame = down.message().await.unwrap().unwrap();
    let said = frame.messages.into_iter().next().unwrap().body;
    assert_eq!(
        said,
        Some(Body::Redirect(v1::Redirect {
            leader: leader.clone()
        }))
    );
    assert!(down.message().await.unwrap().is_none(), "the stream ends");

    let mut client = ControlServiceClient::connect(url).await.unwrap();
    let refused = client.list(v1::ListRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.message().contains(&leader), "{refused}");
    second.stop().await.unwrap();
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_planned_handover_takes_less_than_a_second_and_loses_no_run() {
    let pair = Pair::new();
    let mut leader = pair.coordinator("0").await;
    until_it_leads(&leader).await;
    submit(&leader, "run").await;
    let mut took = Vec::new();
    for number in 1..=4 {
        let standby = pair.coordinator(&number.to_string()).await;
        // Once it knows the leader it waits for the key to go.
        assert_eq!(ask(&standby).await.address, leader.address().to_string());
        let begun = Instant::now();
        leader.stop_token().cancel();
        until_it_leads(&standby).await;
        assert_eq!(runs(&standby).await, ["run"]);
        took.push(begun.elapsed());
        leader.stop().await.unwrap();
        leader = standby;
    }
    // A busy machine may spoil some of them; without a word each would take the lease of 5 s.
    let best = took.iter().min().unwrap();
    assert!(*best < Duration::from_secs(1), "{took:?}");
    leader.stop().await.unwrap();
}

#[tokio::test]
async fn an_etcd_that_is_away_stops_no_leader() {
    let mut pair = Pair::new();
    let leader = pair.coordinator("a").await;
    until_it_leads(&leader).await;
    pair.etcd.kill();
    // Longer than the lease in etcd; each answer stands for an append.
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for number in 0..8 {
        pace.tick().await;
        submit(&leader, &format!("run-{number}")).await;
        assert_eq!(runs(&leader).await.len(), number + 1);
    }
    pair.etcd.restart().unwrap();
    leader.stop().await.unwrap();
}

#[tokio::test]
async fn an_etcd_that_forgot_everything_gives_no_term_twice() {
    let mut pair = Pair::new();
    let leader = pair.coordinator("a").await;
    until_it_leads(&leader).await;
    submit(&leader, "run").await;
    leader.stop().await.unwrap();
    let fresh = pair.folder.path().join("fresh etcd");
    pair.etcd = EtcdServer::start(&fresh).unwrap();
    // Its revisions begin low again; the log's terms go on.
    for name in ["b", "c", "d"] {
        let next = pair.coordinator(name).await;
        until_it_leads(&next).await;
        assert_eq!(runs(&next).await, ["run"]);
        next.stop().await.unwrap();
    }
}

/// A run without workers: it waits, and is in the grid log once this returns.
async fn submit(leader: &Running, run: &str) {
    let target = Target::open().await;
    let url = format!("http://{}", leader.address());
    let client = ControlServiceClient::connect(url).await.unwrap();
    let planned = plan(run, &target, 1, &["here"]);
    Client(client).submit(&planned).await.unwrap();
}

/// Asked of a leader that may still be reading its logs.
async fn runs(leader: &Running) -> Vec<String> {
    let url = format!("http://{}", leader.address());
    let mut client = ControlServiceClient::connect(url).await.unwrap();
    let reply = client.list(v1::ListRequest::default()).await.unwrap();
    let runs = reply.into_inner().runs.into_iter();
    runs.map(|line| line.run).collect()
}
