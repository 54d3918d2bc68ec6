//! Registries that are busy, broken or hostile.

use std::time::Duration;

use scanyard_oci::{OciError, RegistryOptions};
use scanyard_package::Limits;
use scanyard_testkit::{FakeRegistry, Fault, Image, Layer, Tar};

use crate::support::{assert_is, images, noise, options, pull, small_image};

async fn registry(image: &Image) -> (FakeRegistry, String) {
    let registry = FakeRegistry::start().await;
    registry.push("app", "1", image);
    let reference = registry.reference("app", "1");
    (registry, reference)
}

/// A layer of a megabyte, which arrives in many pieces.
fn large_image() -> Image {
    let tar = Tar::new().file("data", noise(1 << 20)).finish();
    Image::new(vec![Layer::gzip_tar(&tar)])
}

#[tokio::test]
async fn busy_and_broken_registries_are_asked_again() {
    let (registry, reference) = registry(&small_image()).await;
    registry.fail("/manifests/", Fault::Status(429, Some("0".into())), 1);
    registry.fail("/manifests/", Fault::Status(503, None), 1);
    registry.fail("/manifests/", Fault::CutAfter(10), 1);
    registry.fail(
        "/blobs/",
        Fault::Status(502, Some("Sun, 06 Nov 1994 08:49:37 GMT".into())),
        1,
    );
    assert_is(
        &pull(&reference, &options()).await.unwrap()[0],
        &small_image(),
    );
    assert_eq!(registry.count("/manifests/"), 4);
}

#[tokio::test]
async fn tries_are_bounded_and_the_last_answer_is_told() {
    let (registry, reference) = registry(&small_image()).await;
    for (status, code) in [
        (429, "registry_rate_limited"),
        (503, "registry_unavailable"),
    ] {
        registry.fail("/manifests/", Fault::Status(status, None), 5);
        let error = images(&reference, &options()).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.is_retryable());
    }
    assert_eq!(registry.count("/manifests/"), 10);
}

#[tokio::test]
async fn a_registry_cannot_make_us_wait_longer_than_we_want() {
    let (registry, reference) = registry(&small_image()).await;
    registry.fail("/manifests/", Fault::Status(429, Some("86400".into())), 1);
    let options = RegistryOptions {
        max_retry_after: Duration::from_millis(1),
        ..options()
    };
    pull(&reference, &options).await.unwrap();
}

#[tokio::test]
async fn refusals_are_not_asked_again() {
    let (registry, _) = registry(&small_image()).await;
    let missing = images(&registry.reference("app", "2"), &options())
        .await
        .unwrap_err();
    assert!(
        missing.to_string().ends_with("/app:2 was not found"),
        "{missing}"
    );
    assert!(!missing.is_retryable());
    registry.fail("/manifests/", Fault::Status(400, None), 1);
    let refused = images(&registry.reference("app", "1"), &options())
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), refused.is_retryable()),
        ("registry_unexpected", false)
    );
    assert_eq!(registry.count("/manifests/"), 2);
}

#[tokio::test]
async fn a_silent_registry_is_given_up() {
    let (registry, reference) = registry(&small_image()).await;
    registry.fail("/manifests/", Fault::Silence, usize::MAX);
    let options = RegistryOptions {
        read_timeout: Duration::from_millis(50),
        retries: 1,
        ..options()
    };
    let error = images(&reference, &options).await.unwrap_err();
    assert_eq!(error.code(), "registry_unavailable", "{error}");
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let image = large_image();
    let (registry, reference) = registry(&image).await;
    let blob = format!("/blobs/{}", image.layers()[0].digest());
    registry.fail(&blob, Fault::Short(300_000), 2);
    assert!(image.layers()[0].blob.len() > 1_000_000);
    assert_is(&pull(&reference, &options()).await.unwrap()[0], &image);
    let ranges: Vec<_> = registry
        .requests()
        .into_iter()
        .filter_map(|r| r.range)
        .collect();
    assert_eq!(ranges, ["bytes=300000-", "bytes=600000-"]);
}

