//! The loop of one open socket: what comes in is acted on, what a run tells goes out.
//!
//! One task reads and writes, so that replies and events have one order. It ends with the
//! client's close, on the client's silence, when its token expires or is logged out, when the
//! platform stops, or when a run asked for the connection to be cut off.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::{dialogue, frames};
use crate::agents::{Listener, Outgoing};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::receipts::OpenSocket;
use crate::server::ServerStream;

/// A WebSocket on the server's side.
pub(super) type Socket = WebSocketStream<ServerStream>;

/// Events that may wait for a slow client before its connection ends.
const OUTBOX: usize = 256;
/// Frames in a row that could not be read before the connection ends.
const PATIENCE: u32 = 5;
const HEARTBEAT: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(90);
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// The close code for a token that is no longer good; of the range for applications.
const NO_LONGER_GOOD: CloseCode = CloseCode::Library(4401);

/// One open socket.
pub(super) struct Connection {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) listener: Listener,
    socket: Socket,
    opened: OpenSocket,
    errors: u32,
    heard: Instant,
}

/// Whether the loop goes on.
enum Next {
    Go,
    Close(CloseCode, &'static str),
    Cut,
    Gone,
}

pub(super) async fn serve(app: App, caller: Caller, socket: Socket, opened: OpenSocket) {
    let (outbox, mut inbox) = mpsc::channel(OUTBOX);
    let listener = Listener {
        outbox,
        too_slow: CancellationToken::new(),
    };
    let heard = Instant::now();
    let mut connection = Connection {
        app,
        caller,
        listener,
        socket,
        opened,
        errors: 0,
        heard,
    };
    let end = connection.run(&mut inbox).await;
    drop(inbox);
    connection.end(end).await;
}

impl Connection {
    async fn run(&mut self, inbox: &mut mpsc::Receiver<Outgoing>) -> Next {
        let Self { app, caller, .. } = self;
        let welcome = frames::welcome(&caller.user_id, caller.session(), &app.instance);
        caller.user_id.clone_into(
            &mut app
                .last_greeted
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        if !self.send(welcome).await {
            return Next::Gone;
        }
        let stop = self.app.stop.clone();
        let too_slow = self.listener.too_slow.clone();
        let mut news = self.app.tokens.news();
        let expired = sleep(self.left());
        tokio::pin!(expired);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => Next::Close(CloseCode::Away, "the platform stops"),
                () = too_slow.cancelled() => Next::Close(CloseCode::Again, "you read too slowly"),
                incoming = self.socket.next() => self.hear(incoming).await,
                Some(outgoing) = inbox.recv() => self.tell(outgoing).await,
                _ = heartbeat.tick() => self.beat().await,
                () = expired.as_mut() => Next::Close(NO_LONGER_GOOD, "the token has expired"),
                Ok(()) = news.changed() => self.still_welcome(),
            };
            if !matches!(next, Next::Go) {
                return next;
            }
        }
    }

    /// How long the token is still good; a year when there is none.
    fn left(&self) -> Duration {
        let claims = self.caller.claims.as_ref();
        let left_ms = claims.map(|claims| claims.exp * 1000 - clock::now_ms());
        let left_ms = left_ms.map(|ms| u64::try_from(ms).unwrap_or(0));
        left_ms.map_or(Duration::from_secs(365 * 24 * 3600), Duration::from_millis)
    }

    fn still_welcome(&self) -> Next {
        let claims = self.caller.claims.as_ref();
        if claims.is_some_and(|claims| self.app.tokens.is_revoked(claims)) {
            return Next::Close(NO_LONGER_GOOD, "the token was logged out");
        }
        Next::Go
    }

    async fn hear(&mut self, incoming: Option<Result<Message, Error>>) -> Next {
        self.heard = Instant::now();
        match incoming {
            Some(Ok(Message::Text(text))) => self.understand(&text).await,
            Some(Ok(Message::Binary(_))) => self.misunderstand("send text frames").await,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Next::Go,
            Some(Err(Error::Capacity(_))) => {
                let told = frames::error("FRAME_TOO_LARGE", "this message is far too large");
                self.send(told).await;
                Next::Close(CloseCode::Size, "message too large")
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => Next::Gone,
        }
    }

    async fn understand(&mut self, text: &str) -> Next {
        self.opened.message();
        let frame = match frames::read(text) {
            Ok(frame) => frame,
            Err(error) => return self.complain(error).await,
        };
        self.errors = 0;
        for reply in dialogue::answer(self, frame).await {
            if !self.send(reply).await {
                return Next::Gone;
            }
        }
        Next::Go
    }

    async fn misunderstand(&mut self, why: &str) -> Next {
        self.opened.message();
        self.complain(frames::error("FORMAT_ERROR", why)).await
    }

    async fn complain(&mut self, error: String) -> Next {
        self.errors += 1;
        if !self.send(error).await {
            return Next::Gone;
        }
        if self.errors < PATIENCE {
            return Next::Go;
        }
        Next::Close(CloseCode::Policy, "too many frames that could not be read")
    }

    async fn tell(&mut self, outgoing: Outgoing) -> Next {
        let (frame, cut) = match outgoing {
            Outgoing::Frame(frame) => (frame, false),
            Outgoing::LastFrame(frame) => (frame, true),
        };
        match (self.send(frame).await, cut) {
            (false, _) => Next::Gone,
            (true, true) => Next::Cut,
            (true, false) => Next::Go,
        }
    }

    async fn beat(&mut self) -> Next {
        if self.heard.elapsed() > SILENCE {
            return Next::Gone;
        }
        match self.socket.send(Message::Ping(bytes::Bytes::new())).await {
            Ok(()) => Next::Go,
            Err(_) => Next::Gone,
        }
    }

    /// Whether the frame left in time.
    async fn send(&mut self, frame: String) -> bool {
        let message = Message::Text(Utf8Bytes::from(frame));
        matches!(
            timeout(SEND_TIMEOUT, self.socket.send(message)).await,
            Ok(Ok(()))
        )
    }

    async fn end(mut self, end: Next) {
        match end {
            Next::Go | Next::Gone => {}
            Next::Close(code, reason) => {
                let frame = CloseFrame {
                    code,
                    reason: Utf8Bytes::from_static(reason),
                };
                let closed = timeout(Duration::from_secs(2), self.socket.close(Some(frame))).await;
                tracing::debug!(?closed, "a socket was closed");
            }
            Next::Cut => {
                self.opened.aborted();
                let tcp = self.socket.get_ref().get_ref().0;
                if let Err(error) = tcp.set_zero_linger() {
                    tracing::warn!(%error, "a connection ends without a reset");
                }
            }
        }
    }
}
