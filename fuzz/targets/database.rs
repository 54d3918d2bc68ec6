//! A compiled database, altered, and then given digests that are right: those are no secret.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scanyard_advisory::{Database, Entry, diff, fuzzing};
use tempfile::TempDir;

static DIRECTORY: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a directory for temporary files"));

fuzz_target!(|content: &[u8]| {
    // Each is a file of its own: one that is mapped is never written to.
    let file: PathBuf = DIRECTORY.path().join("advisories.db");
    let _ = fs::remove_file(&file);
    let mut content = content.to_vec();
    fuzzing::seal(&mut content);
    fs::write(&file, content).expect("room for temporary files");
    let Ok(database) = Database::open(&file) else {
        return;
    };
    for (ecosystem, name, entries) in database.keys() {
        let again = database.entries(&ecosystem, name);
        entries.chain(again).for_each(read_entry);
    }
    for advisory in database.all_advisories() {
        let _ = database.advisories(advisory.id()).len() + database.mentions(advisory.id()).len();
        let _ = (advisory.published(), advisory.modified(), advisory.withdrawn());
        let _ = (advisory.summary(), advisory.source(), advisory.feed());
        advisory.scores().for_each(drop);
        for name in advisory.aliases().chain(advisory.upstream()).chain(advisory.related()) {
            let _ = (database.exploit_prediction(name), database.is_known_exploited(name));
        }
        advisory.entries().for_each(drop);
    }
    let _ = database.release_end("debian", "12");
    assert!(diff(&database, &database).is_empty());
});

fn read_entry(entry: Entry<'_>) {
    let advisory = entry.advisory();
    let _ = (entry.severity_within(&advisory), entry.cvss_within(&advisory));
    let _ = (entry.urgency(), entry.disposition(), entry.only_git());
    entry.versions().for_each(drop);
    entry.ecosystem_specific("arch").for_each(drop);
    for range in entry.ranges().chain(entry.custom_ranges()) {
        range.events().for_each(drop);
    }
}
