//! Spans, sent to an OpenTelemetry collector over HTTP.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use crate::logging::BoxedLayer;

/// Longest time that one export may take.
const EXPORT: Duration = Duration::from_secs(5);
/// Longest time that sending what is left may take at the end.
const FLUSH: Duration = Duration::from_secs(5);
/// Whose spans are sent. The exporter's own requests must not be, or they would never end.
const TARGETS: &str = "scanyard";

/// Where spans go. Headers, sampling and batch sizes are told by the `OTEL_*` variables that every
/// OpenTelemetry program reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceExport {
    /// The collector: `http://collector:4318`.
    pub endpoint: String,
    /// What the service is called, unless `OTEL_SERVICE_NAME` says otherwise.
    pub service: &'static str,
}

/// The sender, which holds spans back for a moment to send many at once.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Begins to collect. The sender is a thread of its own, which must be begun outside of an
    /// async runtime.
    pub(crate) fn start(export: &TraceExport) -> Result<(Self, BoxedLayer), ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(traces_url(&export.endpoint))
            .with_timeout(EXPORT)
            .build()?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(export.service);
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("scanyard"))
            .with_filter(Targets::new().with_target(TARGETS, LevelFilter::INFO))
            .boxed();
        Ok((Self(provider), layer))
    }

    /// Sends what is left, within a bound. Blocks.
    pub(crate) fn finish(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// An endpoint is a collector's address; one that names the path already is left alone.
fn traces_url(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    match endpoint.ends_with("/v1/traces") {
        true => endpoint.to_owned(),
        false => format!("{endpoint}/v1/traces"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_added_once() {
        for endpoint in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"] {
            assert_eq!(traces_url(endpoint), "http://c:4318/v1/traces");
        }
    }
}
