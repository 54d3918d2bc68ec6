//! From a path to the cataloger that wants it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{BY_PATH, Cataloger};
use crate::path;
use crate::set::CatalogerSet;

/// Positions in the list of catalogers, by each kind of name.
#[derive(Default)]
struct Candidates {
    files: HashMap<&'static str, Vec<usize>>,
    extensions: HashMap<&'static str, Vec<usize>>,
    directories: HashMap<&'static str, Vec<usize>>,
}

static CANDIDATES: LazyLock<Candidates> = LazyLock::new(|| {
    let mut candidates = Candidates::default();
    for (position, cataloger) in BY_PATH.iter().enumerate() {
        let names = cataloger.names();
        for (list, map) in [
            (names.files, &mut candidates.files),
            (names.extensions, &mut candidates.extensions),
            (names.directories, &mut candidates.directories),
        ] {
            for name in list {
                map.entry(*name).or_default().push(position);
            }
        }
    }
    candidates
});

/// The cataloger of the set for this path, if one wants it.
pub fn by_path(path: &str, set: CatalogerSet) -> Option<&'static dyn Cataloger> {
    position(path, set).map(|position| BY_PATH[position])
}

/// Whether the same cataloger, or none, wants both paths: then the same content says the same.
pub fn read_alike(one: &str, other: &str, set: CatalogerSet) -> bool {
    position(one, set) == position(other, set)
}

fn position(path: &str, set: CatalogerSet) -> Option<usize> {
    let candidates = &*CANDIDATES;
    let (directory, name) = path::split_name(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    [
        candidates.files.get(name),
        candidates.extensions.get(extension),
        candidates.directories.get(directory),
    ]
    .into_iter()
    .flatten()
    .flatten()
    .copied()
    .filter(|position| BY_PATH[*position].is_in(set) && BY_PATH[*position].wants(path))
    .min()
}
