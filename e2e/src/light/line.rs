//! A light worker's stream: dialled as the product's workers dial, with the same growing waits.

use std::time::Duration;

use anyhow::Result;
use prost::Message as _;
use proto::v1;
use proto::v1::worker_service_client::WorkerServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Streaming;
use tonic::transport::Endpoint;

/// The product's, where there are several coordinators.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// A frame is closed once it holds so much.
const FRAME_BYTES: usize = 1024 * 1024;
const FRAME_DOWN: usize = 16 * 1024 * 1024;

/// An open stream.
#[derive(Debug)]
pub(super) struct Line {
    up: mpsc::UnboundedSender<v1::WorkerFrame>,
    down: Streaming<v1::CoordinatorFrame>,
}

impl Line {
    async fn dial(address: String) -> Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let endpoint = endpoint.tcp_nodelay(true);
        let client = WorkerServiceClient::new(endpoint.connect().await?);
        let (up, frames) = mpsc::unbounded_channel();
        let frames = UnboundedReceiverStream::new(frames);
        let mut client = client.max_decoding_message_size(FRAME_DOWN);
        let down = client.session(frames).await?.into_inner();
        Ok(Self { up, down })
    }

    /// Messages in their order, in as few frames as their size allows.
    pub(super) fn send(&self, messages: Vec<v1::WorkerMessage>) {
        let mut frame = v1::WorkerFrame::default();
        let mut size = 0;
        for message in messages {
            let message = message.encode_to_vec();
            size += message.len();
            frame.messages.push(message);
            if size >= FRAME_BYTES {
                // A stream that is gone says so where it is read.
                let _ = self.up.send(std::mem::take(&mut frame));
                size = 0;
            }
        }
        if !frame.messages.is_empty() {
            let _ = self.up.send(frame);
        }
    }

    /// What came next; nothing once the stream is gone. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Vec<v1::CoordinatorMessage>> {
        let frame = self.down.message().await;
        frame.ok().flatten().map(|frame| frame.messages)
    }
}

/// Which coordinator is dialled next, and when.
#[derive(Debug)]
pub(super) struct Dialler {
    named: Vec<String>,
    next: usize,
    /// The one that leads, if another said so.
    told: Option<String>,
    wait: Duration,
    /// How long a coordinator told to stay away.
    away: Option<Duration>,
    /// Of a small generator: jitter needs no more.
    chance: u64,
}

impl Dialler {
    pub(super) fn new(named: Vec<String>, seed: u64) -> Self {
        Self {
            named,
            next: 0,
            told: None,
            wait: Duration::ZERO,
            away: None,
            chance: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    /// Waits as is due, and dials. Whoever calls again was not served.
    pub(super) fn dial(&mut self) -> impl Future<Output = Result<Box<Line>>> + Send + use<> {
        let address = self.told.take().unwrap_or_else(|| {
            let address = self.named.get(self.next % self.named.len().max(1));
            self.next += 1;
            address.cloned().unwrap_or_default()
        });
        let wait = self.away.take().unwrap_or_else(|| {
            let wait = self.wait.mul_f64(1.0 - self.share() / 2.0);
            self.wait = (self.wait * 2).clamp(SHORTEST_WAIT, LONGEST_WAIT);
            wait
        });
        async move {
            tokio::time::sleep(wait).await;
            Line::dial(address).await.map(Box::new)
        }
    }

    /// A coordinator that does not lead told who does.
    pub(super) fn told(&mut self, leader: String) {
        self.told = Some(leader).filter(|leader| !leader.is_empty());
    }

    /// The one that was dialled leads, and lets in others first.
    pub(super) fn later(&mut self, after: Duration) {
        self.away = Some(after);
    }

    /// The one that was dialled leads.
    pub(super) fn served(&mut self) {
        self.wait = SHORTEST_WAIT;
    }

    /// From 0 to 1, by xorshift.
    fn share(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) as f64 / (1_u64 << 53) as f64
    }
}
