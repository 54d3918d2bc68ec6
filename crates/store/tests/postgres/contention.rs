//! Two stores on one database, as two processes are.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use scanyard_package::{Coverage, CoverageKind};
use scanyard_store::{
    Claim, Concerned, CreatedScan, Fleet, Images, LayerInventories, Leadership, Outbox,
    PostgresStore, Recorded, ScanState, Scans, StoreSettings, TenantId,
};
use uuid::Uuid;

use crate::database::{new_database, open};
use crate::work::*;

const LONG: Duration = Duration::from_secs(3600);

async fn two_stores() -> Option<[Arc<PostgresStore>; 2]> {
    let url = new_database().await?;
    let settings = StoreSettings::default();
    Some([
        Arc::new(open(&url, settings).await),
        Arc::new(open(&url, settings).await),
    ])
}

async fn scan_of(store: &PostgresStore, image: u64, layers: &[u64]) -> scanyard_store::ScanId {
    let scan = new_scan("app");
    store.create_scan(&scan).await.unwrap();
    let recorded = store
        .record_images(scan.id, &[new_image(image, layers)], SET)
        .await
        .unwrap();
    assert_eq!(recorded, Recorded::Waiting);
    scan.id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_layer_is_claimed_by_one_of_two_processes() {
    let Some(stores) = two_stores().await else {
        return;
    };
    let layers: Vec<u64> = (100..120).collect();
    scan_of(&stores[0], 1, &layers).await;
    let mut claims = Vec::new();
    for layer in &layers {
        for store in &stores {
            let (store, layer) = (store.clone(), digest(*layer));
            claims.push(tokio::spawn(async move {
                store.claim_layer(layer, SET, LONG).await.unwrap()
            }));
        }
    }
    let mut acquired = Vec::new();
    for claim in claims {
        if let Claim::Acquired(lease) = claim.await.unwrap() {
            acquired.push(lease.layer);
        }
    }
    acquired.sort();
    assert_eq!(acquired, layers.into_iter().map(digest).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_relays_take_different_messages() {
    let Some([first, second]) = two_stores().await else {
        return;
    };
    for number in 0..40 {
        let scan = new_scan(&format!("app:{number}"));
        let created = first.create_scan(&scan).await.unwrap();
        assert!(matches!(created, CreatedScan::New(_)));
    }
    let (one, other) = tokio::join!(first.pending_messages(20), second.pending_messages(20));
    let (one, other) = (one.unwrap(), other.unwrap());
    let ids: HashSet<&str> = one.iter().chain(&other).map(|m| m.id.as_str()).collect();
    assert_eq!(ids.len(), one.len() + other.len());
    assert_eq!(ids.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_one_process_wakes_the_relay_of_another() {
    let Some([first, second]) = two_stores().await else {
        return;
    };
    // The listener's own notice when it begins, or the end of the wait.
    second.wait_for_messages().await;
    first.create_scan(&new_scan("app")).await.unwrap();
    second.wait_for_messages().await;
    assert_eq!(second.pending_messages(10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_package_sets_are_assembled_by_many_at_once() {
    let Some(stores) = two_stores().await else {
        return;
    };
    let names: Vec<String> = (0..300).map(|n| format!("package{n}")).collect();
    for image in 0..8 {
        scan_of(&stores[0], image, &[100 + image]).await;
    }
    let mut tasks = Vec::new();
    for image in 0..8_u64 {
        let store = stores[usize::try_from(image % 2).unwrap()].clone();
        // Every second has a set of its own, the same packages the other way round.
        let mut names = names.clone();
        if image % 2 == 1 {
            names.reverse();
        }
        let set = package_set(500 + image % 4, &names);
        tasks.push(tokio::spawn(async move {
            store.assemble_image(digest(image), SET, &set, &[]).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let unmatched = stores[0].concerned_packages(1, &Concerned::All).await;
    assert_eq!(unmatched.unwrap().len(), 300);
    for image in 0..8 {
        let assembled = stores[1].assembled_set(digest(image), SET).await.unwrap();
        assert_eq!(assembled, Some(digest(500 + image % 4)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_is_asked_for_by_whoever_comes_while_it_becomes_unwanted() {
    let Some([first, second]) = two_stores().await else {
        return;
    };
    for round in 0..30_u64 {
        let (image, layer) = (round + 1000, round + 2000);
        let cancelled = scan_of(&first, image, &[layer]).await;
        first
            .cancel_scan(TenantId::DEFAULT, cancelled)
            .await
            .unwrap();
        let scan = new_scan("app");
        first.create_scan(&scan).await.unwrap();
        let images = [new_image(image, &[layer])];
        // The worker of the first job claims while the second scan begins to wait.
        let (claimed, recorded) = tokio::join!(
            second.claim_layer(digest(layer), SET, LONG),
            first.record_images(scan.id, &images, SET),
        );
        assert_eq!(recorded.unwrap(), Recorded::Waiting);
        if claimed.unwrap() == Claim::Unwanted {
            let wanted = second.claim_layer(digest(layer), SET, LONG).await.unwrap();
            assert!(
                matches!(wanted, Claim::Acquired(_)),
                "round {round}: {wanted:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_layer_completes_an_image_whoever_commits_it() {
    let Some(stores) = two_stores().await else {
        return;
    };
    for round in 0..20_u64 {
        let image = round + 1000;
        let layers = [2 * round + 5000, 2 * round + 5001];
        scan_of(&stores[0], image, &layers).await;
        let work = |place: usize| {
            let (store, layer) = (stores[place].clone(), layers[place]);
            async move {
                let claim = store.claim_layer(digest(layer), SET, LONG).await.unwrap();
                let Claim::Acquired(lease) = claim else {
                    panic!("{claim:?}");
                };
                assert!(
                    store
                        .commit_layer(&lease, &stored_layer(layer))
                        .await
                        .unwrap()
                );
                store.images_ready(digest(layer), SET).await.unwrap()
            }
        };
        let (one, other) = tokio::join!(work(0), work(1));
        assert!(one.contains(&digest(image)) || other.contains(&digest(image)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_scans_that_move_a_tag_leave_it_on_one_image() {
    let Some(stores) = two_stores().await else {
        return;
    };
    let record = |store: Arc<PostgresStore>, number: u64| async move {
        let scan = new_scan("app");
        store.create_scan(&scan).await.unwrap();
        let mut image = new_image(number, &[100]);
        image.tag = Some(scanyard_store::Tag {
            repository: image.repository.clone(),
            name: "latest".to_owned(),
        });
        store.record_images(scan.id, &[image], SET).await.unwrap();
    };
    for round in 0..10 {
        let (one, other) = (2 * round + 1, 2 * round + 2);
        tokio::join!(
            record(stores[0].clone(), one),
            record(stores[1].clone(), other)
        );
    }
    let mut named = 0;
    for number in 1..=20 {
        let image = stores[0].image(TenantId::DEFAULT, digest(number)).await;
        named += image.unwrap().unwrap().summary.tags.len();
    }
    assert_eq!(named, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_schedulers_leads() {
    let Some([first, second]) = two_stores().await else {
        return;
    };
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (led, also) = tokio::join!(
        first.try_lead("scheduler", one, LONG),
        second.try_lead("scheduler", other, LONG),
    );
    assert!(led.unwrap() != also.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_in_an_image_may_hold_what_postgres_does_not_take() {
    let Some([store, _]) = two_stores().await else {
        return;
    };
    scan_of(&store, 1, &[100]).await;
    let long = "x".repeat(5000);
    let set = package_set(500, &["a\0b".to_owned(), long]);
    let gap = Coverage::new(CoverageKind::UnreadableFile, "/a\0b", "not text");
    store
        .assemble_image(digest(1), SET, &set, &[gap])
        .await
        .unwrap();
    let coverage = store.image_coverage(digest(1)).await.unwrap();
    assert_eq!(coverage[0].subject, "/a\u{fffd}b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_refused_takes_no_other_with_it() {
    let Some([store, _]) = two_stores().await else {
        return;
    };
    let scans: Vec<_> = (0..50)
        .map(|number| {
            let mut scan = new_scan("app");
            // Longer than an index takes, and nothing that compresses.
            let noise = (0..3000).map(|_| Uuid::new_v4().to_string());
            scan.idempotency_key = (number == 25).then(|| noise.collect());
            scan
        })
        .collect();
    let created = futures_util::future::join_all(scans.iter().map(|scan| store.create_scan(scan)));
    let refused = created
        .await
        .iter()
        .filter(|created| created.is_err())
        .count();
    assert_eq!(refused, 1);
    let states =
        futures_util::future::join_all(scans.iter().map(|scan| store.scan_of_any_tenant(scan.id)));
    let queued = states.await.into_iter().filter_map(|scan| scan.unwrap());
    assert_eq!(
        queued
            .filter(|scan| scan.state == ScanState::Queued)
            .count(),
        49
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_migrate_one_after_the_other() {
    let Some(postgres) = scanyard_testkit::RealPostgres::shared() else {
        return;
    };
    let url = postgres.create_database();
    let starts = (0..4).map(|_| open(&url, StoreSettings::default()));
    for store in futures_util::future::join_all(starts).await {
        store.create_scan(&new_scan("app")).await.unwrap();
    }
}
