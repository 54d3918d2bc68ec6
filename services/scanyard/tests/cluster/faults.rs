//! Whatever is killed or cut off, every accepted scan ends once, and little is pulled twice.

use scanyard_testkit::Durability;

use crate::cluster::{Cluster, has_ended};
use crate::images::Fleet;

const BASES: usize = 10;
/// Layers that one worker reads at a time.
const SLOTS: usize = 2;
const SEED: u64 = 20_261_124;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    KillWorker(usize),
    KillGateway,
    KillScheduler,
    KillStandby,
    RestartNats,
    KillNats,
    CutNats,
    RestartPostgres,
    KillPostgres,
    CutPostgres,
}

const EVENTS: [Event; 12] = [
    Event::KillWorker(1),
    Event::KillWorker(2),
    Event::KillWorker(3),
    Event::KillGateway,
    Event::KillScheduler,
    Event::KillStandby,
    Event::RestartNats,
    Event::KillNats,
    Event::CutNats,
    Event::RestartPostgres,
    Event::KillPostgres,
    Event::CutPostgres,
];

impl Event {
    async fn happen(self, cluster: &mut Cluster) {
        eprintln!("{self:?}");
        match self {
            Event::KillWorker(number) => cluster.kill_and_restart(&format!("worker-{number}")),
            Event::KillGateway => cluster.kill_and_restart("gateway"),
            Event::KillScheduler => cluster.kill_and_restart("scheduler"),
            Event::KillStandby => cluster.kill_and_restart("standby"),
            Event::RestartNats => cluster.nats.restart().await,
            Event::KillNats => {
                cluster.nats.kill();
                cluster.nats.start_again().await;
            }
            Event::CutNats => cluster.wire.cut(),
            Event::RestartPostgres => cluster.postgres.restart(),
            Event::KillPostgres => {
                cluster.postgres.kill();
                cluster.postgres.start_again();
            }
            Event::CutPostgres => cluster.postgres.cut_connections(),
        }
    }
}

/// The same order for the same seed.
fn shuffled(seed: u64) -> Vec<Event> {
    let mut state = seed;
    let mut events = EVENTS.to_vec();
    for index in (1..events.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        events.swap(index, (state >> 33) as usize % (index + 1));
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scan_ends_once_whatever_is_killed() {
    survive(160, shuffled(SEED)).await;
}

/// The soak: the same for as long as it takes, in other orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes; loadtest/README.md says how to run it"]
async fn every_scan_ends_once_for_longer() {
    let seeds = SEED + 1..=SEED + 20;
    survive(3_000, seeds.flat_map(shuffled).collect()).await;
}

async fn survive(images: usize, events: Vec<Event>) {
    let Some(mut cluster) = Cluster::start(3, Durability::Full).await else {
        return;
    };
    let fleet = Fleet::push(&cluster.registry, "faulty", images, BASES);
    let ids = submit_between(&mut cluster, &fleet, &events).await;
    assert_eq!(ids.len(), images);
    let ended = async || cluster.count_ended().await == images;
    cluster.until("every scan has ended", ended).await;

    let scans = cluster.scans().await;
    for (id, image) in ids.iter().zip(&fleet.images) {
        let scan = &scans[id];
        assert!(has_ended(scan));
        match scan["state"].as_str() {
            Some("done") => assert_eq!(scan["images"], serde_json::json!([image.to_string()])),
            _ => assert!(scan["failure"]["code"].is_string(), "{scan}"),
        }
    }
    let failed = scans
        .values()
        .filter(|scan| scan["state"] != "done")
        .count();
    let pulled = |digest| cluster.registry.blob_requests(digest);
    let layers = fleet.layers.iter();
    let again: usize = layers.map(|layer| pulled(layer).saturating_sub(1)).sum();
    eprintln!("{failed} of {images} scans failed; {again} layers were pulled again");
    let kills = events
        .iter()
        .filter(|event| matches!(event, Event::KillWorker(_)));
    assert!(
        again <= kills.count() * SLOTS,
        "{again} layers were pulled again"
    );
}

/// Submits some images before each event, which then hits a cluster that is busy.
async fn submit_between(cluster: &mut Cluster, fleet: &Fleet, events: &[Event]) -> Vec<String> {
    let portion = fleet.references.len().div_ceil(events.len());
    let mut ids = Vec::new();
    for (event, some) in events.iter().zip(fleet.references.chunks(portion)) {
        let begun = ids.len();
        for reference in some {
            let key = format!("scan-{}", ids.len());
            ids.push(cluster.submit(reference, "interactive", &key).await);
        }
        let goes_on = async || cluster.count_ended().await > begun.saturating_sub(portion);
        cluster.until("work goes on", goes_on).await;
        event.happen(cluster).await;
    }
    ids
}
