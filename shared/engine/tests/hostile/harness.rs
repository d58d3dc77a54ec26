//! A server that does whatever it is told on each connection, and what a case against it costs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{AttemptId, CaseId, Outcome, Region, RunId, SuiteName, TestId, WorkerId};
use engine::{Ended, Engine, EngineConfig, Job, OpenGate};
use peak_alloc::PeakAlloc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Only one case is measured at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

pub(crate) const MIB: usize = 1024 * 1024;

/// What one try against a hostile answer may take: the body of 8 MiB, the buffer that it grew in,
/// and the copies from which secrets are taken out.
pub(crate) const MOST: usize = 64 * MIB;

/// A server that ends with the test.
#[derive(Debug)]
pub(crate) struct Hostile {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Hostile {
    /// `serve` has the connection to itself; a write that fails ends it.
    pub(crate) async fn start<F>(serve: impl Fn(Peer) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (accepted, now_open) = (connections.clone(), open.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                now_open.fetch_add(1, Ordering::SeqCst);
                stream.set_nodelay(true).unwrap();
                let ended = serve(Peer { stream });
                let now_open = now_open.clone();
                served.spawn(async move {
                    ended.await;
                    now_open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            connections,
            open,
            _tasks: tasks,
        }
    }

    /// Answers every request with the same bytes, then keeps the connection open until it is ended.
    pub(crate) async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut peer| {
            let answer = answer.clone();
            async move {
                peer.request().await?;
                peer.write(&answer).await?;
                peer.until_closed().await
            }
        })
        .await
    }

    /// Says `head`, then `piece` for ever.
    pub(crate) async fn endless(head: &'static str, piece: impl Into<Vec<u8>>) -> Self {
        let piece: Arc<[u8]> = piece.into().into();
        Self::start(move |mut peer| {
            let piece = piece.clone();
            async move {
                peer.request().await?;
                peer.write(head.as_bytes()).await?;
                loop {
                    peer.write(&piece).await?;
                }
            }
        })
        .await
    }

    /// Waits until every connection has been given back.
    pub(crate) async fn all_closed(&self) {
        while self.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

/// One connection, seen from the server.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
}

impl Peer {
    /// The head of a request; nothing when the client has gone.
    pub(crate) async fn request(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        String::from_utf8(head).ok()
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()
    }

    /// Reads to the client's end, whatever it says.
    pub(crate) async fn until_closed(&mut self) -> Option<()> {
        let mut piece = [0; 4096];
        while self.stream.read(&mut piece).await.ok()? > 0 {}
        Some(())
    }
}

/// Held by each test from its first line: what another one prepares would count as well.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// Runs the test whose lines are `body` (under `steps:`) against a server, alone and measured;
/// how it ended, and the bytes that it took at its peak.
pub(crate) async fn measured(server: &Hostile, body: &str) -> (Ended, usize) {
    let engine = Engine::new(config(&environment(server), body)).unwrap();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let ended = engine
        .run_case(job(), Arc::new(OpenGate), CancellationToken::new())
        .await;
    let peak = MEMORY.peak_usage().saturating_sub(before);
    server.all_closed().await;
    (ended, peak)
}

/// Runs against a server and asserts the outcome, what the reason begins with, what it tells, and
/// the memory that it took.
pub(crate) async fn expect(
    server: &Hostile,
    body: &str,
    outcome: Outcome,
    reason: &str,
    tells: &str,
    most: usize,
) -> Ended {
    let (ended, peak) = measured(server, body).await;
    assert_ended(&ended, outcome, reason, tells);
    assert!(
        peak <= most,
        "{reason} {tells}: it took {} KiB",
        peak / 1024
    );
    ended
}

#[track_caller]
pub(crate) fn assert_ended(ended: &Ended, outcome: Outcome, reason: &str, tells: &str) {
    let last = ended.record.tries.last();
    let failure = last.and_then(|last| last.failure.as_ref());
    let message = failure.map_or("", |failure| failure.message.as_str());
    let said = &ended.result.reason;
    assert_eq!(ended.result.outcome, outcome, "{said} {message}");
    assert!(said.starts_with(reason), "{said}");
    assert!(
        message.contains(tells),
        "{message:?} does not tell {tells:?}"
    );
}

pub(crate) fn environment(server: &Hostile) -> String {
    let address = server.address;
    format!(
        "muster: v1\nenvironment: hostile\nservices:\n  api: \"http://{address}\"\nallow:\n  - \"{address}\"\nregions: [here]\nvars:\n  big: {}\nusers:\n  member: {{}}\n",
        "x".repeat(50_000)
    )
}

/// `body` are the lines of one test behind its id, such as `steps:` and what follows.
pub(crate) fn config(environment: &str, body: &str) -> EngineConfig {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    let suite = format!("muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n{body}");
    let sources: suite::Sources = [("env.yaml", environment), ("s.yaml", &suite)]
        .into_iter()
        .collect();
    let options = suite::Options {
        environment: "env.yaml".to_owned(),
        vars: Vec::new(),
    };
    let loaded = suite::load(&sources, &options)
        .unwrap_or_else(|problems| panic!("{}", suite::render_all(&problems, &sources, false)));
    EngineConfig::new(
        loaded.environment,
        loaded.suites,
        RunId::new("run-1"),
        Region::new("here"),
        WorkerId::new("w1"),
        [7; 32],
    )
}

pub(crate) fn job() -> Job {
    Job {
        case: CaseId::new("s::t@here"),
        suite: SuiteName::new("s"),
        test: TestId::new("t"),
        row: None,
        attempt: AttemptId(1),
        retries: 0,
        retries_failed: false,
        prove: false,
    }
}
