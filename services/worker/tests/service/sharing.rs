//! Work is done once, whoever asks for it; access is each tenant's own.

use scanyard_store::{ScanState, TenantId};
use scanyard_testkit::Image;
use uuid::Uuid;

use crate::harness::{Service, Timing, alpine_layer, own_layer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_scanned_from_end_to_end() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    let image = Image::new(vec![
        alpine_layer(&[("musl", "1.2.4-r0")]),
        own_layer("app"),
    ]);
    let scan = service.submit("app", &image).await;
    let scan = service.done(scan).await;
    assert_eq!(scan.images, [image.digest()]);
    assert_eq!((scan.progress.layers, scan.progress.layers_done), (2, 2));
    let stored = service
        .store
        .image(TenantId::DEFAULT, image.digest())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.summary.packages, Some(1));
    assert_eq!(stored.summary.distro.unwrap().id, "alpine");
    assert_eq!(stored.summary.revision, None, "there are no advisories");
    service.queue_empty().await;
    assert!(service.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_distinct_blob_is_pulled_once_however_many_images_share_it() {
    let service = Service::start(Timing::default()).await;
    let bases = [
        alpine_layer(&[("musl", "1.2.4-r0")]),
        alpine_layer(&[("musl", "1.2.4-r1")]),
    ];
    let shared = own_layer("shared");
    let images: Vec<_> = (0..20)
        .map(|n| {
            let base = bases[n % 2].clone();
            Image::new(vec![base, shared.clone(), own_layer(&format!("app {n}"))])
        })
        .collect();
    let mut scans = Vec::new();
    for (n, image) in images.iter().enumerate() {
        scans.push(service.submit(&format!("app-{n}"), image).await);
    }
    let _workers = [
        service.start_worker(),
        service.start_worker(),
        service.start_worker(),
    ];
    for scan in scans {
        service.done(scan).await;
    }
    for layer in images.iter().flat_map(Image::layers) {
        assert_eq!(service.registry.blob_requests(&layer.digest()), 1);
    }
    service.queue_empty().await;
    assert!(service.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_whose_layers_are_known_is_done_without_pulling_one() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    let layer = alpine_layer(&[("musl", "1.2.4-r0")]);
    let first = service.submit("a", &Image::new(vec![layer.clone()])).await;
    service.done(first).await;
    let again = Image::new(vec![layer.clone()]).label("built", "again");
    let second = service.submit("b", &again).await;
    service.done(second).await;
    assert_eq!(service.registry.blob_requests(&layer.digest()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_others_reached_is_not_shown_to_a_tenant_who_cannot() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    let secret = alpine_layer(&[("musl", "1.2.4-r0")]);
    let owned = service
        .submit("owner/app", &Image::new(vec![secret.clone()]))
        .await;
    service.done(owned).await;

    // The other tenant wrote a manifest that names a layer which its repository does not have.
    let claim = Image::new(vec![secret.clone()]).label("claimed", "yes");
    service.registry.push("other/app", "1", &claim);
    service.registry.remove_blob("other/app", &secret.digest());
    let other = TenantId(Uuid::from_u128(2));
    let reference = service.registry.reference("other/app", "1");
    let scan = service.submit_reference(other, &reference).await;
    assert_eq!(service.failure_code(scan).await, "layer_not_reached");
    assert_eq!(
        service.store.image(other, claim.digest()).await.unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_scan_stays_cancelled() {
    let service = Service::start(Timing::default()).await;
    let image = Image::new(vec![own_layer("app")]);
    let scan = service.submit("app", &image).await;
    service
        .store
        .cancel_scan(TenantId::DEFAULT, scan)
        .await
        .unwrap();
    let _worker = service.start_worker();
    service.queue_empty().await;
    assert_eq!(service.scan(scan).await.state, ScanState::Cancelled);
    assert!(service.registry.requests().is_empty());
}
