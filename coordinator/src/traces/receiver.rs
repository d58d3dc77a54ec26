//! The door for OTLP: takes requests in, within limits, and answers what became of them.
//!
//! It reads nothing of a span; the keeper's thread does, so that a flood of spans takes no time
//! from leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceService;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;
use tokio::sync::oneshot;
use tonic::{Request, Response, Status};

/// Bytes of requests that may wait for the keeper.
const WAITING_BYTES: usize = 16 * 1024 * 1024;

/// One request, on its way to the keeper.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) spans: Vec<ResourceSpans>,
    pub(super) reply: oneshot::Sender<Rejected>,
    /// Held until the request has been dealt with.
    _room: Room,
}

/// How many spans of a request belonged to a run and were not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) count: u64,
}

/// The service.
#[derive(Debug)]
pub(crate) struct Receiver {
    keeper: SyncSender<Incoming>,
    bytes: Arc<AtomicUsize>,
}

/// A request's share of the bytes that may wait.
#[derive(Debug)]
struct Room {
    bytes: Arc<AtomicUsize>,
    taken: usize,
}

impl Room {
    fn take(bytes: &Arc<AtomicUsize>, wanted: usize) -> Option<Self> {
        let add = |held: usize| held.checked_add(wanted).filter(|sum| *sum <= WAITING_BYTES);
        bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add)
            .ok()?;
        Some(Self {
            bytes: bytes.clone(),
            taken: wanted,
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.taken, Ordering::AcqRel);
    }
}

impl Receiver {
    pub(super) fn new(keeper: SyncSender<Incoming>) -> Self {
        Self {
            keeper,
            bytes: Arc::default(),
        }
    }

    fn hand_over(
        &self,
        request: ExportTraceServiceRequest,
    ) -> Result<oneshot::Receiver<Rejected>, Status> {
        let busy = || Status::unavailable("too many spans are waiting; send them again later");
        let room = Room::take(&self.bytes, request.encoded_len()).ok_or_else(busy)?;
        let (reply, answer) = oneshot::channel();
        let incoming = Incoming {
            spans: request.resource_spans,
            reply,
            _room: room,
        };
        self.keeper.try_send(incoming).map_err(|_| busy())?;
        Ok(answer)
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let answer = self.hand_over(request.into_inner())?;
        let rejected = answer
            .await
            .map_err(|_| Status::unavailable("this coordinator is stopping"))?;
        let partial_success = (rejected.count > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: i64::try_from(rejected.count).unwrap_or(i64::MAX),
            error_message: "not kept: the run has too many spans, has ended, or the ids of a span \
                            are not W3C's"
                .to_owned(),
        });
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success,
        }))
    }
}
