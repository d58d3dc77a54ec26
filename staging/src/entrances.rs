//! Every listening socket of a platform: the three hosts, the API behind three certificates that
//! no client may accept, and plain HTTP, which only sends on to HTTPS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::app::{Addresses, App};
use crate::server::Server;
use crate::tls::Identities;
use crate::{Config, Defect, Error, edge};

/// How long a connection in plain text may take to ask.
const PATIENCE: Duration = Duration::from_secs(30);

/// The listeners, bound and not yet served.
pub(crate) struct Entrances {
    api: TcpListener,
    auth: TcpListener,
    provider: TcpListener,
    self_signed: TcpListener,
    expired: TcpListener,
    wrong_host: TcpListener,
    plain: TcpListener,
}

/// The ports of all entrances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) api: u16,
    pub(crate) auth: u16,
    pub(crate) provider: u16,
    pub(crate) self_signed: u16,
    pub(crate) expired: u16,
    pub(crate) wrong_host: u16,
    pub(crate) plain: u16,
}

impl Entrances {
    /// Binds all of them; those beside API and auth host take free ports of the API's address.
    pub(crate) async fn bind(config: &Config) -> Result<Self, Error> {
        let free = SocketAddr::new(config.api_listen.ip(), 0);
        Ok(Self {
            api: bind(config.api_listen).await?,
            auth: bind(config.auth_listen).await?,
            provider: bind(free).await?,
            self_signed: bind(free).await?,
            expired: bind(free).await?,
            wrong_host: bind(free).await?,
            plain: bind(free).await?,
        })
    }

    pub(crate) fn ports(&self) -> Result<Ports, Error> {
        Ok(Ports {
            api: port(&self.api)?,
            auth: port(&self.auth)?,
            provider: port(&self.provider)?,
            self_signed: port(&self.self_signed)?,
            expired: port(&self.expired)?,
            wrong_host: port(&self.wrong_host)?,
            plain: port(&self.plain)?,
        })
    }

    /// Begins to serve; every listener is a task of the platform's.
    pub(crate) fn serve(self, app: &App, identities: &Identities) {
        let api = edge::api_router(app);
        let served = [
            (self.api, api.clone(), &identities.good),
            (self.auth, edge::auth_router(app), &identities.good),
            (self.provider, edge::provider_router(app), &identities.good),
            (self.self_signed, api.clone(), &identities.self_signed),
            (self.expired, api.clone(), &identities.expired),
            (self.wrong_host, api, &identities.wrong_host),
        ];
        for (listener, router, tls) in served {
            let server = Server {
                tls: tls.clone(),
                router,
                stop: app.stop.clone(),
                tasks: app.tasks.clone(),
            };
            app.tasks.spawn(server.serve(listener));
        }
        let (app, stop) = (app.clone(), app.stop.clone());
        let tasks = app.tasks.clone();
        tasks.spawn(async move { stop.run_until_cancelled(plain(app, self.plain)).await });
    }
}

impl Ports {
    /// The hosts' addresses under this name.
    pub(crate) fn addresses(&self, host: &str) -> Addresses {
        Addresses {
            api: format!("https://{host}:{}", self.api),
            auth: format!("https://{host}:{}", self.auth),
            provider: format!("https://{host}:{}", self.provider),
        }
    }
}

async fn plain(app: App, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((tcp, _peer)) => {
                let app = app.clone();
                app.tasks.clone().spawn(async move {
                    let stop = app.stop.clone();
                    stop.run_until_cancelled(send_on(app, tcp)).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn send_on(app: App, tcp: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = sent_on(&app, &request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(tcp), service)
        .await;
    tracing::trace!(?served, "a plain connection ended");
}

/// 308 keeps method and body, so nothing that was meant for HTTPS changes its meaning.
fn sent_on(app: &App, request: &Request<Incoming>) -> Response<http_body_util::Empty<Bytes>> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let mut to = format!("{}{path}", app.addresses.api);
    if app.has(Defect::RedirectsToPlain) {
        to = to.replacen("https://", "http://", 1);
    }
    let mut response = Response::new(http_body_util::Empty::new());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(location) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen { address, source })
}

fn port(listener: &TcpListener) -> Result<u16, Error> {
    let address = listener.local_addr();
    address.map(|address| address.port()).map_err(|source| {
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        Error::Listen { address, source }
    })
}
