//! Workers that lie about what they hold: numbers that jump, and attempts of somebody else. Nothing
//! of it is stored, and the honest result still counts.

use std::collections::VecDeque;

use domain::event::RunEvent;
use domain::message::{FromWorker, Hello, PROTOCOL, ToWorkerBody};
use domain::record::{CaseResult, Preflight};
use domain::{AttemptId, CaseId, Instant, RunId, SessionId};
use prost::Message;
use proto::v1;
use proto::v1::worker_service_client::WorkerServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Endpoint;

use crate::grid::{AT_MOST, Grid, plan};
use crate::target::Target;

/// A worker that says exactly what it is told to.
struct Puppet {
    up: mpsc::Sender<v1::WorkerFrame>,
    down: Streaming<v1::CoordinatorFrame>,
    heard: VecDeque<ToWorkerBody>,
    session: SessionId,
}

impl Puppet {
    async fn connect(grid: &Grid, name: &str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", grid.address)).unwrap();
        let mut client = WorkerServiceClient::new(endpoint.connect().await.unwrap());
        let (up, frames) = mpsc::channel(16);
        let hello = FromWorker::Hello(Hello {
            protocol: PROTOCOL,
            worker: name.into(),
            region: "here".into(),
            slots: 1,
            incarnation: 1.into(),
            stamp: Instant(1),
            version: "puppet".to_owned(),
            open: vec![],
        });
        up.send(frame(&hello)).await.unwrap();
        let down = client.session(ReceiverStream::new(frames)).await.unwrap();
        let mut puppet = Self {
            up,
            down: down.into_inner(),
            heard: VecDeque::new(),
            session: SessionId::default(),
        };
        puppet.session = puppet
            .hears(|body| match body {
                ToWorkerBody::Welcome { session } => Some(*session),
                _ => None,
            })
            .await;
        puppet
    }

    async fn says(&self, message: FromWorker) {
        self.up.send(frame(&message)).await.unwrap();
    }

    /// The first message from now on that is wanted; others are passed over.
    async fn hears<T>(&mut self, wanted: impl Fn(&ToWorkerBody) -> Option<T>) -> T {
        let listen = async {
            loop {
                while let Some(body) = self.heard.pop_front() {
                    if let Some(found) = wanted(&body) {
                        return found;
                    }
                }
                let frame = self.down.message().await.unwrap();
                let messages = frame.expect("the stream is open").messages;
                let decoded = messages.into_iter().map(wire::message::decode_to_worker);
                self.heard
                    .extend(decoded.map(|message| message.unwrap().body));
            }
        };
        tokio::time::timeout(AT_MOST, listen).await.unwrap()
    }

    /// Answers the probe, and waits for a lease: its attempt and its only case.
    async fn leased(&mut self) -> (AttemptId, CaseId) {
        let run = self
            .hears(|body| match body {
                ToWorkerBody::Probe { run, .. } => Some(run.clone()),
                _ => None,
            })
            .await;
        let preflight = Preflight {
            green: true,
            ..Preflight::default()
        };
        let region = "here".into();
        self.says(FromWorker::Probed {
            run,
            region,
            preflight,
        })
        .await;
        let (stamp, idle_slots) = (Instant(2), 1);
        self.says(FromWorker::Beat { stamp, idle_slots }).await;
        self.hears(|body| match body {
            ToWorkerBody::Lease { attempt, cases, .. } => Some((*attempt, cases[0].clone())),
            _ => None,
        })
        .await
    }

    fn result(&self, run: &RunId, attempt: AttemptId, seq: u64, case: &CaseId) -> FromWorker {
        FromWorker::Result {
            run: run.clone(),
            attempt,
            session: self.session,
            seq,
            result: Box::new(passed(case)),
            record: vec![],
        }
    }
}

fn frame(message: &FromWorker) -> v1::WorkerFrame {
    v1::WorkerFrame {
        messages: vec![wire::message::encode_from_worker(message).encode_to_vec()],
    }
}

fn passed(case: &CaseId) -> CaseResult {
    let message = v1::CaseResult {
        case: case.to_string(),
        outcome: v1::Outcome::Passed.into(),
        evidence: Some(v1::Evidence {
            exchanges: 1,
            bytes_sent: 1,
            bytes_received: 1,
            checks: 1,
        }),
        trace_id: Some(wire::hex::encode("")),
        tries: 1,
        region: "here".to_owned(),
        worker: "honest".to_owned(),
        fingerprint: Some(wire::hex::encode("")),
        ..v1::CaseResult::default()
    };
    wire::result::decode(message).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_jump_and_tokens_of_others_store_nothing() {
    let target = Target::open().await;
    let grid = Grid::start().await;
    let mut honest = Puppet::connect(&grid, "honest").await;
    let planned = plan("forged", &target, 1, &["here"]);
    let run = planned.plan.run.clone();
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    let (attempt, case) = honest.leased().await;

    for seq in [5, u64::MAX, u64::MAX - 1] {
        honest.says(honest.result(&run, attempt, seq, &case)).await;
        let expected = honest
            .hears(|body| match body {
                ToWorkerBody::Expect { attempt, seq, .. } => Some((*attempt, *seq)),
                _ => None,
            })
            .await;
        assert_eq!(expected, (attempt, 1));
    }

    let mut liar = Puppet::connect(&grid, "liar").await;
    // The attempt of another, once under its own session and once under the holder's.
    liar.says(liar.result(&run, attempt, 1, &case)).await;
    let mut stolen = liar.result(&run, attempt, 1, &case);
    if let FromWorker::Result { session, .. } = &mut stolen {
        *session = honest.session;
    }
    liar.says(stolen).await;
    // An attempt that never was is over, says the answer; by then all before it has been judged.
    let nobodys = AttemptId(4_711);
    liar.says(liar.result(&run, nobodys, 1, &case)).await;
    let over = liar
        .hears(|body| match body {
            ToWorkerBody::AttemptOver { attempt, .. } => Some(*attempt),
            _ => None,
        })
        .await;
    assert_eq!(over, nobodys);

    honest.says(honest.result(&run, attempt, 1, &case)).await;
    let followed = client.finish(&planned).await;
    let results = followed.count(|event| {
        matches!(
            event,
            RunEvent::CaseSettled { .. }
                | RunEvent::ResultKept { .. }
                | RunEvent::ResultLate { .. }
                | RunEvent::ResultRejected { .. }
        )
    });
    assert_eq!(results, 1, "{:#?}", followed.events);
    assert_eq!(followed.word(), "PASSED");
    let problems = client.recheck(&planned).await.problems;
    assert_eq!(problems, Vec::<String>::new());
    grid.stop().await;
}
