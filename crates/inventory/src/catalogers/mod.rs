//! The catalogers: one file each, and one list.

mod apk;
mod dpkg;
mod golang;
mod headers;
mod node;
mod os_release;
mod python;
mod rpm;

pub use os_release::PATHS as OS_RELEASE_PATHS;

use std::io::{self, Read};

use scanyard_package::Limits;

use crate::layer::FileEvidence;

/// Reads one kind of file, recognised by its path.
pub trait Cataloger: Sync {
    /// Whether a file at this path is one that it reads.
    fn wants(&self, path: &str) -> bool;

    /// What the file says. What cannot be read goes into the evidence as an unknown.
    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence;
}

/// Every cataloger of files recognised by path. The first that wants a path gets it.
const BY_PATH: [&dyn Cataloger; 8] = [
    &os_release::OsRelease,
    &dpkg::Status,
    &dpkg::OwnedPaths,
    &apk::Installed,
    &rpm::Database,
    &python::Distribution,
    &python::Egg,
    &node::PackageManifest,
];

/// The cataloger for this path, if one wants it.
pub fn by_path(path: &str) -> Option<&'static dyn Cataloger> {
    BY_PATH.into_iter().find(|cataloger| cataloger.wants(path))
}

/// Whether a language package can have its evidence at this path, so that it matters which OS
/// package owns it: a manifest, or an executable.
pub fn language_evidence(path: &str) -> bool {
    let executable = ["bin/", "sbin/", "libexec/"]
        .iter()
        .any(|dir| path.starts_with(dir) || path.contains(&format!("/{dir}")));
    executable
        || python::Distribution.wants(path)
        || python::Egg.wants(path)
        || node::PackageManifest.wants(path)
}

/// Reads executables, recognised by their first bytes. `None` when it is none that says what it
/// was built from.
pub fn executable(
    head: &[u8],
    rest: impl Read,
    limits: &Limits,
) -> io::Result<Option<FileEvidence>> {
    if !golang::is_executable(head) {
        return Ok(None);
    }
    golang::catalog(head, rest, limits)
}
