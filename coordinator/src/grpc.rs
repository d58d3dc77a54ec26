//! The doors: one port for workers and clients, in plaintext on loopback and mutual TLS elsewhere.
//!
//! Streams end within 15 s when the other side is gone without a word (HTTP/2 keepalive). What the
//! doors say in errors is in `grpc::status`.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use lifecycle::Stop;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceServiceServer;
use proto::v1;
use proto::v1::control_service_server::ControlServiceServer;
use proto::v1::worker_service_server::WorkerServiceServer;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tonic::codec::CompressionEncoding;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::app::StartError;
use crate::config::{Config, TlsFiles};
use crate::seat::Seat;

mod control_service;
mod status;
mod strikes;
mod trace_service;
mod worker_service;

use control_service::Control;
use strikes::Connections;
use trace_service::Traces;
use worker_service::Workers;

/// Frames of workers; a record is at most 1 MiB, and a frame holds several.
const WORKER_FRAME: usize = 4 * 1024 * 1024;
/// A plan with its bundle.
const SUBMIT: usize = 64 * 1024 * 1024;
/// A request with server spans, unpacked: a packed one is unpacked no further than this.
const SPANS: usize = 4 * 1024 * 1024;
/// Requests at one time on one connection.
const PER_CONNECTION: u32 = 32;

/// All services, ready to be served.
#[derive(Debug)]
pub struct Doors {
    server: Server,
    seat: Seat,
    limits: v1::Limits,
}

/// Off loopback, whoever can reach the port could read tokens and run tests: no plaintext there.
pub fn refuse_plaintext(config: &Config) -> Result<(), StartError> {
    let address: SocketAddr = config.listen;
    if config.tls.is_none() && !address.ip().is_loopback() {
        return Err(StartError::Plaintext { address });
    }
    Ok(())
}

impl Doors {
    pub(crate) fn new(config: &Config, seat: Seat) -> Result<Self, StartError> {
        let server = Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(10)))
            .http2_keepalive_timeout(Some(Duration::from_secs(5)))
            .max_concurrent_streams(PER_CONNECTION)
            .http2_max_header_list_size(16 * 1024)
            .initial_stream_window_size(1024 * 1024)
            .initial_connection_window_size(4 * 1024 * 1024);
        let server = match &config.tls {
            None => server,
            Some(files) => server.tls_config(mutual(files)?).map_err(unusable)?,
        };
        Ok(Self {
            server,
            seat,
            limits: limits(&config.accounting),
        })
    }

    /// Serves until `stop`; then streams end and requests are finished.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        stop: Stop,
    ) -> Result<(), tonic::transport::Error> {
        let streams = TaskTracker::new();
        let connections = Connections::default();
        let workers = Workers::new(
            self.seat.clone(),
            streams.clone(),
            connections.clone(),
            stop.clone(),
        );
        let control = Control::new(self.seat.clone(), self.limits, stop.clone());
        let incoming = TcpIncoming::from(listener)
            .with_nodelay(Some(true))
            .map(move |accepted| Ok::<_, io::Error>(connections.watch(accepted?)));
        let served = self
            .server
            .add_service(WorkerServiceServer::new(workers).max_decoding_message_size(WORKER_FRAME))
            .add_service(ControlServiceServer::new(control).max_decoding_message_size(SUBMIT))
            .add_service(
                TraceServiceServer::new(Traces::new(self.seat))
                    .accept_compressed(CompressionEncoding::Gzip)
                    .max_decoding_message_size(SPANS),
            )
            .serve_with_incoming_shutdown(incoming, stop.cancelled())
            .await;
        streams.close();
        streams.wait().await;
        served
    }
}

/// What is taken in, as clients are told of it.
fn limits(config: &accounting::coordinator::Config) -> v1::Limits {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    v1::Limits {
        active: narrow(config.max_active),
        waiting: narrow(config.max_queued),
        cases: config.max_cases as u64,
        plan_bytes: config.max_plan_bytes as u64,
    }
}

fn mutual(files: &TlsFiles) -> Result<ServerTlsConfig, StartError> {
    let identity = Identity::from_pem(read(&files.cert)?, read(&files.key)?);
    Ok(ServerTlsConfig::new()
        .identity(identity)
        .client_ca_root(Certificate::from_pem(read(&files.ca)?)))
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|why| StartError::TlsFile {
        path: path.to_owned(),
        why,
    })
}

fn unusable(error: tonic::transport::Error) -> StartError {
    let mut why = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        why = format!("{why}: {inner}");
        cause = inner.source();
    }
    StartError::Tls { why }
}
