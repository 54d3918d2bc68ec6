//! How a running Scanyard is watched: log lines on standard error, and metrics for Prometheus.
//!
//! Every metric's name stands in one list, [`METRICS`]. Nothing here knows what is counted.

mod logging;
mod metric_names;
mod metrics;

pub use logging::{InvalidFilter, LogFormat, init_logging};
pub use metric_names::{METRICS, Metric, MetricKind, name};
pub use metrics::{Metrics, install_metrics};
