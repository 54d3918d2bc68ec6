//! Bills of materials.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scanyard_inventory::catalog_sbom;

fuzz_target!(|json: &[u8]| {
    if let Err(error) = catalog_sbom(json) {
        assert!(!error.to_string().is_empty() && !error.remedy().is_empty());
    }
});
