//! HTTP/1.1 exchanges over hyper's client connections, with the time of each phase.
//!
//! A request is sent again only when a reused connection turns out dead before any byte of an
//! answer, and only if nothing of the request left or its method may be repeated (RFC 9110, 9.2.2).

use std::sync::Arc;

use ::http::header::HOST;
use ::http::{HeaderValue, Method, Request};
use async_trait::async_trait;
use bytes::Bytes;
use domain::record::Phases;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::idle::{Connection, Key, Pool};
use super::network::{Network, phases};
use super::{
    Answering, BODY_LIMIT, BodyReader, Broken, Call, HEADER_LIMIT, Head, Traffic, Unanswered,
    unanswered_at,
};
use crate::dialer::{Origin, milliseconds};

/// Most bytes that hyper buffers for one connection; bounds the header block of an answer.
const BUFFER_LIMIT: usize = 256 * 1024;

pub(super) async fn request(network: &Network, call: &Call) -> Result<Answering, Unanswered> {
    let origin = Origin::of(&call.url).map_err(|error| Unanswered::new(error.into()))?;
    let key: Key = (call.user.clone(), origin);
    if let Some(connection) = reusable(network, &key, call.deadline).await {
        match exchange(network, &key, connection, call, Phases::default()).await {
            Err(failed) if failed.may_repeat(&call.method) => {}
            Err(failed) => return Err(failed.unanswered),
            Ok(answering) => return Ok(answering),
        }
    }
    let (connection, phases) = connect(network, &key.1, call.deadline).await?;
    exchange(network, &key, connection, call, phases)
        .await
        .map_err(|failed| failed.unanswered)
}

/// An idle connection that hyper says is ready for a request.
async fn reusable(network: &Network, key: &Key, deadline: Instant) -> Option<Connection> {
    while let Some(mut connection) = network.pool.take(key) {
        if let Ok(Ok(())) = timeout_at(deadline, connection.sender.ready()).await {
            return Some(connection);
        }
    }
    None
}

async fn connect(
    network: &Network,
    origin: &Origin,
    deadline: Instant,
) -> Result<(Connection, Phases), Unanswered> {
    let dialed = network
        .dial(origin, deadline)
        .await
        .map_err(Unanswered::new)?;
    let (peer, phases, meter) = (dialed.peer, phases(dialed.phases), dialed.stream.meter());
    let session = dialed.session;
    let handshake = http1::Builder::new()
        .max_headers(HEADER_LIMIT)
        .max_buf_size(BUFFER_LIMIT)
        .handshake(TokioIo::new(dialed.stream))
        .await;
    let (sender, driver) = handshake.map_err(|error| {
        unanswered_at(
            Broken::Protocol(error.to_string()),
            peer,
            phases,
            Traffic::default(),
        )
    })?;
    network.pool.drive(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "a connection to the target ended");
        }
    });
    Ok((
        Connection {
            sender,
            meter,
            peer,
            session,
        },
        phases,
    ))
}

/// A failed exchange, with what must be known to decide whether it may be repeated.
struct Failed {
    unanswered: Unanswered,
    nothing_sent: bool,
    nothing_received: bool,
}

impl Failed {
    fn may_repeat(&self, method: &Method) -> bool {
        let is_dead = matches!(self.unanswered.broken, Broken::Closed(_) | Broken::Reset(_));
        is_dead && self.nothing_received && (self.nothing_sent || method.is_idempotent())
    }
}

async fn exchange(
    network: &Network,
    key: &Key,
    mut connection: Connection,
    call: &Call,
    mut phases: Phases,
) -> Result<Answering, Failed> {
    let before = connection.meter.mark();
    let started = Instant::now();
    let sent = async {
        network.ask_gate()?;
        let request = build(call)?;
        match timeout_at(call.deadline, connection.sender.try_send_request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(broken_by(error.error())),
            Err(_) => Err(Broken::Timeout("while waiting for the answer")),
        }
    };
    let response = sent.await;
    time_phases(&mut phases, started, &connection);
    let traffic = connection.meter.traffic().since(before);
    let response = response.map_err(|broken| named(broken, &connection.meter.beginning()));
    let response = response.map_err(|broken| Failed {
        unanswered: unanswered_at(broken, connection.peer, phases, traffic),
        nothing_sent: traffic.sent == 0,
        nothing_received: traffic.received == 0,
    })?;
    let (parts, body) = response.into_parts();
    let first_byte = connection.meter.first_read().unwrap_or_else(Instant::now);
    let peer = connection.peer.to_string();
    let head = Head {
        status: parts.status.as_u16(),
        headers: parts.headers,
        peer,
        phases,
        first_byte,
        session: connection.session.clone(),
    };
    let reader = Reader {
        body,
        read: 0,
        before,
        held: Some((key.clone(), connection)),
        pool: network.pool.clone(),
        last: traffic,
    };
    Ok(Answering {
        head,
        body: Box::new(reader),
    })
}

