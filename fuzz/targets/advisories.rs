//! A file of advisories, at each of the places that FUZZ_PATHS names: of the OSV export or of a feed.
//! What was compiled of it is a whole database.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scanyard_advisory::{BuildError, Database, build};
use tempfile::TempDir;

struct Place {
    directory: TempDir,
    files: Vec<PathBuf>,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let paths = std::env::var("FUZZ_PATHS").expect("FUZZ_PATHS names files of advisories");
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    let from = directory.path().join("from");
    let files: Vec<_> = paths.split_whitespace().map(|path| from.join(path)).collect();
    for file in &files {
        fs::create_dir_all(file.parent().expect("it is in a directory")).expect("a directory");
    }
    Place { directory, files }
});

fuzz_target!(|content: &[u8]| {
    let place = &*PLACE;
    for file in &place.files {
        fs::write(file, content).expect("room for temporary files");
    }
    let output = place.directory.path().join("advisories.db");
    match build(&place.directory.path().join("from"), &output) {
        Ok(_) => {
            let database = Database::open(&output).expect("what was built opens");
            database.verify().expect("what was built is whole");
        }
        Err(BuildError::NothingReadable { .. }) => {}
        Err(error) => panic!("{error}"),
    }
});
