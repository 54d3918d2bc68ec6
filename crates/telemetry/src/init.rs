//! The subscriber of the process: log lines, and spans for a collector where one is named.

use opentelemetry_otlp::ExporterBuildError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::logging::lines;
use crate::traces::Exporter;
use crate::{InvalidFilter, LogFormat, TraceExport};

/// What is told about the process, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings<'a> {
    /// What of the log is shown.
    pub filter: &'a str,
    /// How.
    pub format: LogFormat,
    /// Where spans go, if anywhere.
    pub export: Option<TraceExport>,
}

/// Why telemetry cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// See [`InvalidFilter`].
    #[error(transparent)]
    Filter(#[from] InvalidFilter),
    /// The collector's address is none.
    #[error("spans cannot be sent to {endpoint}")]
    Export {
        /// The address as given.
        endpoint: String,
        /// What is wrong with it.
        source: ExporterBuildError,
    },
}

/// Telemetry that runs. [`Self::finish`] sends what is left.
#[derive(Debug)]
#[must_use = "spans that wait are lost unless it is finished"]
pub struct Telemetry(Option<Exporter>);

impl Telemetry {
    /// Begins to log and to collect spans; outside of an async runtime. Later calls in the same
    /// process change nothing.
    ///
    /// # Errors
    ///
    /// [`TelemetryError`].
    pub fn start(settings: &TelemetrySettings<'_>) -> Result<Self, TelemetryError> {
        let mut layers = vec![lines(settings.filter, settings.format)?];
        let mut exporter = None;
        if let Some(export) = &settings.export {
            let started = Exporter::start(export).map_err(|source| TelemetryError::Export {
                endpoint: export.endpoint.clone(),
                source,
            })?;
            exporter = Some(started.0);
            layers.push(started.1);
        }
        // A second call finds the first one's subscriber, which is as good.
        let _ = tracing_subscriber::registry().with(layers).try_init();
        Ok(Self(exporter))
    }

    /// Sends the spans that wait, within a bound. Blocks: call it when the runtime is gone.
    pub fn finish(self) {
        if let Some(exporter) = self.0 {
            exporter.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telemetry_may_be_started_twice() {
        let settings = TelemetrySettings {
            filter: "info",
            format: LogFormat::Text,
            export: None,
        };
        assert!(Telemetry::start(&settings).is_ok());
        assert!(Telemetry::start(&settings).is_ok());
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_refused() {
        let settings = TelemetrySettings {
            filter: "info",
            format: LogFormat::Text,
            export: Some(TraceExport {
                endpoint: "not an address".to_owned(),
                service: "test",
            }),
        };
        assert!(Telemetry::start(&settings).is_err());
    }
}