/// `send` ends with the last byte written, `waiting` with the first byte read.
fn time_phases(phases: &mut Phases, started: Instant, connection: &Connection) {
    let now = Instant::now();
    let first_read = connection.meter.first_read().unwrap_or(now);
    let last_write = connection
        .meter
        .last_write()
        .unwrap_or(started)
        .min(first_read);
    phases.send_ms = milliseconds(last_write.saturating_duration_since(started));
    phases.waiting_ms = milliseconds(first_read.saturating_duration_since(last_write));
}

fn build(call: &Call) -> Result<Request<Full<Bytes>>, Broken> {
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = origin_form(&call.url)
        .parse()
        .map_err(|error| Broken::Url(format!("{error}")))?;
    *request.headers_mut() = call.headers.clone();
    request.headers_mut().insert(HOST, host_header(&call.url)?);
    Ok(request)
}

fn origin_form(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn host_header(url: &Url) -> Result<HeaderValue, Broken> {
    let host = url.host_str().unwrap_or_default();
    let text = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    HeaderValue::from_str(&text).map_err(|error| Broken::Url(error.to_string()))
}

/// Says what speaks there, where an answer is none of HTTP.
fn named(broken: Broken, beginning: &[u8]) -> Broken {
    let Broken::Protocol(text) = broken else {
        return broken;
    };
    let what = match beginning {
        [0x15 | 0x16, 3, ..] => "it begins as TLS does: is its address `https`?".to_owned(),
        [0, 0, _, 4] => "it begins as HTTP/2 does, and this client speaks HTTP/1.1".to_owned(),
        b"SSH-" => "an SSH server answers there".to_owned(),
        b"HTTP" => return Broken::Protocol(text),
        other => format!("it begins with the bytes {}", hex::encode(other)),
    };
    Broken::Protocol(format!("{text}; {what}"))
}

/// Sorts hyper's errors into ours; the source says what the operating system said.
fn broken_by(error: &hyper::Error) -> Broken {
    let source = io_error(error);
    let text = source.map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_parse_too_large() {
        Broken::Protocol(format!(
            "the head of the answer has more than {HEADER_LIMIT} lines or {BUFFER_LIMIT} bytes, the most that is read"
        ))
    } else if error.is_parse() || source.is_some_and(is_bad_framing) {
        Broken::Protocol(format!("the answer is not HTTP: {text}"))
    } else if source.is_some_and(|source| source.kind() == std::io::ErrorKind::ConnectionReset) {
        Broken::Reset(text)
    } else if error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || source.is_some()
    {
        Broken::Closed(format!("the target closed the connection: {text}"))
    } else {
        Broken::Protocol(error.to_string())
    }
}

/// Wrong chunks and trailers come as errors of reading, without one of the operating system's.
fn is_bad_framing(source: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        source.kind(),
        ErrorKind::InvalidData | ErrorKind::InvalidInput
    )
}

fn io_error(error: &hyper::Error) -> Option<&std::io::Error> {
    let mut source = std::error::Error::source(error);
    while let Some(current) = source {
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        source = current.source();
    }
    None
}

/// Reads one body, and gives the connection back after its last byte.
#[derive(Debug)]
struct Reader {
    body: Incoming,
    read: usize,
    before: Traffic,
    held: Option<(Key, Connection)>,
    pool: Arc<Pool>,
    last: Traffic,
}

#[async_trait]
impl BodyReader for Reader {
    async fn next(&mut self, deadline: Instant) -> Result<Option<Bytes>, Broken> {
        loop {
            let frame = timeout_at(deadline, self.body.frame()).await;
            match frame.map_err(|_| Broken::Timeout("while the body was read"))? {
                None => {
                    self.give_back();
                    return Ok(None);
                }
                Some(Err(error)) => return Err(broken_by(&error)),
                // Trailers carry nothing that a suite can read.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return self.count(data).map(Some),
                    Err(_trailers) => {}
                },
            }
        }
    }

    fn traffic(&self) -> Traffic {
        self.held.as_ref().map_or(self.last, |(_, connection)| {
            connection.meter.traffic().since(self.before)
        })
    }
}

impl Reader {
    fn count(&mut self, data: Bytes) -> Result<Bytes, Broken> {
        self.read += data.len();
        if self.read > BODY_LIMIT {
            Err(Broken::BodyLimit(BODY_LIMIT))
        } else {
            Ok(data)
        }
    }

    fn give_back(&mut self) {
        self.last = self.traffic();
        if let Some((key, connection)) = self.held.take() {
            self.pool.keep(key, connection);
        }
    }
}
