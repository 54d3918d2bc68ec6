//! A file of advisories, at the place that FUZZ_PATH names: of the OSV export or of a feed. What was
//! compiled of it is a whole database.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scanyard_advisory::{BuildError, Database, build};
use tempfile::TempDir;

struct Place {
    directory: TempDir,
    file: PathBuf,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let path = std::env::var("FUZZ_PATH").expect("FUZZ_PATH names a file of advisories");
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    let file = directory.path().join("from").join(path);
    fs::create_dir_all(file.parent().expect("it is in a directory")).expect("a directory");
    Place { directory, file }
});

fuzz_target!(|content: &[u8]| {
    let place = &*PLACE;
    fs::write(&place.file, content).expect("room for temporary files");
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
