//! What an orchestrator asks a process: does it live, is it ready, does it lead.
//!
//! Plain HTTP on a port of its own, so that probes need no certificate. Answers are words that were
//! compiled in: no name, address, run or error leaves by this door. What the answers are is the
//! asked process's to say.

use std::convert::Infallible;
use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections at one time; who comes then waits.
const CONNECTIONS: usize = 32;
/// A connection is one request, and takes no longer.
const REQUEST: Duration = Duration::from_secs(10);
/// A head of a request is small.
const HEAD_BYTES: usize = 8 * 1024;
/// After the system refused a connection, as when files have run out.
const BREATH: Duration = Duration::from_millis(100);

/// One answer, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub is_yes: bool,
    pub why: &'static str,
}

impl Answer {
    pub const fn yes(why: &'static str) -> Self {
        Self { is_yes: true, why }
    }

    pub const fn no(why: &'static str) -> Self {
        Self { is_yes: false, why }
    }
}

/// A process that can be asked. Each answer should come within a few seconds.
#[async_trait]
pub trait Health: Debug + Send + Sync + 'static {
    /// `/livez`: no is a reason to kill it and start it anew. Never no for what others do wrong.
    async fn live(&self) -> Answer;

    /// `/readyz`: whether it does its part now.
    async fn ready(&self) -> Answer;

    /// `/leadz`: whether it is the one of several that leads; nothing where nobody leads.
    async fn leads(&self) -> Option<Answer> {
        None
    }
}

/// The address can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not answer probes at {address}: {why}; choose another address for --health, or stop what listens there"
)]
pub struct ListenError {
    pub address: SocketAddr,
    pub why: io::Error,
}

/// A port that is held, and not answered yet.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Takes hold of the address; port 0 takes a free one.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |why| ListenError { address, why };
        let tcp = TcpListener::bind(address).map_err(failed)?;
        tcp.set_nonblocking(true).map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, address })
    }

    /// With the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers on the runtime that it is called on, until it is dropped.
    pub async fn serve(self, health: Arc<dyn Health>) {
        let listener = match tokio::net::TcpListener::from_std(self.tcp) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, address = %self.address, "probes are not answered");
                return;
            }
        };
        let mut connections = JoinSet::new();
        loop {
            while connections.len() >= CONNECTIONS {
                connections.join_next().await;
            }
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(answer(stream, health.clone()));
                    }
                    Err(error) => {
                        tracing::debug!(%error, "a probe was not accepted");
                        tokio::time::sleep(BREATH).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn answer(stream: TcpStream, health: Arc<dyn Health>) {
    let service = service_fn(move |request| {
        let health = health.clone();
        async move { Ok::<_, Infallible>(respond(&request, &*health).await) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever asked may go away, or never ask.
    let _ = tokio::time::timeout(REQUEST, connection).await;
}

async fn respond(request: &Request<Incoming>, health: &dyn Health) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET alone is answered");
    }
    let answer = match request.uri().path() {
        "/livez" => Some(health.live().await),
        "/readyz" => Some(health.ready().await),
        "/leadz" => health.leads().await,
        _ => None,
    };
    match answer {
        Some(Answer { is_yes: true, why }) => text(StatusCode::OK, why),
        Some(Answer { why, .. }) => text(StatusCode::SERVICE_UNAVAILABLE, why),
        None => text(StatusCode::NOT_FOUND, "nothing is known of this"),
    }
}

fn text(status: StatusCode, why: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{why}\n"))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, plain);
    let fresh = hyper::header::HeaderValue::from_static("no-store");
    headers.insert(CACHE_CONTROL, fresh);
    response
}

#[cfg(test)]
mod tests;
