use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::write::GzEncoder;
use scanyard_oci::{ImageSource, Layer, OciError, PlatformSelect, RegistryOptions, Source};
use scanyard_package::{CoverageKind, Digest, Limits};

use super::{LayerBudget, LayerError, LayerProgress, catalog_layer, catalog_layers};
use scanyard_inventory::CatalogerSet;

const STATUS: &str = "Package: a\nStatus: install ok installed\nVersion: 1\n";

fn sha256(bytes: &[u8]) -> Digest {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    Digest::from_bytes(sum)
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn layer_of(blob: &[u8]) -> Layer {
    Layer::new(
        sha256(blob),
        blob.len() as u64,
        "application/vnd.oci.image.layer.v1.tar+gzip",
    )
}

fn catalog(blob: &[u8], limits: &Limits) -> Result<super::CatalogedLayer, LayerError> {
    catalog_layer(
        blob,
        &layer_of(blob),
        CatalogerSet::STANDARD,
        limits,
        &LayerProgress::default(),
    )
}

#[test]
fn a_layer_is_verified_and_cataloged_in_one_pass() {
    let noise: Vec<u8> = (0..3_000_000u32).flat_map(|n| n.to_le_bytes()).collect();
    let tar = tar_of(&[
        ("noise", &noise),
        ("var/lib/dpkg/status", STATUS.as_bytes()),
    ]);
    let blob = gzip(&tar);
    let progress = LayerProgress::default();
    let layer = layer_of(&blob);
    let cataloged = catalog_layer(
        &blob[..],
        &layer,
        CatalogerSet::STANDARD,
        &Limits::default(),
        &progress,
    )
    .unwrap();
    assert_eq!(cataloged.verified.diff_id, sha256(&tar));
    assert_eq!(cataloged.verified.compressed_bytes, blob.len() as u64);
    assert_eq!(cataloged.verified.decompressed_bytes, tar.len() as u64);
    assert_eq!(cataloged.inventory.package_count(), 1);
    assert_eq!(progress.compressed_bytes(), blob.len() as u64);
}

#[test]
fn bytes_of_another_digest_are_refused() {
    let blob = gzip(&tar_of(&[("a", b"b")]));
    let layer = Layer::new(sha256(b"other"), blob.len() as u64, "tar+gzip");
    let outcome = catalog_layer(
        &blob[..],
        &layer,
        CatalogerSet::STANDARD,
        &Limits::default(),
        &LayerProgress::default(),
    );
    let Err(LayerError::Oci(OciError::DigestMismatch { actual, .. })) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(actual, sha256(&blob));
}

#[test]
fn a_truncated_gzip_is_a_corrupt_layer() {
    let blob = gzip(&tar_of(&[("var/lib/dpkg/status", STATUS.as_bytes())]));
    let outcome = catalog(&blob[..blob.len() - 12], &Limits::default());
    assert!(
        matches!(outcome, Err(LayerError::Oci(OciError::Corrupt { .. }))),
        "{outcome:?}"
    );
}

#[test]
fn a_tar_that_ends_early_is_an_unknown_of_a_verified_layer() {
    let tar = tar_of(&[
        ("var/lib/dpkg/status", STATUS.as_bytes()),
        ("big", &[7; 9000]),
    ]);
    let blob = gzip(&tar[..tar.len() - 6000]);
    let cataloged = catalog(&blob, &Limits::default()).unwrap();
    assert_eq!(cataloged.inventory.package_count(), 1);
    let kinds: Vec<_> = cataloged
        .inventory
        .unknowns
        .iter()
        .map(|u| u.kind)
        .collect();
    assert_eq!(kinds, [CoverageKind::TruncatedLayer]);
}

#[test]
fn what_follows_the_tar_is_hashed_all_the_same() {
    let mut tar = tar_of(&[("var/lib/dpkg/status", STATUS.as_bytes())]);
    tar.extend(vec![9; 5 << 20]);
    let cataloged = catalog(&gzip(&tar), &Limits::default()).unwrap();
    assert_eq!(cataloged.verified.diff_id, sha256(&tar));
}

#[test]
fn a_layer_that_inflates_beyond_the_limit_is_refused_by_name() {
    let limits = Limits {
        decompressed_bytes: 1 << 20,
        ..Limits::default()
    };
    let outcome = catalog(&gzip(&vec![0; 8 << 20]), &limits);
    assert!(
        matches!(outcome, Err(LayerError::Oci(OciError::Limit { .. }))),
        "{outcome:?}"
    );
}

#[test]
fn an_error_of_the_source_keeps_its_type() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other(OciError::RateLimited {
                registry: "r.example".into(),
                retry_after: None,
            }))
        }
    }
    let blob = gzip(&tar_of(&[("a", b"b")]));
    let stream = blob[..20].chain(Broken);
    let outcome = catalog_layer(
        stream,
        &layer_of(&blob),
        CatalogerSet::STANDARD,
        &Limits::default(),
        &LayerProgress::default(),
    );
    assert!(
        matches!(outcome, Err(LayerError::Oci(OciError::RateLimited { .. }))),
        "{outcome:?}"
    );
}

