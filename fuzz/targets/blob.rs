//! The blob of a layer: gzip, zstd or neither, with lies about its size.
#![no_main]

use std::io::{self, Read};

use libfuzzer_sys::fuzz_target;
use scanyard_oci::{Layer, LayerReader};
use scanyard_package::{Digest, Limits};

fuzz_target!(|blob: &[u8]| {
    let limits = Limits {
        decompressed_bytes: 64 << 20,
        ..Limits::default()
    };
    for media_type in ["tar+gzip", "tar+zstd", "tar"] {
        let media_type = format!("application/vnd.oci.image.layer.v1.{media_type}");
        let layer = Layer::new(Digest::from_bytes([0; 32]), blob.len() as u64, &media_type);
        if let Ok(reader) = LayerReader::new(blob, &layer, &limits) {
            let read = io::copy(&mut reader.take(1 << 30), &mut io::sink());
            assert!(read.map_or(true, |bytes| bytes <= limits.decompressed_bytes));
        }
    }
});
