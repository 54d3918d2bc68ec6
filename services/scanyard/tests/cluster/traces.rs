//! One trace across processes, sent to its end even by those that are told to stop.

use scanyard_testkit::Durability;

use crate::cluster::{Cluster, has_ended};
use crate::collector::Collector;
use crate::images::Fleet;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// No timer sends a span within this test.
const NEVER: &str = "86400000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_and_its_jobs_in_other_processes_are_one_trace_that_sigterm_does_not_cut() {
    let collector = Collector::start().await;
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address()),
        ("OTEL_BSP_SCHEDULE_DELAY", NEVER),
    ];
    let cluster = Cluster::start_with(1, Durability::None, &environment).await;
    let Some(mut cluster) = cluster else {
        return;
    };
    let fleet = Fleet::push(&cluster.registry, "traced", 1, 2);
    let body = serde_json::json!({ "reference": fleet.references[0] });
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let id = cluster.submit_as(&body, &[("traceparent", &parent)]).await;
    let ended = async || has_ended(&cluster.get(&format!("/v1/scans/{id}")).await);
    cluster.until("the scan has ended", ended).await;
    assert!(collector.of_trace(TRACE).is_empty(), "only the end sends");

    for role in ["worker-1", "gateway"] {
        assert_eq!(cluster.terminate(role), Some(0));
    }
    let spans = collector.of_trace(TRACE);
    let sent: Vec<_> = spans
        .iter()
        .map(|(service, name)| format!("{service} {name}"))
        .collect();
    let expected = [
        "scanyard-gateway request",
        "scanyard-worker job",
        "scanyard-worker resolve",
        "scanyard-worker catalog",
        "scanyard-worker assemble",
    ];
    for span in expected {
        assert!(sent.iter().any(|sent| sent == span), "{span}: {sent:?}");
    }
}
