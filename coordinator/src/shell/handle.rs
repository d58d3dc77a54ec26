//! How the doors reach the loop: cheap to clone, its channel private.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use accounting::coordinator::{Answer, Request, StreamId};
use domain::message::{FromWorker, Hello, ToWorker};
use domain::{Region, RunId, WorkerId};
use run_log::Position;
use tokio::sync::{mpsc, oneshot, watch};

use super::Event;
use crate::archive::Archive;

/// Messages that may wait on their way to one worker.
const WAITING_DOWN: usize = 1024;

/// The loop has ended; nothing is answered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this coordinator is stopping; ask again once one leads")]
pub struct Gone;

/// A worker that is connected now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    pub worker: WorkerId,
    pub region: Region,
    pub slots: u32,
}

impl From<&Hello> for Connected {
    fn from(hello: &Hello) -> Self {
        Self {
            worker: hello.worker.clone(),
            region: hello.region.clone(),
            slots: hello.slots,
        }
    }
}

/// The way to the loop.
#[derive(Clone, Debug)]
pub struct Handle {
    events: mpsc::Sender<Event>,
    archive: Archive,
    n_streams: Arc<AtomicU64>,
}

/// One worker's stream, towards the loop.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    events: mpsc::Sender<Event>,
}

impl Handle {
    pub(super) fn new(events: mpsc::Sender<Event>, archive: Archive) -> Self {
        Self {
            events,
            archive,
            n_streams: Arc::default(),
        }
    }

    /// What is durable, for reading.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Opens a stream: messages down come out of the receiver, which ends when the loop closes it.
    pub async fn open_stream(&self) -> Result<(Stream, mpsc::Receiver<ToWorker>), Gone> {
        let id = StreamId(self.n_streams.fetch_add(1, Ordering::Relaxed) + 1);
        let (down, received) = mpsc::channel(WAITING_DOWN);
        let stream = Stream {
            id,
            events: self.events.clone(),
        };
        stream
            .send(Event::StreamOpened { stream: id, down })
            .await?;
        Ok((stream, received))
    }

    /// Asks the machine; answered once the answer is durable.
    pub async fn ask(&self, request: Request) -> Result<Answer, Gone> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Request { request, reply }).await?;
        answer.await.map_err(|_| Gone)
    }

    /// How many segments of a run's log may be shown, as it grows.
    pub async fn watch(&self, run: RunId) -> Result<watch::Receiver<Position>, Gone> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Watch { run, reply }).await?;
        answer.await.map_err(|_| Gone)
    }

    pub async fn connected(&self) -> Result<Vec<Connected>, Gone> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Connected { reply }).await?;
        answer.await.map_err(|_| Gone)
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }
}

impl Stream {
    pub async fn heard(&self, message: FromWorker) -> Result<(), Gone> {
        let stream = self.id;
        self.send(Event::FromWorker { stream, message }).await
    }

    /// Says that the worker is gone.
    pub async fn close(self) {
        let stream = self.id;
        // When the loop is gone, nobody needs to know.
        let _ = self.send(Event::StreamClosed { stream }).await;
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }
}
