//! The tar of a layer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scanyard_inventory::{CatalogerSet, FoldedLayer, LayerInventory, catalog_tar, fold};
use scanyard_package::{Digest, Limits};

fuzz_target!(|tar: &[u8]| {
    let inventory = catalog_tar(tar, CatalogerSet::WHOLE, &Limits::default());
    let inventory = inventory.expect("reading memory does not fail");
    let stored = LayerInventory::decode(&inventory.encode()).expect("what was stored is read");
    assert_eq!(stored, inventory);
    let layer = FoldedLayer {
        digest: Digest::from_bytes([0; 32]),
        inventory: &inventory,
    };
    fold(&[layer, layer]);
});
