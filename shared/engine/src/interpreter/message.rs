//! Steps that send and receive one message, and that close a socket.
//!
//! What is awaited is in `wait`; lists of messages are in `collect`, their absence in `silence`.

use std::sync::Arc;

use bytes::Bytes;
use suite::model::{Message, Receive};
use tokio::time::{Instant, timeout_at};

use super::frame::{Frame, Last};
use super::socket::OpenSocket;
use super::wait::{describe, over_text, unreachable_search};
use super::{Done, Here, Interpreter};
use crate::dialer::milliseconds;
use crate::judge::log::{self, Over};
use crate::recording::{Record, Seen, Sent};
use crate::socket::{Command, Entry};
use crate::tape::Live;
use crate::transport::{Broken, Frame as WireFrame};

impl Interpreter {
    pub(super) async fn send(
        self: &Arc<Self>,
        here: &mut Here<'_>,
        name: &str,
        message: &Message,
    ) -> Done {
        let (step, place) = (here.step, here.place);
        let frame = &mut *here.frame;
        let socket = self.socket(frame, name, place)?;
        let deadline = Instant::now() + step.within;
        let message = self.frame_to_send(frame, message, place)?;
        let written = payload(&message);
        let live = async {
            let Some(live) = self.tape.live() else {
                return Seen::Passed;
            };
            let started = Instant::now();
            let payload = written.clone();
            let at_ms = live.clock.of(started);
            let broken = deliver(live, &socket, message, deadline).await.err();
            let elapsed_ms = milliseconds(started.elapsed());
            Seen::Sent(Arc::new(Sent {
                socket: socket.path.clone(),
                payload,
                at_ms,
                elapsed_ms,
                broken,
            }))
        };
        let Seen::Sent(sent) = self.tape.observe(place, live).await else {
            return std::future::pending().await;
        };
        self.tape.sends_alike(|| sent.payload == written).await;
        frame.last = Last::Sent {
            at_ms: sent.at_ms,
            elapsed_ms: sent.elapsed_ms,
        };
        let stop = sent
            .broken
            .as_ref()
            .map(|broken| self.stop_of(broken, place, step));
        match stop {
            Some(stop) => Err(stop),
            None => self.conclude(here, None).await,
        }
    }

    pub(super) async fn receive(self: &Arc<Self>, here: &mut Here<'_>, receive: &Receive) -> Done {
        let (step, place) = (here.step, here.place);
        let socket = self.socket(here.frame, &receive.socket, place)?;
        let look = |this: &Self, looking: &mut Frame, record: &Arc<Record>| {
            this.matches(looking, receive.matching.as_ref(), record)
                .map(|fits| (fits, fits))
        };
        let waited = self
            .wait(
                here.frame,
                &socket,
                place,
                Instant::now() + step.within,
                look,
            )
            .await;
        let found = self.look(here.frame, &waited, look);
        let expression = describe("receive", &receive.socket, receive.matching.as_ref());
        let stop = self.judge_search(here, &socket, &waited, &found, expression);
        let (Some(end), Some(record)) = (found.end, found.records.first()) else {
            return Err(stop.unwrap_or_else(|| unreachable_search(place)));
        };
        socket.advance(end);
        here.frame.last = Last::Message {
            record: record.clone(),
            elapsed_ms: waited.at_ms - here.frame.moment.at_ms,
        };
        self.conclude(here, stop).await
    }

    /// `code`: none is a reset.
    pub(super) async fn close(
        self: &Arc<Self>,
        here: &mut Here<'_>,
        name: &str,
        code: Option<u16>,
    ) -> Done {
        let (step, place) = (here.step, here.place);
        let frame = &mut *here.frame;
        let socket = self.socket(frame, name, place)?;
        let deadline = Instant::now() + step.within;
        let live = async {
            if let Some(line) = socket.line() {
                let told = match code {
                    Some(code) => {
                        line.tell(deadline, |answer| Command::Close(code, answer))
                            .await
                    }
                    None => line.tell(deadline, Command::Abandon).await,
                };
                if let Err(broken) = told {
                    tracing::debug!(%broken, "the connection had ended already");
                }
            }
            Seen::Closed
        };
        self.tape.observe(place, live).await;
        self.conclude(here, None).await
    }
}

/// Sends on the line, or on the one that takes over while the socket reconnects.
async fn deliver(
    live: &Live,
    socket: &OpenSocket,
    message: WireFrame,
    deadline: Instant,
) -> Result<(), Broken> {
    live.transport.admit_message(deadline).await?;
    let mut changed = socket.log.watch();
    loop {
        if !live.transport.may_send() {
            return Err(Broken::GateClosed);
        }
        let length = *changed.borrow_and_update();
        let entries = socket.log.range(0, length);
        if let Some(over) = log::over(&entries, socket.reconnects) {
            let text = over_text(&over);
            return Err(match over {
                Over::Full => Broken::LogFull(text),
                Over::Closed(_) | Over::GaveUp(_) | Over::Ours => Broken::Closed(text),
            });
        }
        let is_down = entries
            .iter()
            .rev()
            .find(|entry| !matches!(entry, Entry::Received(_)));
        if !matches!(is_down, Some(Entry::Interrupted { .. }))
            && let Some(line) = socket.line()
        {
            let sent = line
                .tell(deadline, |answer| Command::Send(message.clone(), answer))
                .await;
            if sent.is_ok() || !socket.reconnects {
                return sent;
            }
        }
        if !matches!(timeout_at(deadline, changed.changed()).await, Ok(Ok(()))) {
            return Err(Broken::Timeout("while the connection was down"));
        }
    }
}

fn payload(message: &WireFrame) -> Bytes {
    match message {
        WireFrame::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
        WireFrame::Binary(bytes) => bytes.clone(),
        WireFrame::Close { reason, .. } => Bytes::copy_from_slice(reason.as_bytes()),
    }
}
