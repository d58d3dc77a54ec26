//! The door for OTLP: servers of the environment, or a collector before them, send their spans.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceService;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tonic::{Request, Response, Status};

use super::status::Refusal;
use crate::seat::Seat;

/// What a sender is told of spans that were not kept.
const NOT_KEPT: &str =
    "not kept: the run has too many spans, has ended, or the ids of a span are not W3C's";

#[derive(Debug)]
pub(super) struct Traces {
    seat: Seat,
}

impl Traces {
    pub(super) fn new(seat: Seat) -> Self {
        Self { seat }
    }
}

#[tonic::async_trait]
impl TraceService for Traces {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let spans = request.into_inner().resource_spans;
        let inbox = self.seat.spans().await.map_err(Refusal::from)?;
        let rejected = inbox.hand_in(spans).await.map_err(Refusal::from)?;
        let partial_success = (rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: i64::try_from(rejected).unwrap_or(i64::MAX),
            error_message: NOT_KEPT.to_owned(),
        });
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success,
        }))
    }
}
