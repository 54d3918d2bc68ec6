//! How a running Scanyard is watched: log lines on standard error, metrics for Prometheus, and
//! spans for an OpenTelemetry collector.
//!
//! Every metric's name stands in one list, [`METRICS`]. Nothing here knows what is counted.

mod init;
mod logging;
mod metric_names;
mod metrics;
mod trace_context;
mod traces;

pub use init::{Telemetry, TelemetryError, TelemetrySettings};
pub use logging::{InvalidFilter, LogFormat};
pub use metric_names::{METRICS, Metric, MetricKind, name};
pub use metrics::{Metrics, install_metrics};
pub use trace_context::{continue_trace, traceparent_of};
pub use traces::TraceExport;
