//! Files that were cut, altered or forged.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod support;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use scanyard_advisory::{Database, DatabaseError};
use support::{Built, records};

fn open_with(built: &Built, bytes: &[u8]) -> Result<Database, DatabaseError> {
    let path = built.directory.path().join("other.db");
    let aside = built.directory.path().join("aside");
    fs::write(&aside, bytes).unwrap();
    fs::rename(&aside, &path).unwrap();
    Database::open(&path)
}

/// Reads everything there is to read.
fn read_all(database: &Database) -> usize {
    let mut length = 0;
    for (ecosystem, name, entries) in database.keys() {
        length += ecosystem.name().len() + name.len();
        for entry in entries.chain(database.entries(&ecosystem, name)) {
            length += entry.versions().map(str::len).sum::<usize>();
            length += entry.ranges().flat_map(|range| range.events()).count();
            length += entry.advisory().id().len() + entry.urgency().map_or(0, str::len);
            length += usize::from(entry.cvss().is_some());
        }
    }
    for advisory in database.all_advisories() {
        length += database.mentions(advisory.id()).len() + advisory.entries().count();
        length += advisory
            .aliases()
            .chain(advisory.related())
            .map(str::len)
            .sum::<usize>();
    }
    length
}

#[test]
fn a_truncated_file_is_refused() {
    let built = Built::of(&records());
    let bytes = fs::read(&built.file).unwrap();
    for length in [bytes.len() - 1, bytes.len() / 2, 4096, 4095, 100] {
        let error = open_with(&built, &bytes[..length]).unwrap_err();
        assert!(
            matches!(error, DatabaseError::Truncated { .. }),
            "{length}: {error}"
        );
        assert!(error.remedy().contains("db update"));
    }
}

#[test]
fn what_is_no_database_is_refused_by_name() {
    let built = Built::of(&records());
    let refused = |bytes: &[u8]| open_with(&built, bytes).unwrap_err();
    assert!(matches!(refused(b""), DatabaseError::NotADatabase { .. }));
    assert!(matches!(
        refused(b"{\"id\": 1}"),
        DatabaseError::NotADatabase { .. }
    ));
    let mut bytes = fs::read(&built.file).unwrap();
    bytes[8] = 99;
    assert!(matches!(
        refused(&bytes),
        DatabaseError::OtherFormat { found: 99, .. }
    ));
    let missing = Database::open(Path::new("/nonexistent/advisories.db")).unwrap_err();
    assert!(matches!(missing, DatabaseError::Missing { .. }));
}

#[test]
fn every_altered_byte_is_noticed_by_verify_and_by_reading_what_it_touches() {
    let built = Built::of(&records());
    let original = fs::read(&built.file).unwrap();
    for at in (0..original.len()).step_by(97) {
        let mut bytes = original.clone();
        bytes[at] ^= 0x10;
        // Header and digests are checked on opening.
        let Ok(database) = open_with(&built, &bytes) else {
            continue;
        };
        let error = database.verify().unwrap_err();
        assert!(
            matches!(error, DatabaseError::Altered { .. }),
            "{at}: {error}"
        );
        assert!(error.remedy().contains("delete"));
    }
    let mut bytes = original.clone();
    // The first byte of the first group's content hash: every walk over the keys touches it.
    bytes[4097] ^= 1;
    if let Ok(database) = open_with(&built, &bytes) {
        read_all(&database);
        assert!(database.ensure_intact().is_err());
    }
    let database = open_with(&built, &original).unwrap();
    read_all(&database);
    database.ensure_intact().unwrap();
    database.verify().unwrap();
}

/// Writes digests and revision anew, as a forger would.
fn forge(bytes: &mut [u8]) {
    use aws_lc_rs::digest::{SHA256, digest};
    let blocks = (bytes.len() - 4096) / (4096 + 32);
    let digests_at = 4096 + blocks * 4096;
    for block in 0..blocks {
        let at = 4096 + block * 4096;
        let hash = digest(&SHA256, &bytes[at..at + 4096]);
        bytes[digests_at + block * 32..][..32].copy_from_slice(hash.as_ref());
    }
    let covered = [&bytes[..4096 - 32], &bytes[digests_at..]].concat();
    let revision = digest(&SHA256, &covered);
    bytes[4096 - 32..4096].copy_from_slice(revision.as_ref());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn forged_content_never_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
    ) {
        let built = Built::of(&records());
        let mut bytes = fs::read(&built.file).unwrap();
        let length = bytes.len();
        for (at, value) in changes {
            let at = 24 + at.index(length - 24);
            bytes[at] = value;
        }
        forge(&mut bytes);
        if let Ok(database) = open_with(&built, &bytes) {
            read_all(&database);
        }
    }
}

/// Found by fuzzing: its digests are right, and it claims more records than time would last for.
#[test]
fn a_database_that_claims_records_without_end_has_those_that_it_holds() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile_files/claims-records");
    let database = Database::open(&file).unwrap();
    assert!(database.info().records > u64::from(u32::MAX));
    assert!(database.all_advisories().count() <= 4);
}
