//! One file of an image, at each of the paths that FUZZ_PATHS names: whatever their catalogers make of
//! it, they neither panic nor take more than their share.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scanyard_inventory::{CatalogerSet, catalog_tar};
use scanyard_package::Limits;

static PATHS: LazyLock<String> =
    LazyLock::new(|| std::env::var("FUZZ_PATHS").expect("FUZZ_PATHS names paths in an image"));

fuzz_target!(|content: &[u8]| {
    let mut layer = tar::Builder::new(Vec::new());
    for path in PATHS.split_whitespace() {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        layer
            .append_data(&mut header, path, content)
            .expect("a tar in memory");
    }
    let layer = layer.into_inner().expect("a tar in memory");
    let inventory = catalog_tar(layer.as_slice(), CatalogerSet::WHOLE, &Limits::default());
    let inventory = inventory.expect("reading memory does not fail");
    for declared in inventory.files.values().flat_map(|file| &file.packages) {
        // What a cataloger declares can be named and found again.
        assert!(!declared.package.name.is_empty() && !declared.package.version.is_empty());
    }
});
