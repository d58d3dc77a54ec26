//! Accepts TLS connections and serves HTTP/1.1 on each, with upgrades.
//!
//! A connection is a task of the platform's tracker; when the platform stops it may finish the
//! exchange it is in, for a short while.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What is under HTTP and WebSocket.
pub(crate) type ServerStream = TlsStream<TcpStream>;

/// For a TLS handshake; generous, because the machine may be busy.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// For the next request of a connection that is kept open.
const IDLE: Duration = Duration::from_secs(300);
/// For an exchange in progress when the platform stops.
const GRACE: Duration = Duration::from_secs(2);

/// One listening host.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) tls: TlsAcceptor,
    pub(crate) router: Router,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Server {
    /// Accepts until the platform stops.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.accept(listener)).await;
    }

    async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((tcp, _peer)) => {
                    self.tasks.spawn(self.clone().connection(tcp));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    async fn connection(self, tcp: TcpStream) {
        if tcp.set_nodelay(true).is_err() {
            return;
        }
        let handshake = timeout(HANDSHAKE, self.tls.accept(tcp));
        let Some(Ok(Ok(stream))) = self.stop.run_until_cancelled(handshake).await else {
            return;
        };
        let service = TowerToHyperService::new(self.router);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        tokio::select! {
            served = connection.as_mut() => tracing::trace!(?served, "a connection ended"),
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let served = timeout(GRACE, connection).await;
                tracing::trace!(?served, "a connection was ended");
            }
        }
    }
}
