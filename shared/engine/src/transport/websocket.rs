//! WebSocket handshakes and frames over the dialer's connections.
//!
//! Buffers are small (4 KiB to read, none to write), because a worker holds many sockets; an
//! oversize message ends the connection with an error instead of filling memory.

use std::time::Duration;

use ::http::header::{HeaderName, SEC_WEBSOCKET_PROTOCOL};
use ::http::{HeaderMap, Response};
use async_trait::async_trait;
use bytes::Bytes;
use domain::record::Phases;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::network::{Network, phases};
use super::{Broken, Call, Frame, Head, MESSAGE_LIMIT, Opening, Unanswered, Wire, unanswered_at};
use crate::dialer::stream::{Meter, Stream};
use crate::dialer::{Origin, milliseconds};

const READ_BUFFER: usize = 4 * 1024;
/// Longest that a close frame may take which says what the peer did wrong.
const COMPLAINT: Duration = Duration::from_secs(1);

pub(super) async fn open(network: &Network, call: &Call) -> Result<Opening, Unanswered> {
    let origin = Origin::of(&call.url).map_err(|error| Unanswered::new(error.into()))?;
    let request = build(call).map_err(Unanswered::new)?;
    let dialed = network
        .dial(&origin, call.deadline)
        .await
        .map_err(Unanswered::new)?;
    let (peer, mut phases, meter) = (dialed.peer, phases(dialed.phases), dialed.stream.meter());
    let session = dialed.session;
    network.ask_gate().map_err(Unanswered::new)?;
    let started = Instant::now();
    let handshake = client_async_with_config(request, dialed.stream, Some(config()));
    let outcome = timeout_at(call.deadline, handshake).await;
    time_phases(&mut phases, started, &meter);
    let head = |response: &Response<Option<Vec<u8>>>| Head {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        peer: peer.to_string(),
        phases,
        first_byte: meter.first_read().unwrap_or_else(Instant::now),
        session: session.clone(),
    };
    match outcome {
        Ok(Ok((stream, response))) => {
            let head = head(&response);
            let traffic = meter.traffic();
            Ok(Opening::Socket {
                head,
                traffic,
                wire: Box::new(Socket {
                    stream,
                    is_closing: false,
                    broken: None,
                }),
            })
        }
        Ok(Err(Error::Http(response))) => {
            let head = head(&response);
            Ok(Opening::Refused {
                head,
                traffic: meter.traffic(),
                body: Bytes::from(response.into_body().unwrap_or_default()),
            })
        }
        Ok(Err(error)) => Err(unanswered_at(
            broken_by(&error),
            peer,
            phases,
            meter.traffic(),
        )),
        Err(_) => Err(unanswered_at(
            Broken::Timeout("during the handshake"),
            peer,
            phases,
            meter.traffic(),
        )),
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MESSAGE_LIMIT)
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT))
}

/// The handshake's own headers come from the library, which also checks their answers.
fn build(call: &Call) -> Result<Request, Broken> {
    let mut url = call.url.clone();
    let scheme = if matches!(url.scheme(), "https" | "wss") {
        "wss"
    } else {
        "ws"
    };
    if url.set_scheme(scheme).is_err() {
        return Err(Broken::Url(format!(
            "`{url}` can't be opened as a WebSocket"
        )));
    }
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| Broken::Url(error.to_string()))?;
    merge(request.headers_mut(), &call.headers);
    Ok(request)
}

fn merge(target: &mut HeaderMap, written: &HeaderMap) {
    for (name, value) in written {
        if is_handshake_header(name) {
            continue;
        }
        target.append(name.clone(), value.clone());
    }
}

fn is_handshake_header(name: &HeaderName) -> bool {
    let text = name.as_str();
    matches!(text, "host" | "connection" | "upgrade")
        || (text.starts_with("sec-websocket-") && *name != SEC_WEBSOCKET_PROTOCOL)
}

fn time_phases(phases: &mut Phases, started: Instant, meter: &Meter) {
    let first_read = meter.first_read().unwrap_or_else(Instant::now);
    let last_write = meter.last_write().unwrap_or(started).min(first_read);
    phases.send_ms = milliseconds(last_write.saturating_duration_since(started));
    phases.waiting_ms = milliseconds(first_read.saturating_duration_since(last_write));
}

fn broken_by(error: &Error) -> Broken {
    match error {
        Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionReset => {
            Broken::Reset(io.to_string())
        }
        Error::Io(io) => Broken::Closed(format!("the connection ended: {io}")),
        Error::ConnectionClosed | Error::AlreadyClosed => {
            Broken::Closed("the connection is closed".to_owned())
        }
        Error::Capacity(_) => Broken::MessageLimit(MESSAGE_LIMIT),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Broken::Reset("the connection ended without a close frame".to_owned())
        }
        other => Broken::Protocol(other.to_string()),
    }
}

#[derive(Debug)]
struct Socket {
    stream: WebSocketStream<Stream>,
    /// A close frame came or went: whatever ends the connection now is an orderly end.
    is_closing: bool,
    /// What the peer did wrong, until somebody has been told: the telling may be dropped half-way.
    broken: Option<Broken>,
}

impl Socket {
    /// Says with a close frame what the peer did wrong (RFC 6455, 7.4.1), if it still listens.
    async fn complain(&mut self, error: &Error) {
        let code = match error {
            Error::Capacity(_) => CloseCode::Size,
            Error::Utf8(_) => CloseCode::Invalid,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            Error::Protocol(_) => CloseCode::Protocol,
            _ => return,
        };
        let reason = Utf8Bytes::default();
        let close = self.stream.close(Some(CloseFrame { code, reason }));
        if let Err(error) = timeout(COMPLAINT, close).await {
            tracing::debug!(%error, "the target did not take a close frame");
        }
    }
}

#[async_trait]
impl Wire for Socket {
    async fn next(&mut self) -> Option<Result<Frame, Broken>> {
        if let Some(broken) = self.broken.take() {
            return Some(Err(broken));
        }
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return Some(Ok(Frame::Text(text.as_str().to_owned()))),
                // A copy of its own size: the library's bytes would keep the whole buffer alive that
                // they were read into, which no limit counts.
                Ok(Message::Binary(bytes)) => {
                    return Some(Ok(Frame::Binary(Bytes::copy_from_slice(&bytes))));
                }
                Ok(Message::Close(frame)) => {
                    self.is_closing = true;
                    let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                        (frame.code.into(), frame.reason.as_str().to_owned())
                    });
                    return Some(Ok(Frame::Close { code, reason }));
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(_) if self.is_closing => return None,
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return None,
                Err(error) => {
                    self.broken = Some(broken_by(&error));
                    self.complain(&error).await;
                    return self.broken.take().map(Err);
                }
            }
        }
    }

    async fn send(&mut self, frame: Frame) -> Result<(), Broken> {
        let message = match frame {
            Frame::Text(text) => Message::Text(text.into()),
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Close { code, reason } => {
                self.is_closing = true;
                Message::Close(Some(CloseFrame {
                    code: code.into(),
                    reason: reason.into(),
                }))
            }
        };
        self.stream
            .send(message)
            .await
            .map_err(|error| broken_by(&error))
    }

    fn abandon(&mut self) {
        if let Err(error) = self.stream.get_ref().reset_on_drop() {
            tracing::debug!(%error, "a connection could not be made to reset");
        }
    }
}
