//! Python distributions that are archives: zipped eggs, which are imported as they lie, and wheels,
//! which `ensurepip`, `virtualenv` and vendored directories keep to be installed or imported.

use std::io::{self, Read};

use scanyard_package::{CoverageKind, Limits};

use super::{ContentCataloger, python};
use crate::layer::FileEvidence;
use crate::zip_stream::{Meter, Metered, ZipError, ZipStream};

const MAGIC: &[u8] = b"PK\x03\x04";

/// `NAME.egg` and `NAME.whl`.
pub struct Archive;

impl ContentCataloger for Archive {
    fn wants(&self, path: &str, head: &[u8]) -> bool {
        is_archive_name(path) && head.starts_with(MAGIC)
    }

    fn catalog(
        &self,
        _path: &str,
        content: &mut dyn Read,
        limits: &Limits,
    ) -> io::Result<Option<FileEvidence>> {
        match read(content, limits) {
            Ok(evidence) => Ok(Some(evidence)),
            Err(ZipError::Stream(error)) => Err(error),
            Err(ZipError::Malformed(detail)) => Ok(Some(unread(detail))),
            Err(ZipError::Limit(detail)) => Ok(Some(FileEvidence::unreadable(
                CoverageKind::LimitExceeded,
                detail,
            ))),
        }
    }
}

/// Whether a file of this name can be such an archive.
pub fn is_archive_name(path: &str) -> bool {
    path.ends_with(".egg") || path.ends_with(".whl")
}

fn unread(detail: &str) -> FileEvidence {
    FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
}

/// Whether an entry of this name is the distribution's own metadata.
fn is_metadata(name: &str) -> bool {
    let directory = name.strip_suffix("/METADATA");
    let is_wheels = directory.is_some_and(|dir| dir.ends_with(".dist-info") && !dir.contains('/'));
    is_wheels || name == "EGG-INFO/PKG-INFO"
}

fn read(content: &mut dyn Read, limits: &Limits) -> Result<FileEvidence, ZipError> {
    let meter = Meter::default();
    let mut stream = Metered::new(content, &meter);
    let mut zip = ZipStream::new(&mut stream, &meter);
    let mut found = Vec::new();
    while let Some(entry) = zip.next_entry()? {
        if is_metadata(&entry.name) {
            let mut text = Vec::new();
            let limit = limits.file_bytes;
            zip.content()?.take(limit).read_to_end(&mut text)?;
            found.push((entry.position, python::read(&text)));
        }
    }
    let Some(directory) = zip.into_directory() else {
        return Err(ZipError::Malformed("the archive ends before its directory"));
    };
    if directory.hides_entries {
        return Err(ZipError::Malformed(
            "the archive's directory lists entries that were not met in it",
        ));
    }
    // A file updated in place keeps what it had before, unlisted.
    let listed = found.into_iter().filter(|(at, _)| directory.lists(*at));
    let evidence = listed.map(|(_, evidence)| evidence).next_back();
    evidence.ok_or(ZipError::Malformed(
        "the archive has no metadata of its distribution",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip_writer::{Member, zip};

    fn catalog(bytes: &[u8]) -> FileEvidence {
        let outcome = Archive.catalog("x.whl", &mut &*bytes, &Limits::default());
        outcome.unwrap().unwrap()
    }

    fn names(evidence: &FileEvidence) -> Vec<String> {
        let packages = evidence.packages.iter().map(|found| &found.package);
        packages
            .map(|p| format!("{} {}", p.name, p.version))
            .collect()
    }

    #[test]
    fn eggs_and_wheels_name_their_distribution_and_not_what_is_vendored_in_them() {
        let text = b"Metadata-Version: 2.1\nName: Kitchen\nVersion: 1.2.6\n";
        let other = b"Name: other\nVersion: 1\n";
        let egg = zip(&[Member::deflated("EGG-INFO/PKG-INFO", text)]);
        assert_eq!(names(&catalog(&egg)), ["kitchen 1.2.6"]);
        let wheel = zip(&[
            Member::deflated("kitchen-1.2.6.dist-info/METADATA", text),
            Member::deflated("kitchen/_vendor/other-1.dist-info/METADATA", other),
        ]);
        assert_eq!(names(&catalog(&wheel)), ["kitchen 1.2.6"]);
    }

    #[test]
    fn archives_that_are_cut_or_say_nothing_are_said() {
        let text = b"Name: a\nVersion: 1\n";
        let whole = zip(&[Member::deflated("EGG-INFO/PKG-INFO", text)]);
        for length in 4..whole.len() - 22 {
            assert_eq!(catalog(&whole[..length]).unknowns.len(), 1, "{length}");
        }
        let empty = zip(&[Member::stored("a.py", b"")]);
        assert_eq!(catalog(&empty).unknowns.len(), 1);
    }
}
