//! A coordinator, the bare HTTP/2 that strangers speak to it, and what that costs.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use peak_alloc::PeakAlloc;
use proto::v1;
use proto::v1::control_service_client::ControlServiceClient;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Only one coordinator is measured at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

pub(crate) const MIB: usize = 1024 * 1024;
pub(crate) const SESSION: &str = "/muster.v1.WorkerService/Session";
pub(crate) const SUBMIT: &str = "/muster.v1.ControlService/Submit";
pub(crate) const INVALID_ARGUMENT: &str = "3";
pub(crate) const OUT_OF_RANGE: &str = "11";

/// A coordinator that nobody else measures beside.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    running: coordinator::Running,
    before: usize,
    _folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Door {
    pub(crate) async fn open() -> Self {
        Self::open_after(|| ()).await.0
    }

    /// What a stranger prepares takes memory as well: nobody else is measured meanwhile, and it is
    /// not counted.
    pub(crate) async fn open_after<T>(prepare: impl FnOnce() -> T) -> (Self, T) {
        let alone = ALONE.lock().await;
        let prepared = prepare();
        let folder = tempfile::tempdir().unwrap();
        let config = coordinator::Config::new("127.0.0.1:0".parse().unwrap(), folder.path());
        let running = coordinator::start(config).await.unwrap();
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let door = Self {
            address: running.address(),
            running,
            before,
            _folder: folder,
            _alone: alone,
        };
        (door, prepared)
    }

    /// An honest client is still answered; what all took stayed below `most`; and it ends in order.
    pub(crate) async fn unharmed(self, most: usize) {
        let peak = MEMORY.peak_usage().saturating_sub(self.before);
        assert!(peak <= most, "it took {} KiB", peak / 1024);
        let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", self.address));
        let channel = channel.unwrap().connect().await.unwrap();
        let mut client = ControlServiceClient::new(channel);
        let listed = client.list(v1::ListRequest::default()).await.unwrap();
        assert!(listed.into_inner().workers.is_empty());
        drop(client);
        self.running.stop().await.unwrap();
    }

    pub(crate) async fn connect(&self) -> Stranger {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // How it ends is what the other side of this test sees.
            let _ = connection.await;
        });
        Stranger { requests, tasks }
    }
}

/// One connection of a client that speaks HTTP/2 and nothing above it.
pub(crate) struct Stranger {
    pub(crate) requests: SendRequest<Bytes>,
    tasks: JoinSet<()>,
}

impl Stranger {
    /// Sends bytes as the body of one call, whole; the gRPC status that it is answered with.
    pub(crate) async fn call(&mut self, path: &str, body: Bytes) -> Result<String, h2::Error> {
        let (answer, mut sending) = self.begin(path).await?;
        // A refusal may come before all is sent.
        let _ = send_all(&mut sending, body).await;
        let answer = answer.await?;
        if let Some(status) = answer.headers().get("grpc-status") {
            return Ok(status.to_str().unwrap().to_owned());
        }
        let mut body = answer.into_body();
        while let Some(piece) = body.data().await {
            let piece = piece?;
            body.flow_control().release_capacity(piece.len())?;
        }
        let trailers = body.trailers().await?.unwrap_or_default();
        let status = trailers.get("grpc-status").unwrap();
        Ok(status.to_str().unwrap().to_owned())
    }

    pub(crate) async fn begin(
        &mut self,
        path: &str,
    ) -> Result<(h2::client::ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
        let mut requests = self.requests.clone().ready().await?;
        requests.send_request(request(path), false)
    }

    /// Waits until the other side has ended the connection.
    pub(crate) async fn until_closed(mut self) {
        drop(self.requests);
        self.tasks.join_next().await.unwrap().unwrap();
    }
}

pub(crate) fn request(path: &str) -> http::Request<()> {
    http::Request::post(format!("http://grid{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap()
}

async fn send_all(stream: &mut h2::SendStream<Bytes>, mut body: Bytes) -> Option<()> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let room = std::future::poll_fn(|context| stream.poll_capacity(context)).await?;
        let piece = body.split_to(room.ok()?.min(body.len()));
        stream.send_data(piece, false).ok()?;
    }
    stream.send_data(Bytes::new(), true).ok()
}

/// A message as gRPC frames it.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    framed_as(u32::try_from(message.len()).unwrap(), message)
}

/// With a length of its own.
pub(crate) fn framed_as(length: u32, message: &[u8]) -> Bytes {
    [&[0][..], &length.to_be_bytes(), message].concat().into()
}
