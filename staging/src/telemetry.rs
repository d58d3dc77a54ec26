//! The platform's own spans, by OTLP: one for each request, with its database work and agents' steps.
//!
//! The parent is what the caller's `traceparent` names (W3C Trace Context); attributes are those of
//! OpenTelemetry's conventions. Without an endpoint nothing is recorded. A collector that is slow
//! or gone costs spans, never an answer.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use axum::response::Response;
use http::HeaderMap;
use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};

use crate::Error;

/// Spans that may wait for the collector; more are dropped by the exporter, which counts them.
const WAITING: usize = 65_536;
const BATCH: usize = 512;
/// How long a span waits for others before it is sent.
const DELAY: Duration = Duration::from_millis(200);
/// For one request to the collector, and for what is left when the platform stops.
const EXPORT: Duration = Duration::from_secs(3);

tokio::task_local! {
    static CURRENT: Current;
}

/// What is being done in this task, and how to record more of it.
#[derive(Clone, Debug)]
struct Current {
    tracer: SdkTracer,
    context: Context,
}

/// The exporter, once there is somewhere to export to.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {
    exporting: OnceLock<(SdkTracerProvider, SdkTracer)>,
}

impl Telemetry {
    /// Sends spans to this OTLP/gRPC endpoint from now on; a second endpoint is not taken.
    pub(crate) fn export_to(&self, endpoint: &str, instance: &str) -> Result<(), Error> {
        let refused = |why: String| Error::Telemetry {
            endpoint: endpoint.to_owned(),
            why,
        };
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(EXPORT)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let resource = Resource::builder_empty()
            .with_service_name("reference-platform")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("staging");
        self.exporting
            .set((provider, tracer))
            .map_err(|_| refused("spans go to another endpoint already".to_owned()))
    }

    /// Answers a request within a span of its own.
    pub(crate) async fn serve(
        &self,
        request: Served<'_>,
        answer: impl Future<Output = Response>,
    ) -> Response {
        let Some((_, tracer)) = self.exporting.get() else {
            return answer.await;
        };
        let span = tracer.build_with_context(request.span(), &request.parent);
        let current = Current {
            tracer: tracer.clone(),
            context: Context::new().with_span(span),
        };
        let context = current.context.clone();
        let response = CURRENT.scope(current, answer).await;
        let status = response.status();
        let span = context.span();
        let code = i64::from(status.as_u16());
        span.set_attribute(KeyValue::new("http.response.status_code", code));
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", code.to_string()));
            span.set_status(Status::error(""));
        }
        span.end();
        response
    }

    /// Sends what waits; blocks until then, or until the collector took too long.
    pub(crate) fn flush(&self) {
        if let Some((provider, _)) = self.exporting.get() {
            let flushed = provider.force_flush();
            tracing::debug!(?flushed, "spans were sent");
        }
    }

    /// As `flush`, and nothing is sent afterwards.
    pub(crate) fn close(&self) {
        if let Some((provider, _)) = self.exporting.get() {
            let closed = provider.shutdown_with_timeout(EXPORT);
            tracing::debug!(?closed, "no more spans are sent");
        }
    }
}

/// What a request's span says of it.
#[derive(Debug)]
pub(crate) struct Served<'a> {
    method: &'a str,
    path: &'a str,
    route: Option<&'a str>,
    parent: Context,
}

impl<'a> Served<'a> {
    pub(crate) fn new(
        headers: &HeaderMap,
        method: &'a str,
        path: &'a str,
        route: Option<&'a str>,
    ) -> Self {
        let header = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok());
        let parent = header.and_then(parent).unwrap_or_default();
        Self {
            method,
            path,
            route,
            parent,
        }
    }

    fn span(&self) -> SpanBuilder {
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method.to_owned()),
            KeyValue::new("url.path", self.path.to_owned()),
            KeyValue::new("url.scheme", "https"),
        ];
        attributes.extend(
            self.route
                .map(|route| KeyValue::new("http.route", route.to_owned())),
        );
        let name = format!("{} {}", self.method, self.route.unwrap_or("unknown path"));
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        builder.with_attributes(attributes)
    }
}

/// Does a part of the work in a span below the current one, if there is one.
pub(crate) async fn step<T>(
    name: &'static str,
    attribute: (&'static str, &'static str),
    work: impl Future<Output = T>,
) -> T {
    let Ok(current) = CURRENT.try_with(Clone::clone) else {
        return work.await;
    };
    let builder = SpanBuilder::from_name(name)
        .with_kind(SpanKind::Internal)
        .with_attributes([KeyValue::new(attribute.0, attribute.1)]);
    let span = current.tracer.build_with_context(builder, &current.context);
    let context = current.context.with_span(span);
    let inner = Current {
        context: context.clone(),
        ..current
    };
    let done = CURRENT.scope(inner, work).await;
    context.span().end();
    done
}

/// Work for another task that belongs to what this one does.
pub(crate) fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let current = CURRENT.try_with(Clone::clone).ok();
    async move {
        match current {
            Some(current) => CURRENT.scope(current, work).await,
            None => work.await,
        }
    }
}

/// The caller's span of `traceparent`, version 00 or one that begins like it.
fn parent(header: &str) -> Option<Context> {
    let mut parts = header.trim().split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version.len() == 2 && version != "ff" && flags.len() == 2;
    if !is_known || trace.len() != 32 || span.len() != 16 {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let caller = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    caller
        .is_valid()
        .then(|| Context::new().with_remote_span_context(caller))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_taken_from_a_header_that_names_one() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let taken = parent(&format!("00-{trace}-{span}-01")).unwrap();
        let caller = taken.span().span_context().clone();
        assert_eq!(caller.trace_id().to_string(), trace);
        assert_eq!(caller.span_id().to_string(), span);
        assert!(caller.is_sampled() && caller.is_remote());
        let zeros = "0".repeat(32);
        for bad in [
            String::new(),
            format!("00-{trace}-{span}"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{zeros}-{span}-01"),
            format!("00-{trace}-{span}-zz"),
            format!("00-{trace}x-{span}-01"),
        ] {
            assert!(parent(&bad).is_none(), "{bad}");
        }
    }
}
