//! The only door to a target: every connection that a case makes begins here.
//!
//! A URL is parsed once, its host resolved once, every address that came back is checked against
//! the environment's allow-list, and the socket is connected to exactly the address checked.
//! Proxies of the machine are never read. The lease gate is asked before each connect. What may be
//! dialled is `allow`, how a name becomes addresses `resolve`, TLS `tls`, the caps `cap`.

pub mod allow;
pub mod cap;
mod reserved;
pub mod resolve;
pub mod stream;
pub mod tls;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::engine::LeaseGate;
use allow::AllowList;
use resolve::Resolve;
use stream::Stream;
use tls::{Distrust, Session, Tls};

/// Longest that one connect or one TLS handshake may take, whatever the step allows.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Where a connection goes: what the pool keys by, and what the allow-list judges.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    pub is_tls: bool,
    pub host: Host<String>,
    pub port: u16,
}

impl Origin {
    /// `Host` has no order of its own use here; the URL parser has made spellings canonical
    /// (`0x7f.1` is `127.0.0.1`, a Cyrillic letter is `xn--…`).
    pub fn of(url: &Url) -> Result<Self, DialError> {
        let is_tls = match url.scheme() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            other => {
                return Err(DialError::Url(format!(
                    "`{other}:` is not http, https, ws or wss"
                )));
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DialError::Url(
                "a user name in the address is not allowed; send a header".to_owned(),
            ));
        }
        let host = url
            .host()
            .ok_or_else(|| DialError::Url("the address has no host".to_owned()))?
            .to_owned();
        let port = url
            .port_or_known_default()
            .unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Self {
            is_tls,
            host: canonical(host),
            port,
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

/// An IPv4 address inside an IPv6 one is that IPv4 address; a name has no closing dot.
fn canonical(host: Host<String>) -> Host<String> {
    match host {
        Host::Ipv6(address) => match IpAddr::V6(address).to_canonical() {
            IpAddr::V4(inner) => Host::Ipv4(inner),
            IpAddr::V6(same) => Host::Ipv6(same),
        },
        Host::Domain(name) => Host::Domain(name.trim_end_matches('.').to_ascii_lowercase()),
        other @ Host::Ipv4(_) => other,
    }
}

/// Why a connection was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    #[error("{0}")]
    Url(String),
    #[error("{origin} is refused: {why}")]
    AllowList { origin: String, why: String },
    #[error("the lease gate is closed")]
    GateClosed,
    #[error("`{host}` could not be resolved: {why}")]
    Resolve { host: String, why: String },
    #[error("{peer} refused the connection")]
    Refused { peer: SocketAddr },
    #[error("{peer} could not be reached: {why}")]
    Connect { peer: SocketAddr, why: String },
    #[error("the TLS handshake with {peer} failed: {why}")]
    Tls { peer: SocketAddr, why: String },
    #[error("the certificate of {peer} is not trusted: {why}")]
    Certificate {
        peer: SocketAddr,
        distrust: Distrust,
        why: String,
    },
    #[error("the time was over during {phase}")]
    Timeout { phase: &'static str },
}

/// Milliseconds of the phases before a request can be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DialPhases {
    pub dns_ms: f64,
    pub connect_ms: f64,
    pub tls_ms: f64,
}

/// A connection to an address that the allow-list let pass.
#[derive(Debug)]
pub struct Dialed {
    pub stream: Stream,
    pub peer: SocketAddr,
    pub phases: DialPhases,
    /// `None` on a plain connection.
    pub session: Option<Arc<Session>>,
}

/// Makes every connection of an engine; shared by all its cases.
#[derive(Debug)]
pub struct Dialer {
    allow: AllowList,
    resolver: Arc<dyn Resolve>,
    tls: Tls,
}

impl Dialer {
    pub fn new(allow: AllowList, resolver: Arc<dyn Resolve>, tls: Tls) -> Self {
        Self {
            allow,
            resolver,
            tls,
        }
    }

