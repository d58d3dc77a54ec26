//! The stream to the coordinator: dialled, lost, dialled again with growing, jittered waits.
//!
//! It turns frames into messages and back. What they mean, and what to do when the stream breaks,
//! is the machine's.

use std::time::Duration;

use accounting::worker::StreamId;
use dial::causes;
use domain::message::{FromWorker, ToWorker};
use domain::{Region, WorkerId};
use lifecycle::Stop;
use prost::Message;
use proto::v1;
use proto::v1::coordinator_message::Body;
use proto::v1::worker_service_client::WorkerServiceClient;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use crate::coordinators::Coordinators;

/// Frames that may wait to be sent.
const FRAMES: usize = 16;
/// Messages that may wait to become frames.
const MESSAGES: usize = 4096;
/// A frame is sent once it holds this much; the coordinator takes 4 MiB.
const FRAME_BYTES: usize = 1024 * 1024;
/// What the coordinator sends is small.
const FRAME_DOWN: usize = 16 * 1024 * 1024;
/// How long the other side may take to end a stream that was ended from here.
const FAREWELL: Duration = Duration::from_secs(1);
/// A coordinator that says otherwise is not obeyed.
const LONGEST_AWAY: Duration = Duration::from_secs(60);
const LONGEST_WITH_OTHERS: Duration = Duration::from_secs(1);

/// What happens on the way to the coordinator.
#[derive(Debug)]
pub(crate) enum News {
    Connected {
        stream: StreamId,
        link: Link,
    },
    Heard {
        stream: StreamId,
        message: Box<ToWorker>,
    },
    Disconnected {
        stream: StreamId,
    },
}

/// One open stream, towards the coordinator. Dropped, it ends the stream.
#[derive(Debug)]
pub(crate) struct Link {
    up: mpsc::Sender<FromWorker>,
}

impl Link {
    /// False when the stream is gone, or does not take more.
    pub(crate) fn send(&self, message: FromWorker) -> bool {
        self.up.try_send(message).is_ok()
    }
}

/// Dials for ever.
#[derive(Debug)]
pub(crate) struct Session {
    worker: WorkerId,
    region: Region,
    coordinators: Coordinators,
    backoff: Backoff,
    /// How long the coordinator told us to stay away.
    told: Option<Duration>,
    news: mpsc::UnboundedSender<News>,
    n_streams: u64,
}

impl Session {
    pub(crate) fn new(
        (worker, region): (WorkerId, Region),
        coordinators: Coordinators,
        waits: (Duration, Duration),
        news: mpsc::UnboundedSender<News>,
    ) -> Self {
        Self {
            worker,
            region,
            backoff: Backoff::new(with_others(waits, &coordinators)),
            coordinators,
            told: None,
            news,
            n_streams: 0,
        }
    }

