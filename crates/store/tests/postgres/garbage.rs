//! Garbage collection beside those who begin to use again what it removes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scanyard_store::conformance::garbage::{a_random_life, nothing_kept, sweep_all};
use scanyard_store::{
    Garbage, GarbageKind, Images, LayerInventories, Lifecycle, PostgresStore, Recorded, Scans,
    StoreSettings, TenantId,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::database::{new_database, open};
use crate::work::*;

/// Tables that hold nothing once everything is deleted and swept.
const EMPTY: [&str; 20] = [
    "changes",
    "finding_ids",
    "findings",
    "former_package_sets",
    "image_coverage",
    "image_layers",
    "images",
    "layer_catalogs",
    "layer_inventories",
    "layers",
    "matches",
    "package_coverage",
    "package_keys",
    "package_set_packages",
    "package_sets",
    "packages",
    "repositories",
    "repository_images",
    "tags",
    "tenant_images",
];

async fn count(c: &mut PgConnection, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(sql).fetch_one(c).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_random_life_nothing_is_left() {
    let Some(url) = new_database().await else {
        return;
    };
    let store = open(&url, StoreSettings::default()).await;
    a_random_life(&store).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for table in EMPTY
        .into_iter()
        .chain(["scans", "scan_images", "tenant_layers"])
    {
        assert_eq!(count(&mut connection, table).await, 0, "{table}");
    }
}

/// Assembles an image to a set of these packages, and ends its scan.
async fn push(store: &PostgresStore, image: u64, names: &[String]) {
    let scan = new_scan("app");
    store.create_scan(&scan).await.unwrap();
    let images = [new_image(image, &[100 + image % 2])];
    let recorded = store.record_images(scan.id, &images, SET).await.unwrap();
    if recorded == Recorded::Waiting {
        let layer = digest(100 + image % 2);
        let claim = store.claim_layer(layer, SET, Duration::from_secs(60)).await;
        if let scanyard_store::Claim::Acquired(lease) = claim.unwrap() {
            let stored = stored_layer(100 + image % 2);
            store.commit_layer(&lease, &stored).await.unwrap();
        }
    }
    let set = package_set(500 + image % 3, names);
    store
        .assemble_image(digest(image), SET, &set, &[])
        .await
        .unwrap();
    store.finish_scans(digest(image)).await.unwrap();
}

fn names(image: u64) -> Vec<String> {
    let first = image % 3;
    (first..first + 20).map(|n| format!("package{n}")).collect()
}

/// Waits until somebody waits for an advisory lock.
async fn somebody_waits(c: &mut PgConnection) {
    let waits = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                                AND database = (SELECT oid FROM pg_database
                                                WHERE datname = current_database()))";
    loop {
        let waiting: bool = sqlx::query_scalar(waits).fetch_one(&mut *c).await.unwrap();
        if waiting {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_set_that_somebody_is_about_to_name_stays() {
    let Some(url) = new_database().await else {
        return;
    };
    let store = Arc::new(open(&url, StoreSettings::default()).await);
    push(&store, 1, &names(1)).await;
    push(&store, 2, &names(2)).await;
    // The set of the first image is nobody's, and another transaction has just found it.
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let set: i64 = sqlx::query_scalar("SELECT package_set_id FROM images WHERE digest = $1")
        .bind(digest(1).as_bytes().as_slice())
        .fetch_one(&mut connection)
        .await
        .unwrap();
    sqlx::query("UPDATE images SET package_set_id = NULL WHERE package_set_id = $1")
        .bind(set)
        .execute(&mut connection)
        .await
        .unwrap();
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock_shared(1, 2)")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let sweeping = tokio::spawn({
        let store = store.clone();
        async move {
            let kind = GarbageKind::PackageSets;
            store.sweep(kind, 0, &nothing_kept()).await.unwrap()
        }
    });
    let mut watcher = PgConnection::connect(&url).await.unwrap();
    somebody_waits(&mut watcher).await;
    sqlx::query("UPDATE images SET package_set_id = $1 WHERE digest = $2")
        .bind(set)
        .bind(digest(2).as_bytes().as_slice())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(sweeping.await.unwrap().removed, 0);
    let sql = "SELECT count(*) FROM package_set_packages WHERE package_set_id = $1";
    let members: i64 = sqlx::query_scalar(sql)
        .bind(set)
        .fetch_one(&mut watcher)
        .await
        .unwrap();
    assert_eq!(members, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_that_come_back_while_others_sweep_are_whole() {
    let Some(url) = new_database().await else {
        return;
    };
    let stores = [
        Arc::new(open(&url, StoreSettings::default()).await),
        Arc::new(open(&url, StoreSettings::default()).await),
    ];
    let is_over = Arc::new(AtomicBool::new(false));
    let sweeping = tokio::spawn({
        let (store, is_over) = (stores[1].clone(), is_over.clone());
        async move {
            let mut sweeps = 0;
            while !is_over.load(Ordering::SeqCst) {
                sweep_all(&*store, &nothing_kept()).await;
                sweeps += 1;
            }
            sweeps
        }
    });
    for round in 0..60_u64 {
        let image = round % 6;
        push(&stores[0], image, &names(image)).await;
        if round < 54 {
            stores[0]
                .let_go_of_image(TenantId::DEFAULT, digest(image))
                .await
                .unwrap();
        }
    }
    is_over.store(true, Ordering::SeqCst);
    assert!(sweeping.await.unwrap() > 0);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let broken = "SELECT count(*) FROM images
        LEFT JOIN package_sets AS sets ON sets.id = images.package_set_id
        WHERE sets.packages IS DISTINCT FROM (
                SELECT count(*) FROM package_set_packages AS members
                JOIN packages ON packages.id = members.package_id
                WHERE members.package_set_id = images.package_set_id)
           OR 1 <> (SELECT count(*) FROM image_layers
                    JOIN layer_inventories USING (layer_id)
                    WHERE image_layers.image_id = images.id)";
    let broken: i64 = sqlx::query_scalar(broken)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!((count(&mut connection, "images").await, broken), (6, 0));
}
