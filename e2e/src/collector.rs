//! An OTLP collector of its own: a real gRPC service on loopback that remembers what it was sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use tokio::task::JoinSet;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// A span as it came, its attributes as text.
#[derive(Clone, Debug)]
pub struct Received {
    pub service: String,
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub name: String,
    pub kind: i32,
    pub start_ns: u64,
    pub end_ns: u64,
    pub attributes: BTreeMap<String, String>,
}

/// The collector; it ends when it is dropped.
#[derive(Debug)]
pub struct Collector {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Door {
    received: Arc<Mutex<Vec<Received>>>,
    answers: bool,
}

impl Collector {
    /// # Errors
    /// When it can't listen.
    pub fn start() -> Result<Self> {
        Self::serving(true)
    }

    /// One that takes requests and never answers.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn that_never_answers() -> Result<Self> {
        Self::serving(false)
    }

    fn serving(answers: bool) -> Result<Self> {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let door = Door {
            received: received.clone(),
            answers,
        };
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
        let url = format!("http://{}", incoming.local_addr()?);
        let server = Server::builder()
            .add_service(TraceServiceServer::new(door))
            .serve_with_incoming(incoming);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // It ends with the test.
            drop(server.await);
        });
        Ok(Self {
            url,
            received,
            _tasks: tasks,
        })
    }

    /// Everything so far, by span id.
    pub fn spans(&self) -> BTreeMap<Vec<u8>, Received> {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = received.iter().map(|span| (span.id.clone(), span.clone()));
        spans.collect()
    }
}

#[tonic::async_trait]
impl TraceService for Door {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        if !self.answers {
            std::future::pending::<()>().await;
        }
        let spans = request.into_inner().resource_spans;
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.extend(spans.iter().flat_map(spans_of));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn spans_of(resource: &ResourceSpans) -> Vec<Received> {
    let attributes = resource.resource.iter().flat_map(|one| &one.attributes);
    let service = texts(attributes).remove("service.name").unwrap_or_default();
    let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
    let received = spans.map(|span| Received {
        service: service.clone(),
        trace: span.trace_id.clone(),
        id: span.span_id.clone(),
        parent: span.parent_span_id.clone(),
        name: span.name.clone(),
        kind: span.kind,
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano,
        attributes: texts(&span.attributes),
    });
    received.collect()
}

fn texts<'a>(pairs: impl IntoIterator<Item = &'a KeyValue>) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some((pair.key.clone(), text.clone())),
        Value::IntValue(number) => Some((pair.key.clone(), number.to_string())),
        other => Some((pair.key.clone(), format!("{other:?}"))),
    };
    pairs.into_iter().filter_map(text).collect()
}
