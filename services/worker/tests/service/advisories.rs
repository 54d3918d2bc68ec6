//! Advisories arrive and change; no layer is pulled for them.

use std::path::Path;

use scanyard_store::TenantId;
use scanyard_testkit::Image;

use crate::harness::{Service, Timing, alpine_layer, until};

/// Compiles one advisory that is fixed in this version, and puts it where the scheduler looks.
fn publish(service: &Service, fixed: &str) {
    let record = format!(
        r#"{{"schema_version": "1.6.0", "id": "ALPINE-CVE-2025-26519",
            "modified": "2025-02-14T00:00:00Z", "published": "2025-02-13T00:00:00Z",
            "upstream": ["CVE-2025-26519"],
            "affected": [{{"package": {{"ecosystem": "Alpine:v3.18", "name": "musl"}},
              "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}"#
    );
    let records = service.path("records");
    std::fs::create_dir_all(&records).unwrap();
    std::fs::write(records.join("ALPINE-CVE-2025-26519.json"), record).unwrap();
    build(&records, &service.path("advisories"));
}

fn build(records: &Path, output: &Path) {
    std::fs::create_dir_all(output).unwrap();
    scanyard_advisory::build(records, output).unwrap();
}

async fn findings(service: &Service, image: &Image) -> Option<(i64, Vec<String>)> {
    let image = service
        .store
        .image(TenantId::DEFAULT, image.digest())
        .await
        .unwrap()?;
    let found = service
        .store
        .findings_of_set(image.package_set?)
        .await
        .unwrap();
    let ids = found.into_iter().map(|(_, finding)| finding.id).collect();
    Some((image.summary.revision?, ids))
}

async fn findings_at(service: &Service, image: &Image, revision: i64) -> Vec<String> {
    until("the image is matched at the revision", async || {
        let (at, ids) = findings(service, image).await?;
        (at == revision).then_some(ids)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_revision_rematches_images_without_pulling_anything() {
    let service = Service::start(Timing::default()).await;
    publish(&service, "1.2.4-r3");
    until("the first revision is in use", async || {
        service.advisories.current()
    })
    .await;
    let _worker = service.start_worker();
    let image = Image::new(vec![alpine_layer(&[("musl", "1.2.4-r2")])]);
    let scan = service.submit("app", &image).await;
    service.done(scan).await;
    // A scan that is done is matched.
    let first = findings(&service, &image).await;
    assert_eq!(first, Some((1, vec!["CVE-2025-26519".to_owned()])));

    let requests = service.registry.requests().len();
    publish(&service, "1.2.4-r1");
    assert!(findings_at(&service, &image, 2).await.is_empty());
    assert_eq!(service.registry.requests().len(), requests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_scanned_before_the_first_advisories_are_matched_when_they_arrive() {
    let service = Service::start(Timing::default()).await;
    let _worker = service.start_worker();
    let image = Image::new(vec![alpine_layer(&[("musl", "1.2.4-r2")])]);
    let scan = service.submit("app", &image).await;
    service.done(scan).await;
    assert_eq!(findings(&service, &image).await, None);
    publish(&service, "1.2.4-r3");
    assert_eq!(findings_at(&service, &image, 1).await, ["CVE-2025-26519"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_cut_short_leaves_the_one_in_use() {
    let service = Service::start(Timing::default()).await;
    publish(&service, "1.2.4-r3");
    until("the first revision is in use", async || {
        service.advisories.current()
    })
    .await;
    let file = service
        .path("advisories")
        .join(scanyard_advisory::DATABASE_FILE);
    let whole = std::fs::read(&file).unwrap();
    let cut = service.path("cut");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    std::fs::rename(&cut, &file).unwrap();
    let _worker = service.start_worker();
    let image = Image::new(vec![alpine_layer(&[("musl", "1.2.4-r2")])]);
    let scan = service.submit("app", &image).await;
    service.done(scan).await;
    let found = findings(&service, &image).await;
    assert_eq!(found, Some((1, vec!["CVE-2025-26519".to_owned()])));
}
