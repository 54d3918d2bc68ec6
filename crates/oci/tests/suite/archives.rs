//! Images in layouts and archives.

use std::path::Path;

use scanyard_oci::OciError;
use scanyard_testkit::{Image, Index, Layer, Tar};

use crate::support::{
    assert_is, assert_layers_are, images, images_for, open, options, pull, small_image,
};

fn source(transport: &str, path: &Path, rest: &str) -> String {
    format!("{transport}:{}{rest}", path.display())
}

fn plain_image() -> Image {
    let base = Layer::plain(&[("etc/os-release", "ID=alpine\n")]);
    let app = Layer::plain(&[("app", "1")]);
    Image::new(vec![base.clone(), app, base])
}

async fn code(source: &str) -> &'static str {
    images(source, &options()).await.unwrap_err().code()
}

#[tokio::test]
async fn a_layout_is_read_by_tag_by_digest_or_as_its_only_image() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (small_image(), small_image().label("a", "b"));
    one.write_oci_layout(dir.path(), "1");
    let only = pull(&source("oci", dir.path(), ""), &options())
        .await
        .unwrap();
    assert_is(&only[0], &one);
    two.write_oci_layout(dir.path(), "2");
    let tagged = pull(&source("oci", dir.path(), ":2"), &options())
        .await
        .unwrap();
    assert_is(&tagged[0], &two);
    let pinned = source("oci", dir.path(), &format!("@{}", one.digest()));
    assert_is(&pull(&pinned, &options()).await.unwrap()[0], &one);
    let error = images(&source("oci", dir.path(), ""), &options())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the layout holds several images: 1, 2");
    let error = images(&source("oci", dir.path(), ":3"), &options())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the layout has no image 3; there is 1, 2"
    );
    assert!(!error.remedy().contains("credentials"));
    assert_eq!(
        code(&source("oci", Path::new("/no/such"), "")).await,
        "image_not_found"
    );
}

#[tokio::test]
async fn an_index_in_a_layout_has_platforms() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::new(vec![
        small_image(),
        small_image().platform("linux/arm64/v8"),
    ]);
    index.write_oci_layout(dir.path(), "1");
    let layout = source("oci", dir.path(), ":1");
    assert_eq!(images(&layout, &options()).await.unwrap().len(), 2);
    let arm = images_for(&layout, "linux/arm64").await.unwrap();
    assert_eq!(arm[0].manifest_digest, index.images()[1].digest());
    assert_eq!(arm[0].root_digest, index.digest());
}

#[tokio::test]
async fn altered_blobs_of_a_layout_are_refused() {
    let image = small_image();
    let blobs = [
        image.digest(),
        image.config_digest(),
        image.layers()[0].digest(),
    ];
    for digest in blobs {
        let dir = tempfile::tempdir().unwrap();
        image.write_oci_layout(dir.path(), "1");
        let file = dir.path().join("blobs/sha256").join(digest.to_hex());
        let other = small_image().label("x", "y");
        std::fs::write(&file, &other.layers()[0].blob[..30]).unwrap();
        let error = pull(&source("oci", dir.path(), ":1"), &options())
            .await
            .unwrap_err();
        let told = matches!(
            error,
            OciError::DigestMismatch { .. } | OciError::Corrupt { .. }
        );
        assert!(told, "{error}");
    }
}

#[tokio::test]
async fn an_oci_archive_is_read_compressed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let (file, packed) = (dir.path().join("a.tar"), dir.path().join("a.tar.gz"));
    small_image().write_oci_archive(&file, "1");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&packed, Layer::gzip_tar(&bytes).blob).unwrap();
    for file in [file, packed] {
        let pulled = pull(&source("oci-archive", &file, ":1"), &options())
            .await
            .unwrap();
        assert_is(&pulled[0], &small_image());
    }
}

#[tokio::test]
async fn docker_archives_of_before_and_after_version_25_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("saved.tar");
    let image = plain_image();
    image.write_docker_archive(&file, "team/app:1");
    for name in ["", ":team/app:1", ":1"] {
        let pulled = pull(&source("docker-archive", &file, name), &options())
            .await
            .unwrap();
        assert_layers_are(&pulled[0], &image);
        // Without a manifest, an image is known by its config.
        assert_eq!(pulled[0].0.manifest_digest, image.config_digest());
    }
    for image in [plain_image(), small_image()] {
        image.write_docker_oci_archive(&file, "docker.io/team/app:1");
        let pulled = pull(&source("docker-archive", &file, ":1"), &options())
            .await
            .unwrap();
        assert_is(&pulled[0], &image);
        let pulled = pull(&source("oci-archive", &file, ":1"), &options())
            .await
            .unwrap();
        assert_is(&pulled[0], &image);
    }
    assert_eq!(
        code(&source("docker-archive", &file, ":2")).await,
        "image_not_found"
    );
}

#[tokio::test]
async fn names_in_archives_are_completed_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("saved.tar");
    plain_image().write_docker_archive(&file, "docker.io/library/debian:12");
    for name in [":debian:12", ":docker.io/library/debian:12", ":12"] {
        let saved = source("docker-archive", &file, name);
        assert_eq!(images(&saved, &options()).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn reach_into_an_archive_is_whether_the_file_is_there() {
    let dir = tempfile::tempdir().unwrap();
    small_image().write_oci_layout(dir.path(), "1");
    let layout = open(&source("oci", dir.path(), ":1"), &options())
        .await
        .unwrap();
    let image = &images(&source("oci", dir.path(), ":1"), &options())
        .await
        .unwrap()[0];
    assert!(layout.reaches(&image.layers[0]).await.unwrap());
    let blob = dir
        .path()
        .join("blobs/sha256")
        .join(image.layers[0].digest.to_hex());
    std::fs::remove_file(blob).unwrap();
    assert!(!layout.reaches(&image.layers[0]).await.unwrap());
}

#[tokio::test]
async fn archives_that_are_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.tar");
    let write = |bytes: &[u8]| std::fs::write(&file, bytes).unwrap();
    write(b"this is no tar, however long one looks at it");
    assert_eq!(
        code(&source("oci-archive", &file, "")).await,
        "malformed_image"
    );
    write(&Tar::files(&[("a", "b")]).finish());
    assert_eq!(
        code(&source("docker-archive", &file, "")).await,
        "malformed_image"
    );
    let looped = Tar::new()
        .symlink("manifest.json", "b")
        .symlink("b", "manifest.json");
    write(&looped.finish());
    assert_eq!(
        code(&source("docker-archive", &file, "")).await,
        "malformed_image"
    );
    let outside = Tar::new().symlink("manifest.json", "/etc/passwd");
    write(&outside.finish());
    assert_eq!(
        code(&source("docker-archive", &file, "")).await,
        "malformed_image"
    );
    let long = Tar::new().entry(
        tar::EntryType::GNULongName,
        "././@LongLink",
        None,
        &[b'a'; 4 << 20],
    );
    write(&long.file("a", "b").finish());
    assert_eq!(
        code(&source("oci-archive", &file, "")).await,
        "malformed_image"
    );
    assert_eq!(
        code(&source("oci-archive", Path::new("/no/such"), "")).await,
        "file_unreadable"
    );
}
