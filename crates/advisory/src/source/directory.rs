//! Finds what there is to read at a path.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::feed::Feed;

/// Directories below the one that was named; deeper ones are no layout of advisories.
const MAX_DEPTH: usize = 16;

/// Something to read records from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Zip(PathBuf),
    Files(Vec<PathBuf>),
}

/// What there is to read at a path: one zip or JSON file, the zips of a directory in the layout of
/// the OSV bucket (`<ECOSYSTEM>/all.zip`), or all JSON files below a directory.
pub(crate) fn origins(from: &Path) -> io::Result<Vec<Origin>> {
    if !fs::metadata(from)?.is_dir() {
        return Ok(vec![match is_zip(from)? {
            true => Origin::Zip(from.into()),
            false => Origin::Files(vec![from.into()]),
        }]);
    }
    let mut zips = Vec::new();
    for directory in std::iter::once(from.to_path_buf()).chain(sorted_entries(from)?) {
        let zip = directory.join("all.zip");
        if zip.is_file() {
            zips.push(Origin::Zip(zip));
        }
    }
    if !zips.is_empty() {
        return Ok(zips);
    }
    let mut files = Vec::new();
    collect_json(from, MAX_DEPTH, &mut files)?;
    Ok(vec![Origin::Files(files)])
}

fn collect_json(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for path in sorted_entries(directory)? {
        // Links are not followed: they may lead anywhere, and in circles.
        let kind = fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() && depth > 0 && !is_feed(&path) {
            collect_json(&path, depth - 1, files)?;
        } else if kind.is_file() && is_json(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// The directories of feeds are read as such.
fn is_feed(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| Feed::named(name).is_some())
}

fn sorted_entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

fn is_zip(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut start)?;
    Ok(start == b"PK")
}
