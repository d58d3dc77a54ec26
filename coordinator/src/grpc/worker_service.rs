//! The door for workers: one stream each way, for as long as the session lasts.
//!
//! Messages are turned into the domain's and handed to the loop, which answers at its own time.

use std::error::Error as _;
use std::time::Duration;

use domain::WorkerId;
use domain::message::{FromWorker, ToWorker};
use lifecycle::Stop;
use proto::v1;
use proto::v1::worker_service_server::WorkerService;
use tokio::sync::mpsc;
use tokio_stream::Stream as Frames;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, Streaming};

use super::status::Refusal;
use super::strikes::Connections;
use crate::seat::{NotLeading, Seat};
use crate::shell::Stream;

/// A stream that says nothing for so long at its start is no worker's.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Messages that may share one frame downwards.
const PER_FRAME: usize = 64;

#[derive(Debug)]
pub(super) struct Workers {
    seat: Seat,
    streams: TaskTracker,
    strikes: Connections,
    stop: Stop,
}

impl Workers {
    pub(super) fn new(seat: Seat, streams: TaskTracker, strikes: Connections, stop: Stop) -> Self {
        Self {
            seat,
            streams,
            strikes,
            stop,
        }
    }
}

type Down = std::pin::Pin<Box<dyn Frames<Item = Result<v1::CoordinatorFrame, Status>> + Send>>;

#[tonic::async_trait]
impl WorkerService for Workers {
    type SessionStream = Down;

    async fn session(
        &self,
        request: Request<Streaming<v1::WorkerFrame>>,
    ) -> Result<Response<Down>, Status> {
        let handle = match self.seat.handle().await {
            Ok(handle) => handle,
            Err(elsewhere) => return Ok(Response::new(redirect(elsewhere))),
        };
        let (stream, down) = handle.open_stream().await.map_err(Refusal::from)?;
        let (fault, faults) = mpsc::channel(1);
        let strikes = self.strikes.of(request.remote_addr());
        let session = Session {
            stream,
            worker: None,
            up: request.into_inner(),
            ended: self.stop.child_token(),
        };
        let ended = session.ended.clone();
        self.streams.spawn(async move {
            if let Err(refusal) = session.run().await {
                let is_malformed = refusal.is_malformed();
                // The stream down may have ended first.
                let _ = fault.send(Status::from(refusal)).await;
                if let Some(strikes) = strikes.filter(|_| is_malformed) {
                    strikes.add();
                }
            }
        });
        Ok(Response::new(Box::pin(frames(down, faults, ended))))
    }
}

/// All that a worker hears of a coordinator that does not lead.
fn redirect(elsewhere: NotLeading) -> Down {
    let redirect = v1::Redirect {
        leader: elsewhere.leader.unwrap_or_default(),
    };
    let message = v1::CoordinatorMessage {
        term: 0,
        body: Some(v1::coordinator_message::Body::Redirect(redirect)),
    };
    let frame = v1::CoordinatorFrame {
        messages: vec![message],
    };
    Box::pin(tokio_stream::once(Ok(frame)))
}

/// Ends the session's other half when the stream down is dropped.
#[derive(Debug)]
struct Guard(Stop);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What goes down: the loop's messages, several to a frame, until the loop closes the stream; or
/// what was wrong with a message that came up.
fn frames(
    down: mpsc::Receiver<ToWorker>,
    faults: mpsc::Receiver<Status>,
    ended: Stop,
) -> impl Frames<Item = Result<v1::CoordinatorFrame, Status>> {
    let state = (down, faults, Guard(ended));
    futures_util::stream::unfold(state, |(mut down, mut faults, guard)| async move {
        let mut messages = Vec::with_capacity(PER_FRAME);
        let frame = tokio::select! {
            biased;
            Some(status) = faults.recv() => Err(status),
            count = down.recv_many(&mut messages, PER_FRAME) => match count {
                0 => return None,
                _ => Ok(v1::CoordinatorFrame {
                    messages: messages.iter().map(wire::message::encode_to_worker).collect(),
                }),
            },
        };
        Some((frame, (down, faults, guard)))
    })
}

/// What comes up.
struct Session {
    stream: Stream,
    up: Streaming<v1::WorkerFrame>,
    ended: Stop,
    /// Who says so, once it has.
    worker: Option<WorkerId>,
}

impl Session {
    async fn run(mut self) -> Result<(), Refusal> {
        let heard = self.hear().await;
        if let Err(refusal) = &heard {
            let worker = self
                .worker
                .as_ref()
                .map_or("unknown", |worker| worker.as_str());
            tracing::warn!(worker, %refusal, "a worker's stream is refused");
        }
        self.stream.close().await;
        heard
    }

    async fn hear(&mut self) -> Result<(), Refusal> {
        let first = tokio::time::timeout(HELLO_WITHIN, self.next()).await;
        let no_hello = || Refusal::NoHello(HELLO_WITHIN.as_secs());
        let mut frame = first.map_err(|_| no_hello())??;
        let mut is_first = true;
        while let Some(messages) = frame {
            for message in messages {
                let message = wire::message::read_from_worker(&message)?;
                if std::mem::take(&mut is_first) && !matches!(message, FromWorker::Hello(_)) {
                    return Err(no_hello());
                }
                if let FromWorker::Hello(hello) = &message {
                    self.worker = Some(hello.worker.clone());
                }
                self.stream.heard(message).await?;
            }
            frame = self.next().await?;
        }
        Ok(())
    }

    /// The messages of the next frame; nothing when either side has ended the stream.
    async fn next(&mut self) -> Result<Option<Vec<Vec<u8>>>, Refusal> {
        tokio::select! {
            () = self.ended.cancelled() => Ok(None),
            frame = self.up.message() => match frame {
                Ok(frame) => Ok(frame.map(|frame| frame.messages)),
                // A status without a cause is the decoder's, and one with a cause the network's.
                Err(status) if status.source().is_none() => Err(Refusal::BadFrame(status.message().to_owned())),
                Err(status) => {
                    tracing::debug!(%status, "a worker's stream broke");
                    Ok(None)
                }
            },
        }
    }
}
