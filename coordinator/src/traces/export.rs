//! Merged traces to a collector, by OTLP over gRPC: the grid's spans with the servers' below them.
//!
//! It happens after a run, within a time, and decides nothing: spans that a collector does not take
//! are counted and said. Times are the case's clock on the worker's wall clock.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::record::Span as Recorded;
use domain::trace::SERVICE;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

/// Spans of one request.
const BATCH: usize = 512;
/// For a connection, and for all requests together.
const CONNECT: Duration = Duration::from_secs(2);
const ALL: Duration = Duration::from_secs(5);
/// Who says the grid's own spans.
const GRID: &str = "muster";
const FLAG_SAMPLED: u32 = 1;

/// The spans of one try.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tried {
    /// Unix time in milliseconds at which the try's clock stood at 0.
    pub started_at_ms: u64,
    pub spans: Vec<Recorded>,
}

/// Where to send, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// `http://HOST:PORT`, `https://HOST:PORT`, or `HOST:PORT`.
    pub url: String,
    /// PEM of the authority behind an `https` collector.
    pub authority: Option<Vec<u8>>,
}

/// What became of the spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub sent: u64,
    pub dropped: u64,
    /// Why some were dropped.
    pub why: Option<String>,
}

/// Sends everything, or as much as goes within the time.
pub async fn export(collector: &Collector, tries: &[Tried]) -> Exported {
    let requests = requests(tries);
    let all = requests.iter().map(count).sum();
    let mut exported = Exported {
        sent: 0,
        dropped: all,
        why: None,
    };
    let sending = send(collector, requests, &mut exported);
    let ended = tokio::time::timeout(ALL, sending).await;
    exported.why = match ended {
        Ok(Ok(())) => exported.why,
        Ok(Err(why)) => Some(why),
        Err(_) => Some(format!("it took longer than {} s", ALL.as_secs())),
    };
    exported
}

async fn send(
    collector: &Collector,
    requests: Vec<ExportTraceServiceRequest>,
    exported: &mut Exported,
) -> Result<(), String> {
    let channel = connect(collector).await?;
    let mut client = TraceServiceClient::new(channel);
    for request in requests {
        let count = count(&request);
        let reply = client.export(request).await;
        let reply = reply.map_err(|status| status.message().to_owned())?;
        let partial = reply.into_inner().partial_success.unwrap_or_default();
        let rejected = u64::try_from(partial.rejected_spans)
            .unwrap_or(0)
            .min(count);
        exported.sent += count - rejected;
        exported.dropped = exported.dropped.saturating_sub(count - rejected);
        if rejected > 0 {
            exported.why = Some(partial.error_message);
        }
    }
    Ok(())
}

async fn connect(collector: &Collector) -> Result<Channel, String> {
    let url = match collector.url.contains("://") {
        true => collector.url.clone(),
        false => format!("http://{}", collector.url),
    };
    let endpoint = Endpoint::from_shared(url.clone())
        .map_err(|_| format!("{url} is no URL; give one such as http://127.0.0.1:4317"))?
        .connect_timeout(CONNECT);
    let endpoint = match (url.starts_with("https://"), &collector.authority) {
        (false, _) => endpoint,
        (true, Some(pem)) => {
            let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
            endpoint
                .tls_config(tls)
                .map_err(|error| innermost(&error))?
        }
        (true, None) => {
            return Err(
                "https needs the collector's authority: set OTEL_EXPORTER_OTLP_CERTIFICATE to its \
                 PEM file"
                    .to_owned(),
            );
        }
    };
    endpoint.connect().await.map_err(|error| innermost(&error))
}

/// The last cause: what the machine said.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn count(request: &ExportTraceServiceRequest) -> u64 {
    let scopes = request
        .resource_spans
        .iter()
        .flat_map(|one| &one.scope_spans);
    scopes.map(|scope| scope.spans.len() as u64).sum()
}

/// All spans as requests of a size that any collector takes.
fn requests(tries: &[Tried]) -> Vec<ExportTraceServiceRequest> {
    let spans: Vec<(&str, Span)> = tries
        .iter()
        .flat_map(|tried| tried.spans.iter().filter_map(|span| as_sent(tried, span)))
        .collect();
    let batches = spans.chunks(BATCH);
    batches.map(request).collect()
}

/// One request: the spans of each service below a resource of its own.
fn request(spans: &[(&str, Span)]) -> ExportTraceServiceRequest {
    let mut services: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (service, span) in spans {
        services.entry(service).or_default().push(span.clone());
    }
    let resource_spans = services.into_iter().map(|(service, spans)| ResourceSpans {
        resource: Some(Resource {
            attributes: vec![attribute(SERVICE, service)],
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope {
                name: GRID.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                ..InstrumentationScope::default()
            }),
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    });
    ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    }
}

/// The span with who said it; nothing when its ids are none.
fn as_sent<'a>(tried: &Tried, span: &'a Recorded) -> Option<(&'a str, Span)> {
    let server = span.attributes.iter().find(|(key, _)| key == SERVICE);
    let service = server.map(|(_, service)| service.as_str());
    let prefix = service
        .map(|service| format!("{service}: "))
        .unwrap_or_default();
    let name = span.name.strip_prefix(&prefix).unwrap_or(&span.name);
    let is_exchange = span.attributes.iter().any(|(key, _)| key == "url.full");
    let kind = match (service, is_exchange) {
        (Some(_), _) => SpanKind::Server,
        (None, true) => SpanKind::Client,
        (None, false) => SpanKind::Internal,
    };
    let attributes = span.attributes.iter().filter(|(key, _)| key != SERVICE);
    let status = Status {
        code: match span.is_error {
            true => StatusCode::Error,
            false => StatusCode::Unset,
        } as i32,
        ..Status::default()
    };
    let sent = Span {
        trace_id: bytes(&span.trace_id)?,
        span_id: bytes(&span.span_id)?,
        parent_span_id: bytes(&span.parent_id)?,
        flags: FLAG_SAMPLED,
        name: name.to_owned(),
        kind: kind as i32,
        start_time_unix_nano: unix_ns(tried, span.start_ms),
        end_time_unix_nano: unix_ns(tried, span.end_ms),
        attributes: attributes
            .map(|(key, value)| attribute(key, value))
            .collect(),
        status: Some(status),
        ..Span::default()
    };
    Some((service.unwrap_or(GRID), sent))
}

fn attribute(key: &str, value: &str) -> KeyValue {
    // Conventions have status codes as numbers.
    let number = key
        .ends_with("status_code")
        .then(|| value.parse().ok())
        .flatten();
    let value = number.map_or_else(|| Value::StringValue(value.to_owned()), Value::IntValue);
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float saturates, and a time before 1970 is 0"
)]
fn unix_ns(tried: &Tried, at_ms: f64) -> u64 {
    let start = i128::from(tried.started_at_ms) * 1_000_000;
    u64::try_from(start + (at_ms * 1e6) as i128).unwrap_or(0)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests;
