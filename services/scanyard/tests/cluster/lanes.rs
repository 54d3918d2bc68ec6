//! Nobody waits for others: not for a bulk, not for a job that never works.

use std::time::Instant;

use scanyard_testkit::{Durability, Fault};

use crate::cluster::{Cluster, has_ended};
use crate::images::Fleet;

const BULK: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interactive_scan_passes_a_bulk_and_a_poisoned_layer_delays_nobody() {
    let Some(cluster) = Cluster::start(2, Durability::None).await else {
        return;
    };
    let fleet = Fleet::push(&cluster.registry, "bulk", 100, 10);
    let urgent = Fleet::push(&cluster.registry, "urgent", 1, 1);
    let poisoned = Fleet::push(&cluster.registry, "poisoned", 1, 1);
    let layer = poisoned.layers.last().unwrap();
    // Whether it is there can be asked, so that the layer's own job is what fails.
    let path = format!("/blobs/{layer}");
    cluster.registry.fail(&path, Fault::CutAfter(0), usize::MAX);
    let poisoned = cluster
        .submit(&poisoned.references[0], "interactive", "poisoned")
        .await;

    let references: Vec<_> = fleet
        .references
        .iter()
        .cycle()
        .take(BULK)
        .cloned()
        .collect();
    cluster.submit_all(&references, "bulk").await;
    let begun = Instant::now();
    let id = cluster
        .submit(&urgent.references[0], "interactive", "urgent")
        .await;
    let done = async || cluster.get(&format!("/v1/scans/{id}")).await["state"] == "done";
    cluster.until("the interactive scan is done", done).await;
    let elapsed = begun.elapsed();
    let waiting = BULK + 2 - cluster.count_ended().await;
    eprintln!("the interactive scan took {elapsed:?}; {waiting} of the bulk waited still");
    assert!(
        waiting > BULK / 4,
        "{waiting}: the bulk was over too soon to be passed"
    );

    let path = format!("/v1/scans/{poisoned}");
    let ended = async || has_ended(&cluster.get(&path).await);
    cluster.until("the poisoned scan has ended", ended).await;
    let scan = cluster.get(&path).await;
    assert_eq!(scan["state"], "failed");
    assert!(scan["failure"]["code"].is_string(), "{scan}");
    let letters = cluster.list("/v1/dead-letters").await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["stage"], "layer", "{letters:?}");
    let ended = async || cluster.count_ended().await == BULK + 2;
    cluster.until("the bulk has ended", ended).await;
}
