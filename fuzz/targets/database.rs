//! A compiled database, altered.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scanyard_advisory::Database;
use tempfile::TempDir;

static DIRECTORY: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a directory for temporary files"));

fuzz_target!(|content: &[u8]| {
    // Each is a file of its own: one that is mapped is never written to.
    let file: PathBuf = DIRECTORY.path().join("advisories.db");
    let _ = fs::remove_file(&file);
    fs::write(&file, content).expect("room for temporary files");
    let Ok(database) = Database::open(&file) else {
        return;
    };
    for (ecosystem, name, entries) in database.keys() {
        let again = database.entries(&ecosystem, name);
        for entry in entries.chain(again) {
            entry.versions().for_each(drop);
            entry
                .ranges()
                .flat_map(|range| range.events())
                .for_each(drop);
            entry.advisory().aliases().for_each(drop);
        }
    }
});
