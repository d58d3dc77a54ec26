//! A server that answers `GET /health` with JSON, counts what it was asked, and can hold its
//! answers back until the test lets them go.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Longer than anything here takes.
const AT_MOST: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    asked: watch::Receiver<usize>,
    times: Arc<Mutex<Vec<Instant>>>,
    open: watch::Sender<bool>,
    _serving: JoinSet<()>,
}

impl Target {
    /// Answers at once.
    pub(crate) async fn open() -> Self {
        Self::start("127.0.0.1", true).await
    }

    /// Holds every answer back until `release`.
    pub(crate) async fn holding() -> Self {
        Self::holding_at("127.0.0.1").await
    }

    /// As `holding`, at another address of this machine.
    pub(crate) async fn holding_at(ip: &str) -> Self {
        Self::start(ip, false).await
    }

    async fn start(ip: &str, is_open: bool) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, opened) = watch::channel(is_open);
        let (tell, asked) = watch::channel(0);
        let times = Arc::<Mutex<Vec<Instant>>>::default();
        let noted = times.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (opened, tell) = (opened.clone(), tell.clone());
                let noted = noted.clone();
                connections.spawn(async move {
                    let heard = move || {
                        noted.lock().unwrap().push(Instant::now());
                        // Counted where it is told, so that of two at once the later tells more.
                        tell.send_modify(|count| *count += 1);
                    };
                    // A client that goes away ends its own connection.
                    let _ = answer(stream, opened, heard).await;
                });
            }
        });
        Self {
            address,
            asked,
            times,
            open,
            _serving: serving,
        }
    }

    pub(crate) fn release(&self) {
        self.open.send_replace(true);
    }

    /// The most requests that came within any span of so long.
    pub(crate) fn most_within(&self, span: Duration) -> usize {
        let times = self.times.lock().unwrap().clone();
        let from = |start: &Instant| {
            let within = |time: &&Instant| **time >= *start && **time < *start + span;
            times.iter().filter(within).count()
        };
        times.iter().map(from).max().unwrap_or_default()
    }

    pub(crate) fn n_asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// Waits until that many requests have come.
    pub(crate) async fn asked(&mut self, at_least: usize) {
        let asked = self.asked.wait_for(|&count| count >= at_least);
        let asked = tokio::time::timeout(AT_MOST, asked).await;
        asked.unwrap().unwrap();
    }
}

async fn answer(
    mut stream: TcpStream,
    mut opened: watch::Receiver<bool>,
    heard: impl Fn(),
) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    heard();
    let _ = opened.wait_for(|&is_open| is_open).await;
    let body = r#"{"status":"healthy"}"#;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
