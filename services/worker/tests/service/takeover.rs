//! Workers that die, stop or lose their work.

use scanyard_store::TenantId;
use scanyard_testkit::{Fault, Image, Layer};

use crate::harness::{Service, Timing, own_layer};

/// The first GET of the layer is never answered; the question whether it is there is.
fn hang_once(service: &Service, layer: &Layer) {
    let path = layer.digest().to_string();
    service.registry.fail(&path, Fault::IgnoreRange, 1);
    service.registry.fail(&path, Fault::Silence, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layer_of_a_worker_that_died_is_taken_over() {
    let service = Service::start(Timing::short()).await;
    let layer = own_layer("app");
    hang_once(&service, &layer);
    let victim = service.start_worker();
    let scan = service
        .submit("app", &Image::new(vec![layer.clone()]))
        .await;
    service.blob_requested(&layer, 1).await;
    drop(victim);
    let _heir = service.start_worker();
    service.done(scan).await;
    assert_eq!(service.registry.blob_requests(&layer.digest()), 2);
}

/// Leases and ack waits of an hour: nothing but handing back brings the work to the other worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_stops_hands_its_layer_back() {
    let service = Service::start(Timing::default()).await;
    let layer = own_layer("app");
    hang_once(&service, &layer);
    let stopping = service.start_worker();
    let scan = service
        .submit("app", &Image::new(vec![layer.clone()]))
        .await;
    service.blob_requested(&layer, 1).await;
    stopping.stop().await;
    let _heir = service.start_worker();
    service.done(scan).await;
    assert!(service.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_nobody_wants_any_more_is_let_go() {
    let service = Service::start(Timing::default()).await;
    let layer = own_layer("app");
    hang_once(&service, &layer);
    let _worker = service.start_worker();
    let scan = service
        .submit("app", &Image::new(vec![layer.clone()]))
        .await;
    service.blob_requested(&layer, 1).await;
    service
        .store
        .cancel_scan(TenantId::DEFAULT, scan)
        .await
        .unwrap();
    service.queue_empty().await;

    // It is not given up for good.
    let again = Image::new(vec![layer.clone()]).label("built", "again");
    let scan = service.submit("again", &again).await;
    service.done(scan).await;
}

/// The job names the scan that asked first; another one that waits keeps the layer wanted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_is_read_for_another_scan_when_the_one_that_asked_is_gone() {
    let service = Service::start(Timing::short()).await;
    let layer = own_layer("shared");
    hang_once(&service, &layer);
    let victim = service.start_worker();
    let asked = service
        .submit("first", &Image::new(vec![layer.clone()]))
        .await;
    service.blob_requested(&layer, 1).await;
    let second = Image::new(vec![layer.clone(), own_layer("more")]);
    let waits = service.submit("second", &second).await;
    crate::harness::until("the second scan waits for the layer", async || {
        let scan = service.scan(waits).await;
        (scan.progress.layers_done == 1).then_some(())
    })
    .await;
    drop(victim);
    service
        .store
        .cancel_scan(TenantId::DEFAULT, asked)
        .await
        .unwrap();
    let _heir = service.start_worker();
    service.done(waits).await;
}
