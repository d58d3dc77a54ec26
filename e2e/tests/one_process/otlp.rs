//! Server spans as collectors send them: packed, and packed to burst.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;

use crate::grid::Grid;

/// Far beyond what a request may hold unpacked, and a few kilobytes when it is packed.
const BURSTING: usize = 64 * 1024 * 1024;

async fn packing(grid: &Grid) -> TraceServiceClient<Channel> {
    let client = TraceServiceClient::connect(format!("http://{}", grid.address)).await;
    client.unwrap().send_compressed(CompressionEncoding::Gzip)
}

/// Spans of no run, whose ids are none when `is_whole` is false.
fn request(names: usize, is_whole: bool) -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: vec![u8::from(is_whole); 16],
        span_id: vec![u8::from(is_whole); 8],
        name: "x".repeat(names),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_spans_are_read_like_any_others() {
    let grid = Grid::start().await;
    let mut client = packing(&grid).await;
    for (is_whole, rejected) in [(true, 0), (false, 1)] {
        let reply = client.export(request(100_000, is_whole)).await.unwrap();
        let partial = reply.into_inner().partial_success.unwrap_or_default();
        assert_eq!(
            partial.rejected_spans, rejected,
            "{}",
            partial.error_message
        );
    }
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_burst_when_unpacked_is_refused_at_the_limit() {
    let grid = Grid::start().await;
    let mut client = packing(&grid).await;
    let refused = client.export(request(BURSTING, true)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let limit = (4 * 1024 * 1024).to_string();
    assert!(refused.message().contains(&limit), "{refused}");
    // The door is still open.
    client.export(request(10, true)).await.unwrap();
    grid.stop().await;
}