    /// Connects to `origin` before `deadline`, or says why not.
    pub async fn dial(
        &self,
        origin: &Origin,
        gate: &dyn LeaseGate,
        deadline: Instant,
    ) -> Result<Dialed, DialError> {
        if !gate.is_open() {
            return Err(DialError::GateClosed);
        }
        let mut phases = DialPhases::default();
        let started = Instant::now();
        let addresses = self.resolve(origin, deadline).await?;
        phases.dns_ms = milliseconds(started.elapsed());
        let started = Instant::now();
        let (tcp, peer) = connect(&addresses, origin.port, gate, deadline).await?;
        phases.connect_ms = milliseconds(started.elapsed());
        let (stream, session) = if origin.is_tls {
            let started = Instant::now();
            let (stream, session) = self.secure(origin, tcp, peer, deadline).await?;
            phases.tls_ms = milliseconds(started.elapsed());
            (stream, Some(Arc::new(session)))
        } else {
            (Stream::plain(tcp), None)
        };
        Ok(Dialed {
            stream,
            peer,
            phases,
            session,
        })
    }

    /// All addresses of the host, each of them allowed: one that is not refuses the whole host, so
    /// that the answer never depends on the order in which a name server lists addresses.
    async fn resolve(&self, origin: &Origin, deadline: Instant) -> Result<Vec<IpAddr>, DialError> {
        let refused = |why: String| DialError::AllowList {
            origin: origin.to_string(),
            why,
        };
        let addresses = match &origin.host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                self.allow.admits_name(name, origin.port).map_err(refused)?;
                let found = timeout_at(
                    deadline.min(Instant::now() + CONNECT_LIMIT),
                    self.resolver.resolve(name, origin.port),
                );
                found
                    .await
                    .map_err(|_| DialError::Timeout { phase: "dns" })?
                    .map_err(|why| DialError::Resolve {
                        host: name.clone(),
                        why,
                    })?
            }
        };
        if addresses.is_empty() {
            return Err(DialError::Resolve {
                host: origin.host.to_string(),
                why: "it has no address".to_owned(),
            });
        }
        let name = match &origin.host {
            Host::Domain(name) => Some(name.as_str()),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        };
        for &address in &addresses {
            self.allow
                .admits(name, origin.port, address)
                .map_err(refused)?;
        }
        Ok(addresses)
    }

    async fn secure(
        &self,
        origin: &Origin,
        tcp: TcpStream,
        peer: SocketAddr,
        deadline: Instant,
    ) -> Result<(Stream, Session), DialError> {
        let failed = |why: String| DialError::Tls { peer, why };
        let name = tls::server_name(&origin.host).map_err(failed)?;
        let connector = self.tls.connector().map_err(failed)?;
        let handshake = timeout_at(
            deadline.min(Instant::now() + CONNECT_LIMIT),
            connector.connect(name, tcp),
        );
        let secured = handshake
            .await
            .map_err(|_| DialError::Timeout { phase: "tls" })?
            .map_err(|error| match Distrust::of(&error) {
                Some(distrust) => DialError::Certificate {
                    peer,
                    distrust,
                    why: match self.tls.advice(distrust) {
                        Some(advice) => format!("{error}; {advice}"),
                        None => error.to_string(),
                    },
                },
                None => failed(error.to_string()),
            })?;
        let session = Session::of(secured.get_ref().1);
        Ok((Stream::tls(secured), session))
    }
}

/// Tries the addresses in order, each only while the gate is open, and keeps what the last said.
async fn connect(
    addresses: &[IpAddr],
    port: u16,
    gate: &dyn LeaseGate,
    deadline: Instant,
) -> Result<(TcpStream, SocketAddr), DialError> {
    let mut last = DialError::Timeout { phase: "connect" };
    for &address in addresses {
        let peer = SocketAddr::new(address, port);
        if !gate.is_open() {
            return Err(DialError::GateClosed);
        }
        let until = deadline.min(Instant::now() + CONNECT_LIMIT);
        match timeout_at(until, TcpStream::connect(peer)).await {
            Ok(Ok(tcp)) => {
                // Without this a small message waits up to 40 ms for the peer's acknowledgement.
                tcp.set_nodelay(true).map_err(|error| DialError::Connect {
                    peer,
                    why: error.to_string(),
                })?;
                return Ok((tcp, peer));
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                last = DialError::Refused { peer };
            }
            Ok(Err(error)) => {
                last = DialError::Connect {
                    peer,
                    why: error.to_string(),
                }
            }
            Err(_) => last = DialError::Timeout { phase: "connect" },
        }
    }
    Err(last)
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
