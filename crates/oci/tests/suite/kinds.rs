//! What a reference can lead to: images, indexes, and what is neither.

use scanyard_oci::OciError;
use scanyard_testkit::{FakeRegistry, Image, Index, Layer};
use serde_json::json;

use crate::support::{assert_is, images, images_for, options, pull, small_image};

async fn refusal(image: &Image) -> String {
    let registry = FakeRegistry::start().await;
    registry.push("app", "1", image);
    match images(&registry.reference("app", "1"), &options()).await {
        Err(OciError::NotAnImage { kind, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

fn artifact(config: &str, layer: &str) -> Image {
    Image::new(vec![Layer::raw(b"{}".to_vec(), layer)]).config_media_type(config)
}

#[tokio::test]
async fn what_is_no_image_is_refused_by_name() {
    const IMAGE: &str = "application/vnd.oci.image.config.v1+json";
    const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    let cases = [
        (
            "application/vnd.cncf.helm.config.v1+json",
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "a Helm chart",
        ),
        (
            IMAGE,
            "application/vnd.dev.cosign.simplesigning.v1+json",
            "a cosign signature",
        ),
        (
            EMPTY,
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            "a sigstore signature",
        ),
        (IMAGE, "application/vnd.in-toto+json", "an attestation"),
        (EMPTY, "application/spdx+json", "an SBOM"),
        (EMPTY, "application/vnd.cyclonedx+json", "an SBOM"),
        (
            "application/vnd.wasm.config.v0+json",
            "application/wasm",
            "a WebAssembly module",
        ),
        (
            "application/vnd.docker.plugin.v1+json",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "a Docker plugin",
        ),
        (
            IMAGE,
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            "an encrypted image",
        ),
        (
            "application/vnd.example.thing",
            "text/plain",
            "an artifact of type application/vnd.example.thing",
        ),
    ];
    for (config, layer, expected) in cases {
        assert_eq!(refusal(&artifact(config, layer)).await, expected);
    }
    let typed =
        small_image().manifest_field("artifactType", json!("application/vnd.example.model"));
    assert_eq!(
        refusal(&typed).await,
        "an artifact of type application/vnd.example.model"
    );
    let old = small_image().manifest_field("schemaVersion", json!(1));
    assert_eq!(refusal(&old).await, "a manifest of the withdrawn schema 1");
}

#[tokio::test]
async fn dockers_media_types_are_images_too() {
    let registry = FakeRegistry::start().await;
    let layer = Layer::gzip(&[("etc/os-release", "ID=alpine\n")]);
    let layer = Layer {
        media_type: "application/vnd.docker.image.rootfs.diff.tar.gzip".into(),
        ..layer
    };
    let media_type = "application/vnd.docker.distribution.manifest.v2+json";
    let image = Image::new(vec![layer])
        .config_media_type("application/vnd.docker.container.image.v1+json")
        .manifest_field("mediaType", json!(media_type));
    registry.push("app", "1", &image);
    let pulled = pull(&registry.reference("app", "1"), &options())
        .await
        .unwrap();
    assert_is(&pulled[0], &image);
}

#[tokio::test]
async fn a_document_that_is_manifest_and_index_at_once_is_refused() {
    let registry = FakeRegistry::start().await;
    let both = small_image().manifest_field("manifests", json!([]));
    registry.push("app", "1", &both);
    let error = images(&registry.reference("app", "1"), &options())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "malformed_image");
}

fn platforms() -> Vec<Image> {
    [
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/arm64/v8",
        "linux/amd64",
    ]
    .map(|platform| small_image().platform(platform))
    .to_vec()
}

#[tokio::test]
async fn one_platform_of_an_index_is_the_best_that_runs_there() {
    let registry = FakeRegistry::start().await;
    let index = Index::new(platforms()).attestation(artifact("", "application/vnd.in-toto+json"));
    registry.push_index("app", "1", &index);
    let reference = registry.reference("app", "1");
    for (wanted, expected) in [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
    ] {
        let found = images_for(&reference, wanted).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].platform.to_string(), expected);
    }
    let error = images_for(&reference, "linux/s390x").await.unwrap_err();
    let OciError::Platform { wanted, available } = &error else {
        panic!("{error}");
    };
    assert_eq!(wanted, "linux/s390x");
    assert_eq!(
        available,
        "linux/arm/v6, linux/arm/v7, linux/arm64/v8, linux/amd64"
    );
}

#[tokio::test]
async fn all_platforms_are_those_that_are_images() {
    let registry = FakeRegistry::start().await;
    let attestation = artifact(
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.in-toto+json",
    );
    let index = Index::new(platforms())
        .attestation(attestation.clone())
        .without_platform(artifact(
            "application/vnd.oci.empty.v1+json",
            "application/spdx+json",
        ));
    registry.push_index("app", "1", &index);
    let found = images(&registry.reference("app", "1"), &options())
        .await
        .unwrap();
    let digests: Vec<_> = found.iter().map(|image| image.manifest_digest).collect();
    let expected: Vec<_> = platforms().iter().map(Image::digest).collect();
    assert_eq!(digests, expected);
    assert_eq!(registry.count(&attestation.digest().to_string()), 0);
    registry.push_index("app", "2", &Index::default().attestation(attestation));
    let error = images(&registry.reference("app", "2"), &options())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "not_an_image", "{error}");
}

#[tokio::test]
async fn an_image_without_index_has_the_platform_of_its_config() {
    let registry = FakeRegistry::start().await;
    registry.push("app", "1", &small_image().platform("linux/arm64"));
    let reference = registry.reference("app", "1");
    assert_eq!(
        images_for(&reference, "linux/arm64/v8")
            .await
            .unwrap()
            .len(),
        1
    );
    let error = images_for(&reference, "linux/amd64").await.unwrap_err();
    assert_eq!(error.code(), "platform_not_found");
    assert!(error.to_string().contains("linux/arm64"), "{error}");
}

#[tokio::test]
async fn indexes_that_list_themselves_in_turn_end() {
    let registry = FakeRegistry::start().await;
    let mut inner = Index::new(vec![small_image()]).manifest();
    let media_type = "application/vnd.oci.image.index.v1+json";
    for _ in 0..8 {
        let digest = scanyard_testkit::sha256(&inner);
        registry.push_manifest("app", &digest.to_string(), media_type, inner);
        let entry = json!({ "mediaType": media_type, "digest": digest.to_string(), "size": 1 });
        inner = json!({ "schemaVersion": 2, "manifests": [entry] })
            .to_string()
            .into_bytes();
    }
    registry.push_manifest("app", "1", media_type, inner);
    let error = images(&registry.reference("app", "1"), &options())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "malformed_image", "{error}");
}
