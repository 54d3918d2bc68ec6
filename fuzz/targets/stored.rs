//! What lies in stores and queues, altered: inventories, messages, advisory databases.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scanyard_inventory::LayerInventory;
use scanyard_protocol::Job;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(inventory) = LayerInventory::decode(bytes) {
        assert_eq!(
            LayerInventory::decode(&inventory.encode()).as_ref().ok(),
            Some(&inventory)
        );
    }
    if let Ok(job) = Job::decode(bytes) {
        assert_eq!(Job::decode(&job.encode()).ok(), Some(job));
    }
});
