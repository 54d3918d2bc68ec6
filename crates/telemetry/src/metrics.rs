//! The recorder behind `/metrics`.

use std::time::Duration;

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::metric_names::{METRICS, MetricKind};

/// From a lookup in memory to a layer of gigabytes.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0,
];

/// How often samples of histograms that nobody asked for are folded together.
const UPKEEP: Duration = Duration::from_secs(5);

/// What was counted so far.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

/// Begins to count in this process. Only one caller can.
///
/// # Errors
///
/// When something else in the process counts already.
pub fn install_metrics() -> Result<Metrics, BuildError> {
    let handle = builder()?.install_recorder()?;
    describe();
    Ok(Metrics(handle))
}

impl Metrics {
    /// Everything counted, in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the memory of histograms bounded until the token is cancelled.
    pub async fn keep_up(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.0.run_upkeep();
        }
    }
}

/// Whatever is in seconds has buckets, also what is not in our list.
fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
}

fn describe() {
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.help),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.help),
            MetricKind::Seconds => describe_histogram!(metric.name, metric.help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name;

    #[test]
    fn what_is_counted_is_rendered_with_its_help() {
        let recorder = builder().unwrap().build_recorder();
        let metrics = Metrics(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::counter!(name::LAYERS_CATALOGED).increment(3);
            metrics::histogram!(name::STEP_SECONDS, "step" => "catalog").record(0.2);
        });
        let text = metrics.render();
        assert!(
            text.contains("# HELP scanyard_layers_cataloged_total Layers that"),
            "{text}"
        );
        assert!(text.contains("scanyard_layers_cataloged_total 3"), "{text}");
        assert!(
            text.contains("scanyard_step_seconds_bucket{step=\"catalog\",le=\"0.25\"} 1"),
            "{text}"
        );
    }
}
