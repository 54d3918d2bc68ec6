//! Policies, waivers and VEX documents: what people and publishers write.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scanyard_policy::{Policy, VexDocument, VexIndex, Waiver};

fuzz_target!(|content: &[u8]| {
    if let Ok(document) = VexDocument::parse(content) {
        let statements = document.statements.len();
        assert_eq!(VexIndex::new([document]).len(), statements);
    }
    if let Ok(text) = std::str::from_utf8(content) {
        if let Err(error) = Policy::parse(text) {
            assert!(!error.to_string().is_empty());
        }
        if let Err(error) = Waiver::parse_file(text) {
            assert!(!error.to_string().is_empty());
        }
    }
});
