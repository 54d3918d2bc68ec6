//! Layers as bytes, good and bad.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use scanyard_oci::{Layer, LayerReader, OciError};
use scanyard_package::Limits;
use scanyard_testkit::{Tar, sha256};

use crate::support::{ReadLayer, noise, read_blob};

fn read(blob: &[u8], limits: &Limits) -> Result<ReadLayer, OciError> {
    let layer = Layer::new(sha256(blob), blob.len() as u64, "");
    read_blob(blob, &layer, limits)
}

fn tar() -> Vec<u8> {
    Tar::new()
        .file("a", noise(100_000))
        .file("b", "x".repeat(100_000))
        .finish()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn skippable(content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x53, 0x2a, 0x4d, 0x18];
    frame.extend((content.len() as u32).to_le_bytes());
    frame.extend(content);
    frame
}

#[test]
fn every_way_to_store_a_tar_gives_the_same_diff_id() {
    let tar = tar();
    let (left, right) = tar.split_at(70_001);
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let skip = skippable(b"zstd:chunked");
    let blobs = [
        ("plain", tar.clone()),
        ("gzip", gzip(&tar)),
        (
            "gzip, several members",
            [gzip(left), gzip(right), gzip(b"")].concat(),
        ),
        ("zstd", zstd(&tar)),
        ("zstd, several frames", [zstd(left), zstd(right)].concat()),
        (
            "zstd, skippable frames",
            [&skip[..], &zstd(left), &skip, &zstd(right), &skip].concat(),
        ),
    ];
    for (name, blob) in blobs {
        let verified = read(&blob, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(verified.diff_id, sha256(&tar), "{name}");
        assert_eq!(verified.blob.compressed_bytes, blob.len() as u64, "{name}");
        assert_eq!(verified.blob.decompressed_bytes, tar.len() as u64, "{name}");
    }
}

/// Gives one byte at a time, as a slow network may.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(1);
        self.0.read(&mut buffer[..count])
    }
}

#[test]
fn compression_is_recognised_however_the_bytes_arrive() {
    let tar = Tar::files(&[("a", "b")]).finish();
    for blob in [
        gzip(&tar),
        zstd::encode_all(&tar[..], 3).unwrap(),
        tar.clone(),
    ] {
        let layer = Layer::new(sha256(&blob), 0, "");
        let verified = read_blob(Trickle(&blob), &layer, &Limits::default()).unwrap();
        assert_eq!(verified.diff_id, sha256(&tar));
    }
}

#[test]
fn layers_that_end_early_are_corrupt() {
    let tar = tar();
    for blob in [gzip(&tar), zstd::encode_all(&tar[..], 3).unwrap()] {
        for keep in [3, 20, blob.len() / 2, blob.len() - 1] {
            let error = read(&blob[..keep], &Limits::default()).unwrap_err();
            assert!(matches!(error, OciError::Corrupt { .. }), "{keep}: {error}");
            assert!(!error.is_retryable());
        }
    }
}

#[test]
fn what_is_no_layer_is_corrupt() {
    let noise = noise(100_000);
    for blob in [
        &b"<html>not found</html>"[..],
        &noise,
        b"PK\x03\x04",
        &gzip(&tar())[5..],
    ] {
        let error = read(blob, &Limits::default()).unwrap_err();
        assert!(matches!(error, OciError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn an_empty_layer_is_a_layer() {
    for blob in [Vec::new(), vec![0; 1024], gzip(&[0; 1024]), gzip(b"")] {
        read(&blob, &Limits::default()).unwrap();
    }
}

#[test]
fn a_wrong_digest_is_told_apart_from_damage() {
    let blob = gzip(&tar());
    let layer = Layer::new(sha256(b"other"), blob.len() as u64, "");
    let reader = LayerReader::new(&blob[..], &layer, &Limits::default()).unwrap();
    let error = reader.finish().unwrap_err();
    assert!(
        matches!(
            error,
            OciError::DigestMismatch {
                what: "the layer",
                ..
            }
        ),
        "{error}"
    );
}

/// Counts what is asked of it, to see that a refusal comes before the work.
struct Counting<'a>(&'a [u8], &'a std::cell::Cell<usize>);

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.set(self.1.get() + count);
        Ok(count)
    }
}

#[test]
fn a_bomb_is_refused_long_before_its_end() {
    // A gigabyte of zeros: members of 64 MiB, each a thousandth of that.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap().repeat(16);
    let layer = Layer::new(sha256(&bomb), bomb.len() as u64, "");
    let asked = std::cell::Cell::new(0);
    let mut reader = LayerReader::new(Counting(&bomb, &asked), &layer, &Limits::default()).unwrap();
    let mut buffer = vec![0; 64 << 10];
    let error = loop {
        if let Err(error) = reader.read(&mut buffer) {
            break reader.explain(error);
        }
    };
    assert!(matches!(error, OciError::Limit { .. }), "{error}");
    assert!(
        asked.get() < bomb.len() / 2,
        "{} of {}",
        asked.get(),
        bomb.len()
    );
}

#[test]
fn sizes_are_bounded_on_both_sides() {
    let blob = gzip(&tar());
    let small = |limits: Limits| read(&blob, &limits).unwrap_err().to_string();
    let default = Limits::default();
    let compressed = small(Limits {
        compressed_bytes: 1000,
        ..default
    });
    assert!(compressed.contains("1000 bytes"), "{compressed}");
    let decompressed = small(Limits {
        decompressed_bytes: 5000,
        ..default
    });
    assert!(
        decompressed.contains("5000 decompressed bytes"),
        "{decompressed}"
    );
}