#[tokio::test]
async fn a_download_survives_broken_connections() {
    let image = large_image();
    let (registry, reference) = registry(&image).await;
    let blob = format!("/blobs/{}", image.layers()[0].digest());
    registry.fail(&blob, Fault::CutAfter(300_000), 3);
    assert_is(&pull(&reference, &options()).await.unwrap()[0], &image);
    assert_eq!(registry.blob_requests(&image.layers()[0].digest()), 4);
}

#[tokio::test]
async fn a_download_goes_on_without_ranges_too() {
    let image = large_image();
    let (registry, reference) = registry(&image).await;
    let blob = format!("/blobs/{}", image.layers()[0].digest());
    registry.fail(&blob, Fault::Short(300_000), 1);
    registry.fail(&blob, Fault::IgnoreRange, 1);
    assert_is(&pull(&reference, &options()).await.unwrap()[0], &image);
}

#[tokio::test]
async fn a_download_that_never_gets_on_ends() {
    let image = large_image();
    let (registry, reference) = registry(&image).await;
    let blob = format!("/blobs/{}", image.layers()[0].digest());
    registry.fail(&blob, Fault::CutAfter(10), usize::MAX);
    let error = pull(&reference, &options()).await.unwrap_err();
    assert_eq!(error.code(), "registry_unavailable", "{error}");
}

#[tokio::test]
async fn altered_content_is_refused_wherever_it_is() {
    let image = Image::new(vec![Layer::plain(&[("etc/passwd", "a")])]);
    // As long as the layer it stands for.
    let other = Layer::plain(&[("etc/passwd", "b")]);
    let by_digest = format!("@{}", image.digest());
    let altered = image.clone().label("a", "b");
    let cases = [
        (
            format!("/manifests/{}", image.digest()),
            altered.manifest(),
            "the manifest",
        ),
        (
            format!("/blobs/{}", image.config_digest()),
            altered.config(),
            "the config",
        ),
        (
            format!("/blobs/{}", image.layers()[0].digest()),
            other.blob,
            "the layer",
        ),
    ];
    for (path, bytes, expected) in cases {
        let (registry, reference) = registry(&image).await;
        registry.fail(&path, Fault::Body(bytes), 1);
        let error = pull(&(reference + &by_digest), &options())
            .await
            .unwrap_err();
        let OciError::DigestMismatch { what, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(what, expected);
    }
}

#[tokio::test]
async fn bodies_without_end_are_cut_off() {
    let image = small_image();
    let (registry, reference) = registry(&image).await;
    registry.fail("/manifests/", Fault::Endless, 1);
    let error = images(&reference, &options()).await.unwrap_err();
    assert_eq!(error.code(), "limit_exceeded", "{error}");
    registry.fail(
        &format!("/blobs/{}", image.layers()[0].digest()),
        Fault::Endless,
        1,
    );
    let error = pull(&reference, &options()).await.unwrap_err();
    assert_eq!(error.code(), "corrupt_layer", "{error}");
    assert!(
        error.to_string().contains("longer than its manifest says"),
        "{error}"
    );
}

#[tokio::test]
async fn garbage_is_malformed_and_a_missing_registry_unavailable() {
    let (registry, reference) = registry(&small_image()).await;
    let deep = "[".repeat(100_000).into_bytes();
    for garbage in [
        b"<html>".to_vec(),
        vec![0xff; 64],
        deep,
        b"{\"manifests\": 1}".to_vec(),
    ] {
        registry.fail("/manifests/", Fault::Body(garbage), 1);
        let error = images(&reference, &options()).await.unwrap_err();
        assert_eq!(error.code(), "malformed_image", "{error}");
    }
    drop(registry);
    let closed = format!("127.0.0.1:{}/app:1", scanyard_testkit::reserve_port());
    let error = images(&closed, &options()).await.unwrap_err();
    assert_eq!(error.code(), "registry_unavailable", "{error}");
}

#[tokio::test]
async fn more_layers_than_the_limit_are_refused() {
    let count = Limits::default().layers + 1;
    let layers = vec![Layer::gzip(&[("a", "")]); count];
    let (_registry, reference) = registry(&Image::new(layers)).await;
    let error = images(&reference, &options()).await.unwrap_err();
    assert_eq!(error.code(), "limit_exceeded", "{error}");
}
