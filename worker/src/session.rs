//! The stream to the coordinator: dial, speak, listen, and dial again.
//!
//! It keeps trying for as long as the worker lives, with a jittered pause that grows from 0.1 s to
//! 5 s; what is said and heard is the machine's affair.

use std::time::Duration;

use accounting::worker::StreamId;
use domain::message::{FromWorker, ToWorker};
use lifecycle::Stop;
use proto::v1;
use proto::v1::worker_service_client::WorkerServiceClient;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Endpoint;

use crate::shell::Event;

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Messages on their way up; the machine's own window is far below it.
const OUTBOUND: usize = 4_096;
const MESSAGE_LIMIT: usize = 16 << 20;

/// The shell's end of one stream.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) stream: StreamId,
    pub(crate) outbound: mpsc::Sender<FromWorker>,
    /// Ends the stream.
    pub(crate) close: Stop,
}

/// Connects again and again until `stop`.
pub(crate) async fn run(endpoint: Endpoint, events: mpsc::Sender<Event>, stop: Stop) {
    let mut pause = SHORTEST_PAUSE;
    for number in 1.. {
        let stream = StreamId(number);
        let was_open = tokio::select! {
            was_open = session(&endpoint, &events, stream) => was_open,
            () = stop.cancelled() => return,
        };
        pause = if was_open {
            SHORTEST_PAUSE
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
        tokio::select! {
            () = tokio::time::sleep(jittered(pause)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One stream from its start to its end; true when the other side was heard on it.
async fn session(endpoint: &Endpoint, events: &mpsc::Sender<Event>, stream: StreamId) -> bool {
    let channel = match endpoint.connect().await {
        Ok(channel) => channel,
        Err(error) => {
            tracing::debug!(%error, "the coordinator does not answer");
            return false;
        }
    };
    let mut client = WorkerServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    let (outbound, messages) = mpsc::channel(OUTBOUND);
    let frames = ReceiverStream::new(messages).map(|message: FromWorker| v1::WorkerFrame {
        messages: vec![wire::message::encode_from_worker(&message)],
    });
    let close = Stop::new();
    let line = Line {
        stream,
        outbound,
        close: close.clone(),
    };
    // The hello must be on its way before the answer can come.
    if events.send(Event::Connected(line)).await.is_err() {
        return false;
    }
    let heard = async {
        match client.session(frames).await {
            Ok(answer) => listen(answer.into_inner(), events, stream).await,
            Err(status) => {
                tracing::warn!(why = status.message(), "the coordinator refused the stream");
                false
            }
        }
    };
    let was_open = tokio::select! {
        was_open = heard => was_open,
        () = close.cancelled() => true,
    };
    // A shell that is gone has stopped; there is nobody to tell.
    let _ = events.send(Event::Disconnected(stream)).await;
    was_open
}

async fn listen(
    mut frames: Streaming<v1::CoordinatorFrame>,
    events: &mpsc::Sender<Event>,
    stream: StreamId,
) -> bool {
    let mut was_heard = false;
    loop {
        let frame = match frames.message().await {
            Ok(Some(frame)) => frame,
            Ok(None) => return was_heard,
            Err(status) => {
                tracing::info!(
                    why = status.message(),
                    "the stream to the coordinator broke"
                );
                return was_heard;
            }
        };
        was_heard = true;
        for message in frame.messages {
            let message = match wire::message::decode_to_worker(message) {
                Ok(message) => message,
                Err(error) => {
                    tracing::warn!(%error, "the coordinator said what this worker can't read");
                    return was_heard;
                }
            };
            if hear(events, stream, message).await.is_err() {
                return was_heard;
            }
        }
    }
}

async fn hear(
    events: &mpsc::Sender<Event>,
    stream: StreamId,
    message: ToWorker,
) -> Result<(), mpsc::error::SendError<Event>> {
    let message = Box::new(message);
    events.send(Event::Heard { stream, message }).await
}

/// Between half of the pause and all of it, so that a thousand workers don't come back at once.
fn jittered(pause: Duration) -> Duration {
    let spread = lifecycle::clock::now().0 % 1_000;
    pause / 2 + (pause / 2).mul_f64(spread as f64 / 1_000.0)
}