    pub(crate) async fn run(mut self, stop: Stop) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                broken = self.traced() => {
                    if self.news.is_closed() {
                        return;
                    }
                    let wait = self.wait();
                    tracing::info!(why = %broken, ?wait, "no stream to the coordinator; dialling again");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    /// As long as the coordinator said, or else a little longer each time.
    fn wait(&mut self) -> Duration {
        self.told.take().unwrap_or_else(|| self.backoff.next())
    }

    /// As `once`, within a span that says how it ended.
    async fn traced(&mut self) -> String {
        let span = tracing::info_span!(
            target: "control",
            "worker session",
            muster.worker = %self.worker,
            muster.region = %self.region,
            muster.ended = tracing::field::Empty,
        );
        let ended = self.once().await;
        span.record("muster.ended", ended.as_str());
        ended
    }

    /// One stream, from dialling to its end; the text says why it ended. The next is dialled where
    /// the leader is, or to another coordinator.
    async fn once(&mut self) -> String {
        let (address, endpoint) = match self.coordinators.current() {
            Ok(current) => current,
            Err(error) => return causes(&error),
        };
        let ended = match endpoint.connect().await {
            Ok(channel) => self.over(channel).await,
            Err(error) => Ended::Lost(causes(&error)),
        };
        match ended {
            Ended::Lost(why) => {
                self.coordinators.lost(&address);
                format!("{address}: {why}")
            }
            Ended::Later(after, why) => {
                self.told = Some(after.min(LONGEST_AWAY));
                match why.is_empty() {
                    true => format!("{address} lets in others first"),
                    false => format!("{address}: {why}"),
                }
            }
            Ended::Redirected(leader) => {
                self.coordinators.redirected(&address, &leader).await;
                match leader.is_empty() {
                    true => format!("{address} does not lead, and nobody is known to"),
                    false => format!("{address} does not lead, {leader} does"),
                }
            }
        }
    }

    async fn over(&mut self, channel: Channel) -> Ended {
        let mut client = WorkerServiceClient::new(channel).max_decoding_message_size(FRAME_DOWN);
        let (up, messages) = mpsc::channel(MESSAGES);
        let (frames, sent) = mpsc::channel(FRAMES);
        self.n_streams += 1;
        let stream = StreamId(self.n_streams);
        let connected = News::Connected {
            stream,
            link: Link { up },
        };
        // The loop hears of the stream first, so that its hello is the first message.
        if self.news.send(connected).is_err() {
            return Ended::Lost("the worker is ending".to_owned());
        }
        let speak = gather(messages, frames);
        let news = self.news.clone();
        let listen = async {
            match client.session(ReceiverStream::new(sent)).await {
                Ok(down) => self.listen(stream, down.into_inner()).await,
                Err(status) => Ended::Lost(causes(&status)),
            }
        };
        tokio::pin!(listen);
        let ended = tokio::select! {
            ended = &mut listen => ended,
            // All was said; the other side has it once it ends the stream too.
            () = speak => tokio::time::timeout(FAREWELL, listen)
                .await
                .unwrap_or_else(|_| Ended::Lost("closed from here".to_owned())),
        };
        // When the loop has ended, nobody needs to know.
        let _ = news.send(News::Disconnected { stream });
        ended
    }

    async fn listen(
        &mut self,
        stream: StreamId,
        mut down: tonic::Streaming<v1::CoordinatorFrame>,
    ) -> Ended {
        while let Some(frame) = down.next().await {
            let frame = match frame {
                Ok(frame) => frame,
                Err(status) => return Ended::Lost(causes(&status)),
            };
            for message in frame.messages {
                if let Some(Body::Redirect(redirect)) = message.body {
                    return Ended::Redirected(redirect.leader);
                }
                if let Some(Body::Welcome(_)) = message.body {
                    tracing::info!(worker = %self.worker, region = %self.region, "connected: takes work");
                }
                if let Some(Body::Later(later)) = message.body {
                    let after = Duration::from_nanos(later.after_ns);
                    return Ended::Later(after, later.why);
                }
                self.backoff.reset();
                let message = match wire::message::decode_to_worker(message) {
                    Ok(message) => Box::new(message),
                    Err(bad) => return Ended::Lost(bad.to_string()),
                };
                // When the loop has ended, only its last words are waited for.
                let _ = self.news.send(News::Heard { stream, message });
            }
        }
        Ended::Lost("the coordinator closed it".to_owned())
    }
}

/// How a stream ended.
enum Ended {
    Lost(String),
    /// Where the leader is; empty when nobody is known to lead.
    Redirected(String),
    /// How long to stay away, and why; empty when too many workers come at once.
    Later(Duration, String),
}

/// With several coordinators one soon leads again: nobody waits long before he asks for it.
fn with_others(
    (shortest, longest): (Duration, Duration),
    coordinators: &Coordinators,
) -> (Duration, Duration) {
    match coordinators.are_several() {
        true => (shortest, longest.min(LONGEST_WITH_OTHERS)),
        false => (shortest, longest),
    }
}

/// Puts what waits into as few frames as their size allows; ends when the link is dropped and all
/// it was given is on its way. When the stream is gone it waits: the other half says why.
async fn gather(mut messages: mpsc::Receiver<FromWorker>, frames: mpsc::Sender<v1::WorkerFrame>) {
    while let Some(first) = messages.recv().await {
        let mut frame = v1::WorkerFrame::default();
        let mut next = Some(first);
        let mut size = 0;
        while let Some(message) = next {
            let message = wire::message::encode_from_worker(&message).encode_to_vec();
            size += message.len();
            frame.messages.push(message);
            next = match size < FRAME_BYTES {
                true => messages.try_recv().ok(),
                false => None,
            };
        }
        if frames.send(frame).await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Waits that double up to a limit, each shortened by up to half at random, so that workers whose
/// coordinator restarts do not all come back at once.
#[derive(Debug)]
struct Backoff {
    shortest: Duration,
    longest: Duration,
    now: Duration,
}

impl Backoff {
    fn new((shortest, longest): (Duration, Duration)) -> Self {
        Self {
            shortest,
            longest,
            now: shortest,
        }
    }

    fn reset(&mut self) {
        self.now = self.shortest;
    }

    fn next(&mut self) -> Duration {
        let wait = self.now;
        self.now = (self.now * 2).min(self.longest);
        wait.mul_f64(1.0 - random_share() / 2.0)
    }
}

/// From 0 to 1. Without the kernel's randomness it is a half: only jitter is lost.
fn random_share() -> f64 {
    let mut bytes = [0; 4];
    let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    match filled {
        Ok(4) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        _ => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_start_again_after_a_word() {
        let mut backoff = Backoff::new((Duration::from_millis(100), Duration::from_secs(5)));
        let waits: Vec<_> = (0..10).map(|_| backoff.next()).collect();
        for (turn, wait) in waits.iter().enumerate() {
            let full = Duration::from_millis(100 << turn).min(Duration::from_secs(5));
            assert!(
                *wait <= full && *wait >= full / 2,
                "wait {turn} is {wait:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(100));
    }
}
