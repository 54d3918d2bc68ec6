//! The migrations as files.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn every_migration_has_a_number_of_its_own() {
    for store in ["postgres", "sqlite"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../migrations")
            .join(store);
        let mut numbers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in std::fs::read_dir(dir).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let number = name.split('_').next().unwrap().to_owned();
            numbers.entry(number).or_default().push(name);
        }
        numbers.retain(|_, names| names.len() > 1);
        assert!(numbers.is_empty(), "{store}: {numbers:?}");
    }
}
