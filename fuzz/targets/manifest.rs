//! Manifests, indexes, image configs, and the manifest of a docker archive.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| scanyard_oci::fuzzing::read_documents(json));
