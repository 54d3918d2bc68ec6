//! The one list of metrics.

/// What a metric's values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, in buckets.
    Seconds,
}

/// A metric as it is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What its values mean.
    pub kind: MetricKind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub help: &'static str,
}

const fn metric(
    name: &'static str,
    kind: MetricKind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        labels,
        help,
    }
}

/// Names, for those who count.
pub mod name {
    /// Jobs that a worker ended.
    pub const JOBS: &str = "scanyard_jobs_total";
    /// Jobs that a worker holds now.
    pub const JOBS_RUNNING: &str = "scanyard_jobs_running";
    /// Failures of jobs.
    pub const FAILURES: &str = "scanyard_failures_total";
    /// Layers in resolved images.
    pub const LAYERS_ASKED: &str = "scanyard_layers_asked_total";
    /// Layers that were cataloged.
    pub const LAYERS_CATALOGED: &str = "scanyard_layers_cataloged_total";
    /// Compressed bytes read of layers.
    pub const PULLED_BYTES: &str = "scanyard_pulled_bytes_total";
    /// Time that steps of a scan take.
    pub const STEP_SECONDS: &str = "scanyard_step_seconds";
    /// Time that threads spend in stages of reading a layer.
    pub const STAGE_SECONDS: &str = "scanyard_stage_seconds";
    /// Packages that were matched.
    pub const PACKAGES_MATCHED: &str = "scanyard_packages_matched_total";
    /// Time that bringing the fleet to another revision takes.
    pub const RESCAN_SECONDS: &str = "scanyard_rescan_seconds";
    /// Messages in the queue.
    pub const QUEUE_MESSAGES: &str = "scanyard_queue_messages";
    /// Age of what waits longest in the queue.
    pub const QUEUE_OLDEST: &str = "scanyard_queue_oldest_age_seconds";
    /// Bulks that have not ended.
    pub const BULKS: &str = "scanyard_bulks";
    /// Their items.
    pub const BULK_ITEMS: &str = "scanyard_bulk_items";
    /// Items of bulks that moved on.
    pub const BULK_ITEMS_MOVED: &str = "scanyard_bulk_items_moved_total";
    /// Messages that the relay published.
    pub const OUTBOX_PUBLISHED: &str = "scanyard_outbox_published_total";
    /// What the reaper brought back.
    pub const LEASES_REAPED: &str = "scanyard_leases_reaped_total";
    /// What garbage collection removed.
    pub const GARBAGE_REMOVED: &str = "scanyard_garbage_removed_total";
    /// Requests of walks to registries.
    pub const WALK_REQUESTS: &str = "scanyard_registry_walk_requests_total";
    /// What walks found that nobody had told.
    pub const WALK_FOUND: &str = "scanyard_registry_walk_found_total";
    /// Whether this scheduler leads.
    pub const LEADING: &str = "scanyard_scheduler_leading";
    /// Rounds of reconcilers.
    pub const RECONCILER_ROUNDS: &str = "scanyard_reconciler_rounds_total";
    /// Tries to send a message to a receiver.
    pub const DELIVERIES: &str = "scanyard_deliveries_total";
    /// Time that such a try takes.
    pub const DELIVERY_SECONDS: &str = "scanyard_delivery_seconds";
    /// Messages to receivers that wait or were given up.
    pub const DELIVERIES_KEPT: &str = "scanyard_deliveries_kept";
    /// What senders of push webhooks delivered.
    pub const HOOK_DELIVERIES: &str = "scanyard_hook_deliveries_total";
    /// Pushes and deletions that they told of.
    pub const HOOK_EVENTS: &str = "scanyard_hook_events_total";
    /// The advisory revision in use.
    pub const ADVISORY_REVISION: &str = "scanyard_advisory_revision";
    /// Age of the advisories in use.
    pub const ADVISORY_AGE: &str = "scanyard_advisory_age_seconds";
    /// Requests that the gateway answered.
    pub const HTTP_REQUESTS: &str = "scanyard_http_requests_total";
    /// Time until their answer began.
    pub const HTTP_SECONDS: &str = "scanyard_http_request_seconds";
}

