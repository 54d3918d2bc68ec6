//! The reference implementation of a registry, where it is installed.

use scanyard_testkit::{Image, Index, Layer, RealRegistry};

use crate::support::{assert_is, images, images_for, login, open, options, pull, small_image};

#[tokio::test]
async fn images_come_back_from_a_real_registry() {
    let Some(registry) = RealRegistry::start().await else {
        return;
    };
    let layers = vec![
        Layer::gzip(&[("etc/os-release", "ID=alpine\n")]),
        Layer::zstd(&[("app/a", "1")]),
        Layer::plain(&[("app/b", "2")]),
    ];
    let image = Image::new(layers);
    registry.push("team/app", "1", &image).await;
    let reference = registry.reference("team/app", "1");
    assert_is(&pull(&reference, &options()).await.unwrap()[0], &image);
    let source = open(&reference, &options()).await.unwrap();
    let found = images(&reference, &options()).await.unwrap();
    assert!(source.reaches(&found[0].layers[0]).await.unwrap());
    let missing = images(&registry.reference("team/app", "2"), &options())
        .await
        .unwrap_err();
    assert_eq!(missing.code(), "image_not_found");

    let index = Index::new(vec![
        small_image(),
        small_image().platform("linux/arm64/v8"),
    ]);
    registry.push_index("team/app", "all", &index).await;
    let reference = registry.reference("team/app", "all");
    let arm = images_for(&reference, "linux/arm64").await.unwrap();
    assert_eq!(arm[0].manifest_digest, index.images()[1].digest());
}

#[tokio::test]
async fn a_real_registry_asks_for_a_password() {
    let Some(registry) = RealRegistry::start_for("ann", "secret").await else {
        return;
    };
    registry.push("app", "1", &small_image()).await;
    let reference = registry.reference("app", "1");
    assert_is(
        &pull(&reference, &login("ann", "secret")).await.unwrap()[0],
        &small_image(),
    );
    for options in [options(), login("ann", "wrong")] {
        assert_eq!(
            images(&reference, &options).await.unwrap_err().code(),
            "registry_denied"
        );
    }
}
