//! What goes wrong ends typed, and the worker lives on.

use scanyard_protocol::Stage;
use scanyard_testkit::{Fault, Image, Layer};

use crate::harness::{Service, Timing, own_layer};

async fn assert_lives_on(service: &Service) {
    let scan = service
        .submit("healthy", &Image::new(vec![own_layer("healthy")]))
        .await;
    service.done(scan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_with_another_digest_fails_its_scan() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    let layer = Layer::plain(&[("app/name", "good")]);
    let other = Layer::plain(&[("app/name", "evil")]);
    let path = layer.digest().to_string();
    service
        .registry
        .fail(&path, Fault::Body(other.blob), usize::MAX);
    let scan = service.submit("app", &Image::new(vec![layer])).await;
    assert_eq!(service.failure_code(scan).await, "digest_mismatch");
    assert_lives_on(&service).await;
    service.queue_empty().await;
    assert!(
        service.dead_letters().await.is_empty(),
        "it is the image's fault"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_is_not_there_fails_its_scan() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    let reference = service.registry.reference("nothing", "1");
    let tenant = scanyard_store::TenantId::DEFAULT;
    let scan = service.submit_reference(tenant, &reference).await;
    assert_eq!(service.failure_code(scan).await, "image_not_found");
    let failure = service.scan(scan).await.failure.unwrap();
    assert!(!failure.retryable && !failure.remedy.is_empty());
    assert_lives_on(&service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_recovers_in_time_is_waited_for() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    service
        .registry
        .fail("/manifests/", Fault::Status(503, None), 2);
    let scan = service
        .submit("app", &Image::new(vec![own_layer("app")]))
        .await;
    service.done(scan).await;
    assert!(service.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_never_resolves_becomes_a_dead_letter_that_can_be_redriven() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    service
        .registry
        .fail("/manifests/", Fault::Status(503, None), 3);
    let scan = service
        .submit("app", &Image::new(vec![own_layer("app")]))
        .await;
    assert_eq!(service.failure_code(scan).await, "registry_unavailable");
    let letter = one_dead_letter(&service, Stage::Image).await;
    assert!(service.queue.redrive(&letter).await.unwrap());
    became_done(&service, scan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_layer_becomes_a_dead_letter_that_can_be_redriven() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    let layer = own_layer("poisoned");
    let path = layer.digest().to_string();
    service.registry.fail(&path, Fault::IgnoreRange, 1);
    service.registry.fail(&path, Fault::Status(500, None), 3);
    let scan = service.submit("app", &Image::new(vec![layer])).await;
    assert_eq!(service.failure_code(scan).await, "registry_unavailable");
    assert_lives_on(&service).await;
    let letter = one_dead_letter(&service, Stage::Layer).await;
    assert!(service.queue.redrive(&letter).await.unwrap());
    became_done(&service, scan).await;
}

/// Whoever names a layer first must not decide what it is for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_gives_wrong_bytes_fails_nobody_elses_scan() {
    let service = Service::start(Timing::default()).await;
    let layer = Layer::plain(&[("app/name", "good")]);
    let other = Layer::plain(&[("app/name", "evil")]);
    let path = format!("wrong/blobs/{}", layer.digest());
    service
        .registry
        .fail(&path, Fault::Body(other.blob), usize::MAX);
    let _worker = service.start_worker();
    let wrong = Image::new(vec![layer.clone()]);
    let wrong = service.submit("wrong", &wrong).await;
    service.blob_requested(&layer, 1).await;
    let right = Image::new(vec![layer]).label("from", "elsewhere");
    let right = service.submit("right", &right).await;
    assert_eq!(service.failure_code(wrong).await, "digest_mismatch");
    service.done(right).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_never_answers_is_given_up() {
    let service = Service::start(Timing {
        layer_time: std::time::Duration::from_millis(50),
        max_deliveries: 1,
        ..Timing::default()
    })
    .await;
    let _worker = service.start_worker();
    let layer = own_layer("silent");
    let path = layer.digest().to_string();
    service.registry.fail(&path, Fault::IgnoreRange, 1);
    service.registry.fail(&path, Fault::Silence, 1);
    let scan = service.submit("app", &Image::new(vec![layer])).await;
    assert_eq!(service.failure_code(scan).await, "registry_too_slow");
}

async fn one_dead_letter(service: &Service, stage: Stage) -> String {
    crate::harness::until("there is a dead letter", async || {
        let letters = service.dead_letters().await;
        let letter = letters.first()?;
        assert_eq!((letters.len(), letter.message.stage), (1, stage));
        assert!(
            letter.reason.starts_with("registry_unavailable"),
            "{}",
            letter.reason
        );
        Some(letter.id.clone())
    })
    .await
}

/// A failed scan that is queued again ends well in the end.
async fn became_done(service: &Service, scan: scanyard_store::ScanId) {
    crate::harness::until("the scan is done after all", async || {
        let state = service.scan(scan).await.state;
        (state == scanyard_store::ScanState::Done).then_some(())
    })
    .await;
}
