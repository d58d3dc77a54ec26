//! Spans of the control plane, by OTLP: runs and leases of a coordinator, sessions of a worker.
//!
//! Only spans with the target `CONTROL` go out, so that sending them makes no more of them. They
//! are not the traces of cases, which are kept with the run and sent by `coordinator::traces`.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tokio::runtime::Runtime;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that go out.
pub const CONTROL: &str = "control";

/// Spans that may wait for the collector; the exporter drops and counts more.
const WAITING: usize = 65_536;
/// For one request to the collector, and for the last ones.
const EXPORT: Duration = Duration::from_secs(2);

/// The exporter, if there is one, with the thread that its connection lives on.
#[derive(Debug, Default)]
pub struct Control {
    exporting: Option<(SdkTracerProvider, Runtime)>,
}

impl Control {
    pub(super) fn to(endpoint: &str) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let exporter = {
            let _inside = runtime.enter();
            SpanExporter::builder()
                .with_tonic()
                .with_endpoint(endpoint)
                .with_timeout(EXPORT)
                .build()
                .map_err(|error| error.to_string())?
        };
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let resource = Resource::builder_empty()
            .with_service_name("muster-control")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_resource(resource)
            .build();
        Ok(Self {
            exporting: Some((provider, runtime)),
        })
    }

    /// What hears of spans; nothing when they go nowhere.
    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let (provider, _) = self.exporting.as_ref()?;
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(CONTROL))
            .with_location(false)
            .with_threads(false);
        Some(layer.with_filter(filter_fn(|of| of.is_span() && of.target() == CONTROL)))
    }

    /// Sends what waits, for a short while. To be called outside of any runtime.
    pub fn finish(self) {
        if let Some((provider, runtime)) = self.exporting {
            if let Err(error) = provider.shutdown_with_timeout(EXPORT) {
                tracing::warn!(%error, "not all spans of the control plane were sent");
            }
            runtime.shutdown_background();
        }
    }
}