#[test]
fn cancelled_work_ends_at_the_next_read() {
    let blob = gzip(&tar_of(&[("a", b"b")]));
    let progress = LayerProgress::default();
    progress.cancel();
    let outcome = catalog_layer(
        &blob[..],
        &layer_of(&blob),
        CatalogerSet::STANDARD,
        &Limits::default(),
        &progress,
    );
    assert!(matches!(outcome, Err(LayerError::Cancelled)), "{outcome:?}");
}

/// An OCI layout of one image with these layers.
fn layout(dir: &std::path::Path, layers: &[Vec<u8>]) {
    let blobs = dir.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let put = |bytes: &[u8], media_type: &str| {
        let digest = sha256(bytes);
        std::fs::write(blobs.join(digest.to_hex()), bytes).unwrap();
        let size = bytes.len();
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    };
    let layer_type = "application/vnd.oci.image.layer.v1.tar+gzip";
    let diff_ids: Vec<_> = layers
        .iter()
        .map(|blob| format!(r#""{}""#, sha256(blob)))
        .collect();
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
        diff_ids.join(",")
    );
    let config = put(
        config.as_bytes(),
        "application/vnd.oci.image.config.v1+json",
    );
    let entries: Vec<_> = layers.iter().map(|blob| put(blob, layer_type)).collect();
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{manifest_type}","config":{config},"layers":[{}]}}"#,
        entries.join(",")
    );
    let manifest = put(manifest.as_bytes(), manifest_type);
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{manifest}]}}"#);
    std::fs::write(dir.join("index.json"), index).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

#[tokio::test]
async fn the_layers_of_an_image_are_each_read_once() {
    let dir = tempfile::tempdir().unwrap();
    let small = gzip(&tar_of(&[("a", b"b")]));
    let large = gzip(&tar_of(&[("var/lib/dpkg/status", STATUS.as_bytes())]));
    layout(dir.path(), &[small.clone(), large.clone(), small.clone()]);
    let source: Source = format!("oci:{}", dir.path().display()).parse().unwrap();
    let limits = Limits::default();
    let source = ImageSource::open(&source, &RegistryOptions::default(), &limits)
        .await
        .unwrap();
    let images = source.images(&PlatformSelect::All).await.unwrap();
    let budget = LayerBudget::new(NonZeroUsize::MIN);
    let progress = Arc::new(LayerProgress::default());
    let watch = |_: &Layer| Arc::clone(&progress);
    let cataloged = catalog_layers(
        &source,
        &images[0].layers,
        CatalogerSet::STANDARD,
        &limits,
        &budget,
        watch,
    )
    .await
    .unwrap();
    assert_eq!(cataloged.len(), 2);
    assert_eq!(cataloged[&sha256(&large)].inventory.package_count(), 1);
    let bytes = small.len() + large.len();
    assert_eq!(progress.compressed_bytes(), bytes as u64);

    let name = sha256(&small).to_hex();
    std::fs::write(dir.path().join("blobs/sha256").join(name), b"altered").unwrap();
    let outcome = catalog_layers(
        &source,
        &images[0].layers,
        CatalogerSet::STANDARD,
        &limits,
        &budget,
        watch,
    )
    .await;
    assert!(outcome.is_err(), "{outcome:?}");
}