/// Every metric.
pub const METRICS: [Metric; 31] = {
    use MetricKind::{Counter, Gauge, Seconds};
    [
        metric(
            name::JOBS,
            Counter,
            &["stage", "lane", "outcome"],
            "Jobs ended by a worker; outcome is done, retried, failed, buried or handed_back.",
        ),
        metric(
            name::JOBS_RUNNING,
            Gauge,
            &["stage", "lane"],
            "Jobs that workers of this process hold now.",
        ),
        metric(
            name::FAILURES,
            Counter,
            &["stage", "code"],
            "Failures of jobs by reason, each try counted.",
        ),
        metric(
            name::LAYERS_ASKED,
            Counter,
            &[],
            "Layers of the images that scans resolved to. With scanyard_layers_cataloged_total: how much is shared.",
        ),
        metric(
            name::LAYERS_CATALOGED,
            Counter,
            &[],
            "Layers that were pulled and cataloged to their end.",
        ),
        metric(
            name::PULLED_BYTES,
            Counter,
            &[],
            "Compressed bytes read of layers, whatever became of them.",
        ),
        metric(
            name::STEP_SECONDS,
            Seconds,
            &["step"],
            "Time of one step: resolve an image, catalog a layer, assemble an image, match its packages.",
        ),
        metric(
            name::STAGE_SECONDS,
            Seconds,
            &["stage"],
            "Time of threads in one stage of reading a layer: fetch, hash, decompress, wait, walk, capture, catalog.",
        ),
        metric(
            name::PACKAGES_MATCHED,
            Counter,
            &[],
            "Distinct packages matched, again at each revision.",
        ),
        metric(
            name::RESCAN_SECONDS,
            Seconds,
            &["kind"],
            "Time from an advisory revision being in use to the fleet being at it; kind is delta or full.",
        ),
        metric(
            name::QUEUE_MESSAGES,
            Gauge,
            &["stage", "lane", "state"],
            "Messages in the queue; state is waiting or in_flight.",
        ),
        metric(
            name::QUEUE_OLDEST,
            Gauge,
            &["stage", "lane"],
            "Age of the message that waits longest; 0 when none does.",
        ),
        metric(
            name::BULKS,
            Gauge,
            &["state"],
            "Bulks that have not ended; state is receiving, running or paused.",
        ),
        metric(
            name::BULK_ITEMS,
            Gauge,
            &["state"],
            "Items of those bulks; state is waiting, open, done, failed or cancelled.",
        ),
        metric(
            name::BULK_ITEMS_MOVED,
            Counter,
            &["to"],
            "Items of bulks that the leading scheduler fed, or found done, failed or cancelled: its rate is theirs.",
        ),
        metric(
            name::OUTBOX_PUBLISHED,
            Counter,
            &[],
            "Messages moved from the outbox to the queue.",
        ),
        metric(
            name::LEASES_REAPED,
            Counter,
            &[],
            "Jobs put back because their lease expired or they were lost.",
        ),
        metric(
            name::GARBAGE_REMOVED,
            Counter,
            &["kind"],
            "Rows that garbage collection removed, not counting those that belonged to them.",
        ),
        metric(
            name::WALK_REQUESTS,
            Counter,
            &[],
            "Manifests that registries were asked for to see whether what is known still holds.",
        ),
        metric(
            name::WALK_FOUND,
            Counter,
            &["what"],
            "What registries had that nobody had told: tag_moved, tag_gone, image_gone.",
        ),
        metric(
            name::LEADING,
            Gauge,
            &[],
            "1 while this scheduler leads, 0 while another does.",
        ),
        metric(
            name::RECONCILER_ROUNDS,
            Counter,
            &["reconciler", "outcome"],
            "Rounds of the scheduler's reconcilers; outcome is ok or failed.",
        ),
        metric(
            name::DELIVERIES,
            Counter,
            &["form", "outcome"],
            "Tries to send a message to a receiver; outcome is delivered, retry, given_up or gone.",
        ),
        metric(
            name::DELIVERY_SECONDS,
            Seconds,
            &[],
            "Time that a try to send a message takes.",
        ),
        metric(
            name::DELIVERIES_KEPT,
            Gauge,
            &["state"],
            "Messages to receivers by state: waiting or dead. Counting ends at 10,000.",
        ),
        metric(
            name::HOOK_DELIVERIES,
            Counter,
            &["kind", "outcome"],
            "Deliveries of push webhooks: taken, unreadable, or refused because their sender is not known.",
        ),
        metric(
            name::HOOK_EVENTS,
            Counter,
            &["kind", "outcome"],
            "Events of push webhooks: accepted, known, deleted, ignored, refused.",
        ),
        metric(
            name::ADVISORY_REVISION,
            Gauge,
            &[],
            "Sequence number of the advisory revision in use.",
        ),
        metric(
            name::ADVISORY_AGE,
            Gauge,
            &[],
            "Age of the newest advisory in use.",
        ),
        metric(
            name::HTTP_REQUESTS,
            Counter,
            &["route", "method", "status"],
            "Requests answered; route is the template, never the path.",
        ),
        metric(
            name::HTTP_SECONDS,
            Seconds,
            &["route", "method"],
            "Time from a request's head to the head of its answer.",
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_in_the_list_once() {
        let source = include_str!("metric_names.rs");
        let names: Vec<_> = source
            .lines()
            .filter_map(|line| {
                line.trim()
                    .strip_prefix("pub const ")?
                    .split_once(": &str = \"")
            })
            .filter_map(|(_, value)| value.strip_suffix("\";"))
            .collect();
        let listed: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names, listed);
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for metric in METRICS {
            let suffix = match metric.kind {
                MetricKind::Counter => "_total",
                MetricKind::Gauge => "",
                MetricKind::Seconds => "_seconds",
            };
            assert!(metric.name.starts_with("scanyard_"), "{}", metric.name);
            assert!(metric.name.ends_with(suffix), "{}", metric.name);
        }
    }
}
