//! What many images share is pulled once.

use std::collections::HashSet;

use scanyard_testkit::Durability;

use crate::cluster::Cluster;
use crate::images::Fleet;

const IMAGES: usize = 500;
const BASES: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_pull_each_blob_of_500_images_once_and_each_image_has_its_result() {
    let Some(mut cluster) = Cluster::start(3, Durability::None).await else {
        return;
    };
    let fleet = Fleet::push(&cluster.registry, "fleet", IMAGES, BASES);
    let ids = cluster.submit_all(&fleet.references, "interactive").await;
    // A rolling restart under load loses and repeats nothing; a leader hands over to the other.
    cluster.terminate_and_restart("worker-1");
    cluster.terminate_and_restart("gateway");
    assert_eq!(cluster.terminate("scheduler"), Some(0));
    let ended = async || cluster.count_ended().await == IMAGES;
    cluster.until("every scan has ended", ended).await;

    let scans = cluster.scans().await;
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), IMAGES);
    for (id, image) in ids.iter().zip(&fleet.images) {
        let scan = &scans[id];
        assert_eq!(scan["state"], "done", "{scan}");
        assert_eq!(scan["images"], serde_json::json!([image.to_string()]));
    }
    for blob in fleet.layers.iter().chain(&fleet.configs) {
        assert_eq!(cluster.registry.blob_requests(blob), 1, "{blob}");
    }
    let listed = cluster.list("/v1/images").await;
    let digests: HashSet<_> = listed
        .iter()
        .map(|image| image["digest"].to_string())
        .collect();
    assert_eq!((listed.len(), digests.len()), (IMAGES, IMAGES));
    assert!(cluster.list("/v1/dead-letters").await.is_empty());
}
