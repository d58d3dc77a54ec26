//! The door for workers: one stream each way, for as long as the session lasts.
//!
//! Messages are turned into the domain's and handed to the loop, which answers at its own time.

use std::time::Duration;

use domain::message::{FromWorker, ToWorker};
use lifecycle::Stop;
use proto::v1;
use proto::v1::worker_service_server::WorkerService;
use tokio::sync::mpsc;
use tokio_stream::Stream as Frames;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, Streaming};

use super::status::Refusal;
use crate::shell::{Handle, Stream};

/// A stream that says nothing for so long at its start is no worker's.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Messages that may share one frame downwards.
const PER_FRAME: usize = 64;

#[derive(Debug)]
pub(super) struct Workers {
    handle: Handle,
    streams: TaskTracker,
    stop: Stop,
}

impl Workers {
    pub(super) fn new(handle: Handle, streams: TaskTracker, stop: Stop) -> Self {
        Self {
            handle,
            streams,
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
        let (stream, down) = self.handle.open_stream().await.map_err(Refusal::from)?;
        let (fault, faults) = mpsc::channel(1);
        let session = Session {
            stream,
            up: request.into_inner(),
            ended: self.stop.child_token(),
        };
        let ended = session.ended.clone();
        self.streams.spawn(async move {
            if let Err(refusal) = session.run().await {
                // The stream down may have ended first.
                let _ = fault.send(Status::from(refusal)).await;
            }
        });
        Ok(Response::new(Box::pin(frames(down, faults, ended))))
    }
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
}

impl Session {
    async fn run(mut self) -> Result<(), Refusal> {
        let heard = self.hear().await;
        self.stream.close().await;
        heard
    }

    async fn hear(&mut self) -> Result<(), Refusal> {
        let first = tokio::time::timeout(HELLO_WITHIN, self.next()).await;
        let no_hello = || Refusal::NoHello(HELLO_WITHIN.as_secs());
        let mut frame = first.map_err(|_| no_hello())?;
        let mut is_first = true;
        while let Some(messages) = frame {
            for message in messages {
                let message = wire::message::decode_from_worker(message)?;
                if std::mem::take(&mut is_first) && !matches!(message, FromWorker::Hello(_)) {
                    return Err(no_hello());
                }
                self.stream.heard(message).await?;
            }
            frame = self.next().await;
        }
        Ok(())
    }

    /// The next frame; nothing when either side has ended the stream.
    async fn next(&mut self) -> Option<Vec<v1::WorkerMessage>> {
        tokio::select! {
            () = self.ended.cancelled() => None,
            frame = self.up.message() => match frame {
                Ok(frame) => Some(frame?.messages),
                Err(status) => {
                    tracing::debug!(%status, "a worker's stream broke");
                    None
                }
            },
        }
    }
}
