//! Tells metrics and traces where the time of a layer went.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::histogram;
use scanyard_telemetry::name;
use scanyard_timing::Timings;
use tracing::{Span, debug};

/// The span of a layer's cataloging, with a field for each stage that [`tell`] fills.
macro_rules! catalog_span {
    ($layer:expr) => {
        tracing::info_span!(
            "catalog",
            layer = %$layer,
            fetch = tracing::field::Empty,
            hash = tracing::field::Empty,
            decompress = tracing::field::Empty,
            wait = tracing::field::Empty,
            walk = tracing::field::Empty,
            capture = tracing::field::Empty,
            catalog = tracing::field::Empty,
        )
    };
}
pub(crate) use catalog_span;

/// Seconds of each stage, into its field of the span around and into the metric. Catalogers are
/// one stage there, since there are many; each by itself is an event.
pub fn tell(timings: &Timings) {
    let span = Span::current();
    for (stage, time) in by_name(timings) {
        span.record(stage, time.as_secs_f64());
        histogram!(name::STAGE_SECONDS, "stage" => stage).record(time);
    }
    for (stage, spent) in timings.stages() {
        if let Some(cataloger) = stage.cataloger() {
            let (seconds, files) = (spent.time.as_secs_f64(), spent.times);
            debug!(cataloger, files, seconds, "cataloged");
        }
    }
}

fn by_name(timings: &Timings) -> BTreeMap<&'static str, Duration> {
    let mut sums = BTreeMap::new();
    for (stage, spent) in timings.stages() {
        *sums.entry(stage.name()).or_default() += spent.time;
    }
    sums
}

#[cfg(test)]
mod tests {
    use scanyard_timing::{Stage, in_stage, record};

    use super::*;

    #[test]
    fn catalogers_are_one_stage_together() {
        let (_, timings) = record(Stage::Walk, || {
            in_stage(Stage::Catalog("a"), || ());
            in_stage(Stage::Catalog("b"), || ());
        });
        let sums = by_name(&timings);
        assert_eq!(
            sums.keys().copied().collect::<Vec<_>>(),
            ["catalog", "walk"]
        );
        assert_eq!(sums.values().sum::<Duration>(), timings.total());
    }
}
