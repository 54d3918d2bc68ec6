//! A fleet that is written directly is as if each of its images had been scanned.

use std::sync::Arc;

use scanyard_inventory::{CatalogerSet, FoldedLayer, LayerInventory, fold};
use scanyard_loadtest::fleet::{Fleet, FleetSettings};
use scanyard_store::{ImageDetail, Store};

use crate::records::Records;
use crate::stores::{World, worlds};

/// Rows that a scan leaves behind, but for those of the scans themselves.
const COUNTS: &str = "
    SELECT 'distros|' || (SELECT count(*) FROM distros) UNION ALL
    SELECT 'packages|' || (SELECT count(*) FROM packages WHERE revision = 0) UNION ALL
    SELECT 'sets|' || (SELECT count(*) FROM package_sets WHERE revision = 0) UNION ALL
    SELECT 'members|' || (SELECT count(*) FROM package_set_packages) UNION ALL
    SELECT 'layers|' || (SELECT count(*) FROM layers) UNION ALL
    SELECT 'catalogs|' || (SELECT count(*) FROM layer_catalogs WHERE state = 'done') UNION ALL
    SELECT 'inventories|' || (SELECT sum(size) FROM layer_inventories) UNION ALL
    SELECT 'images|' || (SELECT count(*) FROM images
        WHERE assembled_at IS NOT NULL AND assembled_revision = 0) UNION ALL
    SELECT 'image layers|' || (SELECT count(*) FROM image_layers) UNION ALL
    SELECT 'image coverage|' || (SELECT count(*) FROM image_coverage) UNION ALL
    SELECT 'tenant images|' || (SELECT count(*) FROM tenant_images
        JOIN images ON images.id = tenant_images.image_id
        WHERE images.package_set_id = tenant_images.package_set_id) UNION ALL
    SELECT 'tenant layers|' || (SELECT count(*) FROM tenant_layers) UNION ALL
    SELECT 'repositories|' || (SELECT count(*) FROM repositories) UNION ALL
    SELECT 'repository images|' || (SELECT count(*) FROM repository_images) UNION ALL
    SELECT 'tags|' || (SELECT count(*) FROM tags) UNION ALL
    SELECT 'tags now|' || (SELECT count(*) FROM tags WHERE valid_to IS NULL)";

fn small_fleet() -> Fleet {
    let directory = tempfile::tempdir().unwrap();
    let database = Records::new(1).compile(directory.path());
    let settings = FleetSettings {
        packages_per_image: 30,
        tenants: 2,
        repositories: Some(8),
        ..FleetSettings::of_images(60)
    };
    Fleet::generate(&database, &settings)
}

async fn details(store: &dyn Store, fleet: &Fleet) -> Vec<Option<ImageDetail>> {
    let mut details = Vec::new();
    for sighting in &fleet.sightings {
        let tenant = fleet.repositories[sighting.repository].tenant;
        let digest = fleet.images[sighting.image].digest;
        let mut detail = store.image(tenant, digest).await.unwrap();
        if let Some(detail) = &mut detail {
            // When it was seen, and what its builder says of it, is the generator's own.
            (detail.summary.first_seen, detail.summary.last_seen) = Default::default();
            (detail.labels, detail.created) = Default::default();
        }
        details.push(detail);
    }
    details
}

async fn compare(direct: &World, pushed: &World, fleet: &Fleet) {
    direct.write(fleet).await;
    for sighting in &fleet.sightings {
        for tag in [None, Some("latest")] {
            let pushed = fleet.push(&*pushed.store, sighting, tag).await;
            pushed.unwrap();
        }
    }
    let name = direct.name();
    let (left, right) = (direct.rows(COUNTS).await, pushed.rows(COUNTS).await);
    assert_eq!(left, right, "{name}");
    let left = details(&*direct.store, fleet).await;
    let right = details(&*pushed.store, fleet).await;
    for (left, right) in left.into_iter().zip(right) {
        assert!(left.is_some(), "{name}");
        assert_eq!(left, right, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_written_directly_is_as_if_it_had_been_scanned() {
    let fleet = small_fleet();
    for (direct, pushed) in worlds().await.iter().zip(&worlds().await) {
        compare(direct, pushed, &fleet).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layers_of_an_image_fold_to_its_package_set() {
    let fleet = small_fleet();
    let world = worlds().await.remove(0);
    world.write(&fleet).await;
    let store = Arc::clone(&world.store);
    for image in &fleet.images {
        let name = CatalogerSet::STANDARD.name();
        let stored = store.image_inventories(image.digest, name).await.unwrap();
        let stored = stored.unwrap();
        let decode = |layer: &scanyard_store::StoredLayer| LayerInventory::decode(&layer.inventory);
        let inventories: Vec<_> = stored.iter().map(|layer| decode(layer).unwrap()).collect();
        let layers = stored.iter().zip(&inventories).map(|(layer, inventory)| {
            let digest = layer.digest;
            FoldedLayer { digest, inventory }
        });
        let folded = fold(&layers.collect::<Vec<_>>());
        assert_eq!(
            folded.package_set_digest(),
            fleet.sets[image.set].digest,
            "{}",
            image.title
        );
    }
}

#[test]
fn equal_settings_give_equal_fleets() {
    let (one, two) = (small_fleet(), small_fleet());
    assert_eq!(one.packages, two.packages);
    assert_eq!(one.images, two.images);
    assert_eq!(one.images.len(), 60);
}
